package caddymodule

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lines returns the lines of the log with the message, as JSON.
func (e *edge) lines(t testing.TB, file, message string) (found []map[string]any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(e.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(string(raw)) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if line["msg"] == message {
			found = append(found, line)
		}
	}
	return found
}

const accessLog = `log {
	output file %DIR%/access.log
}
log_append sluice_outcome {http.vars.sluice.outcome}
log_append sluice_reason {http.vars.sluice.reason}
log_append sluice_decision {http.vars.sluice.decision_id}
log_append sluice_user {http.vars.sluice.user}
`

func TestARefusalIsLoggedListedAndInTheAccessLog(t *testing.T) {
	e := startEdge(t, accessLog+gate("allow any GET /api/*\n api logged")+"reverse_proxy %UPSTREAM%")
	ada := e.issuer.bearer(t, "ada")
	a := e.get(t, "/other?secret=1", ada)
	id := a.problem(t, "decision_id")
	if a.status != 403 || id == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := e.get(t, "/api/x"); a.status != 401 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	lines := e.lines(t, "caddy.log", "request refused")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for name, want := range map[string]any{"level": "info", "route": "logged", "outcome": "denied", "reason": "denied", "decision_id": id,
		"user": "ada", "method": "GET", "path": "/other", "client_ip": "127.0.0.1"} {
		if lines[0][name] != want {
			t.Errorf("%s is %v, want %v", name, lines[0][name], want)
		}
	}
	if lines[1]["reason"] != "missing" || lines[1]["user"] != nil || lines[1]["decision_id"] != nil {
		t.Errorf("without a credential: %v", lines[1])
	}
	access := e.lines(t, "access.log", "handled request")
	if len(access) != 2 {
		t.Fatalf("%d lines of the access log", len(access))
	}
	for name, want := range map[string]any{"sluice_outcome": "denied", "sluice_reason": "denied", "sluice_decision": id, "sluice_user": "ada", "user_id": "ada"} {
		if access[0][name] != want {
			t.Errorf("access log: %s is %v, want %v", name, access[0][name], want)
		}
	}
	if own, _ := access[0]["sluice"].(map[string]any); own["route"] != "logged" || own["outcome"] != "denied" || own["reason"] != "denied" || own["decision_id"] != id {
		t.Errorf("access log: %v", own)
	}
	w := httptest.NewRecorder()
	if err := (admin{}).decisions(w, httptest.NewRequest("GET", decisionsPath, nil)); err != nil {
		t.Fatal(err)
	}
	var list []struct{ ID, Reason, Path string }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) == 0 || list[0].ID != id || list[0].Reason != "denied" || list[0].Path != "/other" {
		t.Errorf("list: %v, %s", err, w.Body)
	}
	w = httptest.NewRecorder()
	if err := (admin{}).decisions(w, httptest.NewRequest("GET", decisionsPath+"?format=text", nil)); err != nil || !strings.Contains(w.Body.String(), id+"  403 denied  GET ") {
		t.Errorf("list as text: %v, %s", err, w.Body)
	}
}

func TestAFloodOfRefusalsIsLoggedAsASample(t *testing.T) {
	e := startEdge(t, gate("allow any GET /api/*\n api logged")+"reverse_proxy %UPSTREAM%")
	const requests = 200
	for range requests {
		e.get(t, "/other")
	}
	lines := e.lines(t, "caddy.log", "request refused")
	skipped := 0.0
	for _, line := range lines {
		n, _ := line["skipped"].(float64)
		skipped += n
	}
	if len(lines) == 0 || len(lines) == requests || float64(len(lines))+skipped > requests {
		t.Errorf("%d lines, %v skipped", len(lines), skipped)
	}
}

func TestShadowModeLogsAndCountsWhatItWouldRefuse(t *testing.T) {
	e := startEdge(t, accessLog+gate("allow any GET /api/*\n mode shadow\n api tried")+"reverse_proxy %UPSTREAM%")
	before := e.metrics(t)
	if a := e.get(t, "/other", e.issuer.bearer(t, "ada")); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	lines := e.lines(t, "caddy.log", "request would be refused")
	if len(lines) != 1 || lines[0]["reason"] != "denied" || lines[0]["user"] != "ada" || lines[0]["decision_id"] == nil {
		t.Errorf("%v", lines)
	}
	if len(e.lines(t, "caddy.log", "request refused")) > 0 {
		t.Error("the log says that the request was refused")
	}
	access := e.lines(t, "access.log", "handled request")
	if len(access) != 1 || access[0]["sluice_reason"] != "denied" || access[0]["sluice_decision"] != lines[0]["decision_id"] {
		t.Errorf("access log: %v", access)
	}
	after := e.metrics(t)
	for outcome, want := range map[string]float64{"shadow": 1, "denied": 0} {
		labels := []string{"route", "tried", "outcome", outcome}
		if got := after.sum("sluice_decisions_total", labels...) - before.sum("sluice_decisions_total", labels...); got != want {
			t.Errorf("%s: %v", outcome, got)
		}
	}
}

func TestLogsHideSessionTokensAndPresignedSignatures(t *testing.T) {
	e := startEdge(t, accessLog+"handle /away {\n reverse_proxy 127.0.0.1:1\n}\nhandle {\n"+gate("allow anonymous GET /ok")+"reverse_proxy %UPSTREAM%\n}")
	const secret = "c0ffee5ec4e7"
	for target, status := range map[string]int{
		"/ok?a=1&token=" + secret: 200,
		"/other?a=1&X-Amz-Signature=" + secret + "&x-amz-%73ecurity-token=" + secret: 401,
		"/away?a=1&id_token=" + secret: 502,
	} {
		if a := e.get(t, target, "X-Amz-Security-Token: "+secret, "X-Amz-Server-Side-Encryption-Customer-Key: "+secret,
			"X-Api-Key: "+secret, "X-Amzn-Oidc-Accesstoken: "+secret, "x_amzn_oidc_data: "+secret, "X-Vault-Token: "+secret, "X-Client-Secret: "+secret, "Referer: http://a.example/?access_token="+secret); a.status != status {
			t.Errorf("%s: %d", target, a.status)
		}
	}
	for _, file := range []string{"access.log", "caddy.log"} {
		raw, err := os.ReadFile(filepath.Join(e.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for text := range strings.Lines(string(raw)) {
			// The debug lines of reverse_proxy are not redacted.
			if strings.Contains(text, secret) && !strings.Contains(text, `"level":"debug"`) {
				t.Errorf("%s: %s", file, text)
			}
		}
		if file == "access.log" && strings.Count(string(raw), "?a=1&") != 3 {
			t.Errorf("the rest of the URI is missing: %s", raw)
		}
	}
}

// Codes and tokens of OAuth go to clients in Location.
func TestLogsHideCodesInAnswers(t *testing.T) {
	e := startEdge(t, accessLog+`handle /code {
	redir https://app.example/cb?code=c0ffee5ec4e7&state=kept 302
}
handle /tokens {
	redir https://app.example/cb#id_token=c0ffee5ec4e7&state=kept 302
}
handle {
`+gate("allow anonymous GET /ok")+"reverse_proxy %UPSTREAM%\n}")
	for _, target := range []string{"/code", "/tokens"} {
		if a := e.get(t, target); a.status != 302 {
			t.Fatalf("%s: %d", target, a.status)
		}
	}
	raw, err := os.ReadFile(filepath.Join(e.dir, "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "c0ffee5ec4e7") || strings.Count(string(raw), "state=kept") != 2 {
		t.Errorf("%s", raw)
	}
}

func TestRedactURL(t *testing.T) {
	for raw, want := range map[string]string{
		"/a":                          "/a",
		"/a?":                         "/a?",
		"/a?b=1&c":                    "/a?b=1&c",
		"/a?token=x&b=2":              "/a?token=REDACTED&b=2",
		"/a?TOKEN=x;b=2":              "/a?TOKEN=REDACTED;b=2",
		"/a?X-Amz-Signature=x":        "/a?X-Amz-Signature=REDACTED",
		"/a?x%2Damz%2Dsignature=x=y&": "/a?x%2Damz%2Dsignature=REDACTED&",
		"/a?%zz=x":                    "/a?%zz=REDACTED",
		"/oauth2/authorize?client_id=c&request_uri=urn%3Ax": "/oauth2/authorize?client_id=c&request_uri=REDACTED",
		"/a?token": "/a?token",
		"https://h/a#id_token=x&access_token=y&state=z":   "https://h/a#id_token=REDACTED&access_token=REDACTED&state=z",
		"/authEventFeedback?user_name=a&feedback_token=x": "/authEventFeedback?user_name=a&feedback_token=REDACTED",
		"/us-east-1_a/brand/-/x.y/sign-in?lang=de":        "/us-east-1_a/brand/-/REDACTED/sign-in?lang=de",
		"https://h/brand/-/xyz":                           "https://h/brand/-/REDACTED",
		"/brand/-/xyz/#a":                                 "/brand/-/REDACTED/#a",
		"/brand/0123.png":                                 "/brand/0123.png",
		"/a?pwd=x&user_password=x&sessionToken=x&page=2":  "/a?pwd=REDACTED&user_password=REDACTED&sessionToken=REDACTED&page=2",
		"/a?code=x&sig=y":                                 "/a?code=REDACTED&sig=REDACTED",
		"https://h/a?b=1&access_token=x#token":            "https://h/a?b=1&access_token=REDACTED#token",
	} {
		if got := redactURL(raw); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}
