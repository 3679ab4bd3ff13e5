package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

func TestShadowModeDecidesAndLetsPass(t *testing.T) {
	e := startEdge(t, gate("allow any GET /api/*\n deny any * /api/admin/*\n mode shadow\n api shadowed\n header X-User-Id {http.auth.user.id}")+
		"reverse_proxy %UPSTREAM% {\n header_up X-Outcome {http.vars.sluice.outcome}\n}")
	token := e.issuer.bearer(t, "ada")
	before := e.metrics(t)
	for _, c := range []struct{ path, credential, outcome, user string }{
		{"/api/x", token, "allowed", "ada"},
		{"/api/admin/x", token, "denied", "ada"},
		{"/elsewhere", token, "denied", "ada"},
		{"/api/x", "X-Nothing: here", "unauthenticated", ""},
		{"/api/x", e.issuer.bearer(t, "ada", "exp", time.Now().Unix()-600), "unauthenticated", ""},
		{"/api/x", "Authorization: Bearer forged", "unauthenticated", ""},
		{"/api/x?access_token=x", token, "malformed", ""},
	} {
		a := e.get(t, c.path, c.credential, "X-User-Id: root", "X_User_Id: root", "X-Outcome: allowed")
		if a.got == nil {
			t.Errorf("%s: status %d %s", c.path, a.status, a.body)
			continue
		}
		checkIdentityOf(t, c.path, a, map[string]string{"X-Outcome": c.outcome})
		if got := strings.Join(a.got.values("X-User-Id"), ","); got != c.user {
			t.Errorf("%s (%s): the upstream received the user %q", c.path, c.outcome, got)
		}
		if a.got.values("Authorization") != nil {
			t.Errorf("%s: the upstream received the credential", c.path)
		}
		if !strings.HasPrefix(a.header.Get("X-Decision"), c.outcome) {
			t.Errorf("%s: the decision header says %q", c.path, a.header.Get("X-Decision"))
		}
	}
	after := e.metrics(t)
	for outcome, n := range map[string]float64{"allowed": 1, "shadow": 6, "denied": 0, "unauthenticated": 0, "malformed": 0} {
		if got := after.sum("sluice_decisions_total", "route", "shadowed", "outcome", outcome) -
			before.sum("sluice_decisions_total", "route", "shadowed", "outcome", outcome); got != n {
			t.Errorf("%v counted as %s, want %v", got, outcome, n)
		}
	}
}

func TestLaterHandlersSeePrincipalAndDecision(t *testing.T) {
	e := startEdge(t, `log
	route {
		sluice_authorize {
			issuer %ISSUER% {
				client_id web
			}
			allow any * /api/*
		}
		log_append user {http.auth.user.id}
		log_append decision {http.vars.sluice.outcome}
		header X-Answer "{http.auth.user.username} {http.auth.user.claim.custom:tenant} {http.vars.sluice.action}"
		@tenant expression {http.auth.user.claim.plan}=="gold"
		header @tenant X-Tenant matched
		rewrite * /of/{http.auth.user.id}{uri}
		reverse_proxy %UPSTREAM% {
			header_up X-All "{http.auth.user.groups} {http.auth.user.scopes} {http.auth.user.client_id} {http.auth.user.token_use} {http.auth.user.kind}"
			header_up X-Resource {http.vars.sluice.resource}
			header_up X-Scheme {http.vars.sluice.scheme}
			header_up X-None "<{http.auth.user.email}{http.auth.user.role_arn}>"
		}
	}`)
	a := e.get(t, "/api/x?y", e.issuer.bearer(t, "ada", "username", "Ada", "custom:tenant", "blue", "plan", "gold", "scope", "read write",
		"cognito:groups", []string{"readers", "editors"}))
	if a.got == nil {
		t.Fatalf("status %d %s", a.status, a.body)
	}
	checkIdentityOf(t, "header_up", a, map[string]string{"X-All": "readers,editors read write web access user", "X-Scheme": "bearer",
		"X-Resource": "arn:aws:execute-api:us-east-1:123456789012:sluice/default/GET/api/x", "X-None": "<>"})
	if a.got.path() != "/of/ada/api/x" {
		t.Errorf("rewritten to %q", a.got.path())
	}
	if got := a.header.Get("X-Answer"); got != "Ada blue execute-api:Invoke" {
		t.Errorf("header: %q", got)
	}
	if a.header.Get("X-Tenant") != "matched" {
		t.Error("the matcher did not match the claim")
	}
	eventually(t, "the access log names the user", func() bool {
		log, err := os.ReadFile(filepath.Join(e.dir, "caddy.log"))
		return err == nil && bytes.Contains(log, []byte(`"user":"ada"`)) && bytes.Contains(log, []byte(`"decision":"allowed"`))
	})
}

// A sluice_credentials without a sluice_authorize must refuse requests instead of signing them with the store's keys.
func TestCredentialsAreNotAddedWithoutADecision(t *testing.T) {
	e := newEdge(t)
	lend := "sluice_credentials {\n sigv4 s3 {\n access_key AKIDSTORE\n secret_key storesecret\n }\n header X-Secret lent\n}\nreverse_proxy %UPSTREAM%\n"
	e.load(t, "", "route /api/* {\n"+gate("allow any * *")+"}\n"+lend)
	a := e.get(t, "/bucket/key", e.issuer.bearer(t, "ada"))
	if a.status != 503 || len(e.upstream.take()) > 0 {
		t.Errorf("status %d %s", a.status, a.body)
	}
	// A configuration in which the directives are in the wrong order does not start.
	wrong := "route {\n" + lend[:strings.Index(lend, "reverse_proxy")] + gate("allow any * *") + "reverse_proxy %UPSTREAM%\n}"
	if err := e.tryLoad("", "http://:%PORT% {\n"+wrong+"\n}\n"); err == nil || !strings.Contains(err.Error(), "no sluice_authorize comes before it") {
		t.Error(err)
	}
}

// Requests that pass only because of shadow mode must not be signed with the store's keys.
func TestCredentialsAreNotAddedInShadowMode(t *testing.T) {
	e := startEdge(t, gate("allow any GET /api/*\n mode shadow")+"sluice_credentials {\n header X-Secret lent\n}\nreverse_proxy %UPSTREAM%\n")
	token := e.issuer.bearer(t, "ada")
	if a := e.get(t, "/api/x", token); a.got == nil || len(a.got.values("X-Secret")) != 1 {
		t.Errorf("allowed: status %d %s", a.status, a.body)
	}
	e.upstream.take()
	for _, c := range []struct {
		path, credential string
		status           int
	}{{"/other", token, 403}, {"/api/x", "X-Nothing: here", 401}, {"/api/x", "Authorization: Bearer forged", 401}} {
		if a := e.get(t, c.path, c.credential, "X-Secret: mine"); a.status != c.status {
			t.Errorf("%s: status %d, want %d", c.path, a.status, c.status)
		}
	}
	if seen := e.upstream.take(); len(seen) > 0 {
		t.Errorf("the upstream received %q", seen[0].Line)
	}
}

// If a request passes two gates, the principal is that of the second.
func TestTheLastGateDeterminesThePrincipal(t *testing.T) {
	e := newEdge(t)
	other := startIssuer(t)
	e.more = []string{"%OTHER%", other.url}
	e.load(t, "", `route {
		sluice_authorize {
			issuer %OTHER% {
				client_id web
			}
			allow any * *
			mode shadow
			pass_authorization
		}
		`+gate("allow any * *\n header X-Plain {http.auth.user.id}\n header X-Joined <{http.auth.user.id}>")+`
		reverse_proxy %UPSTREAM% {
			header_up X-Later {http.auth.user.id}
			header_up X-Outcome {http.vars.sluice.outcome}
		}
	}`)
	a := e.get(t, "/x", e.issuer.bearer(t, "ada"))
	if a.got == nil {
		t.Fatalf("status %d %s", a.status, a.body)
	}
	checkIdentityOf(t, "two gates", a, map[string]string{"X-Plain": "ada", "X-Joined": "<ada>", "X-Later": "ada", "X-Outcome": "allowed"})
}

func TestADenialIsExplainedAtTheAdminEndpoint(t *testing.T) {
	e := newEdge(t)
	admin := freePort(t)
	adapted, err := e.adapt(strings.Replace(globalOptions, "admin off", "admin 127.0.0.1:"+admin, 1), "",
		"http://:%PORT% {\n"+gate("allow group readers GET /api/*\n deny group guests * *")+"reverse_proxy %UPSTREAM%\n}")
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	token := e.issuer.bearer(t, "ada", "cognito:groups", []string{"readers", "guests"})
	explain := func(suffix string) (int, string) {
		request, err := http.NewRequestWithContext(context.Background(), "GET", "http://127.0.0.1:"+admin+"/sluice/decisions/"+suffix, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := e.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	for path, allowed := range map[string]string{"decisions": "GET", "decisions/x": "GET", "readyz": "GET", "preview": "POST"} {
		request, err := http.NewRequestWithContext(t.Context(), "DELETE", "http://127.0.0.1:"+admin+"/sluice/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := do(t, e.http, request); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != allowed {
			t.Errorf("DELETE %s: %d, Allow: %s", path, a.status, a.header.Get("Allow"))
		}
	}
	// Refusals in earlier tests may have used up the number that is recorded per second.
	var id, text string
	var status int
	eventually(t, "a refusal is recorded with its statements", func() bool {
		id = e.get(t, "/api/x?secret=hidden", token).problem(t, "decision_id")
		status, text = explain(id)
		return !strings.Contains(text, "were not recorded")
	})
	var account map[string]any
	if err := json.Unmarshal([]byte(text), &account); err != nil || status != 200 {
		t.Fatalf("status %d, %v: %s", status, err, text)
	}
	_, plain := explain(id + "?format=text")
	for _, account := range []string{text, plain} {
		for _, told := range []string{"ada", "deny group guests", "allow group readers", "execute-api:Invoke", "/GET/api/x"} {
			if !strings.Contains(account, told) {
				t.Errorf("%q is missing in %s", told, account)
			}
		}
		if strings.Contains(account, "hidden") || strings.Contains(account, strings.TrimPrefix(token, "Authorization: Bearer ")) {
			t.Errorf("the account contains a secret: %s", account)
		}
	}
	for _, suffix := range []string{"0123456789abcdef", "", "../x"} {
		if status, _ := explain(suffix); status == 200 {
			t.Errorf("there is an account for %q", suffix)
		}
	}
}
