package caddymodule

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/node"
)

func TestHandleErrorsSeesRefusals(t *testing.T) {
	e := newEdge(t)
	other := freePort(t)
	e.more = []string{"%OTHER%", other}
	const rules = "allow any * /api/*\n"
	const pages = "handle_errors 401 403 {\n header X-Page yes\n respond \"{err.status_code} {err.status_text} {err.message} id={err.id}\"\n}\n"
	if err := e.tryLoad("", "http://:%PORT% {\n"+gate(rules)+"reverse_proxy %UPSTREAM%\n"+pages+"}\n"+
		"http://:%OTHER% {\n"+gate(rules)+"reverse_proxy %UPSTREAM%\n}\n"); err != nil {
		t.Fatal(err)
	}
	token := e.issuer.bearer(t, "ada")
	a := e.get(t, "/api/x")
	if a.status != 401 || !strings.HasPrefix(a.body, "401 Unauthorized This route needs a credential. id=") || a.header.Get("X-Page") != "yes" {
		t.Errorf("without a token: %d %q", a.status, a.body)
	}
	if challenges := a.header.Values("WWW-Authenticate"); len(challenges) != 1 || !strings.HasPrefix(challenges[0], "Bearer") {
		t.Errorf("WWW-Authenticate: %q", challenges)
	}
	a = e.get(t, "/elsewhere", token)
	if id := a.body[strings.LastIndexByte(a.body, '=')+1:]; a.status != 403 || len(id) != 16 || !strings.Contains(a.header.Get("X-Decision"), id) {
		t.Errorf("not allowed: %d %q, %q", a.status, a.body, a.header.Get("X-Decision"))
	}
	// The gate responds because no route of handle_errors matches.
	a = e.get(t, "/api//x", token)
	if a.status != 400 || a.problem(t, "title") != "Malformed request" || a.header.Get("X-Page") != "" {
		t.Errorf("malformed: %d %q", a.status, a.body)
	}
	if a = e.get(t, "/api/x", token); a.status != http.StatusOK || a.got == nil {
		t.Errorf("allowed: %d", a.status)
	}
	e.port = other
	a = e.get(t, "/api/x")
	if a.status != 401 || a.problem(t, "title") != "No credential" || len(a.header.Values("WWW-Authenticate")) != 1 {
		t.Errorf("a site without handle_errors: %d %q %q", a.status, a.body, a.header.Values("WWW-Authenticate"))
	}
}

func TestClientsThatSignReadTheErrorsOfTheirService(t *testing.T) {
	e := newEdge(t)
	e.load(t, "", "handle /s3/* {\nsluice_authorize {\n sigv4 s3 {\n prefix /s3\n }\n allow any GET /s3/none/*\n}\n}\nhandle_errors {\n respond page\n}\n")
	if a := e.get(t, "/s3/bucket/key"); a.status != 403 || !strings.Contains(a.body, "<Code>AccessDenied</Code>") {
		t.Errorf("S3: %d %q", a.status, a.body)
	}
}

func TestAGateInHandleErrorsAnswersItself(t *testing.T) {
	e := startEdge(t, gate("allow any * /api/*")+"respond ok\nhandle_errors {\n"+gate("allow any GET /never")+"respond page\n}\n")
	if a := e.get(t, "/api/x"); a.status != 401 || a.problem(t, "title") != "No credential" {
		t.Errorf("%d %q", a.status, a.body)
	}
}

func TestAnErrorRouteThatProxiesPassesNoCredential(t *testing.T) {
	e := startEdge(t, gate("allow any * /api/*")+"respond ok\nhandle_errors {\n reverse_proxy %UPSTREAM%\n}\n")
	a := e.get(t, "/elsewhere?X-Amz-Signature=f00&page=1", e.issuer.bearer(t, "ada"))
	if a.got == nil {
		t.Fatalf("the error route was not proxied: %d %q", a.status, a.body)
	}
	if sent := a.got.values("Authorization"); len(sent) > 0 || strings.Contains(a.got.Line, "X-Amz-Signature") || !strings.Contains(a.got.Line, "page=1") {
		t.Errorf("the upstream received %q, Authorization %q", a.got.Line, sent)
	}
}

func TestAnErrorRouteKnowsWhichRequestWasRefused(t *testing.T) {
	e := startEdge(t, "route {\n"+gate("allow any * /*\npass_authorization")+gate("allow any * /api/*")+"respond ok\n}\nhandle_errors {\n respond \"{http.vars.sluice.reason} {http.vars.sluice.outcome}\"\n}\n")
	if a := e.get(t, "/elsewhere", e.issuer.bearer(t, "ada")); a.status != 403 || a.body != "denied denied" {
		t.Errorf("%d %q", a.status, a.body)
	}
}

func TestAnErrorRouteSignsNoRefusedRequest(t *testing.T) {
	e := startEdge(t, "route {\n"+gate("allow any * /*")+gate("allow any * /api/*")+"respond ok\n}\nhandle_errors {\n route {\n sluice_credentials {\n header X-Key secret\n }\n reverse_proxy %UPSTREAM%\n }\n}\n")
	if a := e.get(t, "/elsewhere", e.issuer.bearer(t, "ada")); a.got != nil || a.status < 400 {
		t.Errorf("the upstream got %+v; status %d", a.got, a.status)
	}
}

func TestTheGatesUserWinsOverThatOfAnotherHandler(t *testing.T) {
	repl := caddy.NewReplacer()
	repl.Set("http.auth.user.id", "someone")
	repl.Set("http.auth.user.email", "someone@example.com")
	repl.Set("http.auth.user.other", "kept")
	p := &passage{Passage: node.Passage{Result: authz.Result{Principal: &principal.Principal{Kind: principal.User, Subject: "ada"}}}}
	p.answer(repl)
	if got := repl.ReplaceAll("{http.auth.user.id} {http.auth.user.email} {http.auth.user.other}", ""); got != "ada  kept" {
		t.Errorf("%q", got)
	}
}
