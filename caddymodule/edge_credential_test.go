package caddymodule

import (
	"strings"
	"testing"
	"time"
)

func TestMoreThanOneCredentialIsRefused(t *testing.T) {
	e := newEdge(t)
	e.load(t, "", `sluice_authorize {
		issuer %ISSUER% {
			client_id web
		}
		sigv4 execute-api
		allow anonymous * /public/*
		allow any       * *
	}
	reverse_proxy %UPSTREAM%`)
	good := strings.TrimPrefix(e.issuer.bearer(t, "ada"), "Authorization: ")
	jwt := strings.TrimPrefix(good, "Bearer ")
	presigned := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260101%2Fus-east-1%2Fexecute-api%2Faws4_request" +
		"&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=" + strings.Repeat("0", 64)
	for _, path := range []string{"/x", "/public/x"} {
		for what, request := range map[string][]string{
			"two headers":                     {path, "Authorization: " + good, "Authorization: " + good},
			"two headers, the second is none": {path, "Authorization: " + good, "Authorization: "},
			"two spellings":                   {path, "Authorization: " + good, "authorization: " + good},
			"a list":                          {path, "Authorization: " + good + ", " + good},
			"a list without spaces":           {path, "Authorization: " + good + "," + jwt},
			"two tokens":                      {path, "Authorization: " + good + " " + jwt},
			"bearer and basic":                {path, "Authorization: " + good, "Authorization: Basic YTpi"},
			"no token":                        {path, "Authorization: Bearer "},
			"a token alone, twice":            {path, "Authorization: " + jwt, "Authorization: " + jwt},
			"a token alone and as bearer":     {path, "Authorization: " + jwt, "Authorization: " + good},
			"a list of tokens alone":          {path, "Authorization: " + jwt + "," + jwt},
			"a token alone and presigned":     {path + "?" + presigned, "Authorization: " + jwt},
			"a token in the query":            {path + "?access_token=" + jwt},
			"an encoded name in the query":    {path + "?access%5Ftoken=" + jwt},
			"header and query":                {path + "?access_token=" + jwt, "Authorization: " + good},
			"bearer and presigned":            {path + "?" + presigned, "Authorization: " + good},
			"bearer and lower-case presigned": {path + "?x-amz-signature=00", "Authorization: " + good},
			"token and signature in query":    {path + "?" + presigned + "&access_token=" + jwt},
			"signature in header and query":   {path + "?" + presigned, "Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=00"},
			"a broken query":                  {path + "?%zz=" + jwt},
		} {
			e.upstream.take()
			a := e.get(t, request[0], request[1:]...)
			if a.status != 400 || len(e.upstream.take()) > 0 {
				t.Errorf("%s at %s: status %d %s", what, path, a.status, a.body)
			}
		}
		for _, one := range []string{good, jwt} {
			if a := e.get(t, path, "Authorization: "+one); a.status != 200 || len(a.got.values("Authorization")) > 0 {
				t.Errorf("one credential: status %d %s", a.status, a.body)
			}
		}
	}
}

// alone returns a line with a Bearer token without its scheme.
func alone(line string) string { return strings.Replace(line, "Bearer ", "", 1) }

// API Gateway accepts a JWT with and without "Bearer" before it, and many clients of Cognito send it without.
func TestATokenWithoutASchemeIsABearerToken(t *testing.T) {
	e := newEdge(t)
	e.load(t, "", `route {
		sluice_authorize {
			issuer %ISSUER% {
				client_id web
			}
			allow user ada * /api/*
			header X-User-Id {http.auth.user.id}
		}
		reverse_proxy %UPSTREAM%
	}`)
	before := e.metrics(t).sum("sluice_decisions_total", "credential", "bearer")
	for i, line := range []string{e.issuer.bearer(t, "ada"), alone(e.issuer.bearer(t, "ada"))} {
		a := e.get(t, "/api/x", line)
		if a.status != 200 || strings.Join(a.got.values("X-User-Id"), " ") != "ada" || len(a.got.values("Authorization")) > 0 {
			t.Errorf("%d: %d %s, the upstream got %v", i, a.status, a.body, a.got)
		}
	}
	if a := e.get(t, "/api/x", alone(e.issuer.bearer(t, "bob"))); a.status != 403 || a.problem(t, "decision_id") == "" {
		t.Errorf("another user: %d %s", a.status, a.body)
	}
	if n := e.metrics(t).sum("sluice_decisions_total", "credential", "bearer") - before; n != 3 {
		t.Errorf("%v decisions on bearer tokens", n)
	}
	e.load(t, "", gate("allow any * /*\npass_authorization")+"reverse_proxy %UPSTREAM%")
	token := alone(e.issuer.bearer(t, "ada"))
	if a := e.get(t, "/api/x", token); a.status != 200 || "Authorization: "+strings.Join(a.got.values("Authorization"), "|") != token {
		t.Errorf("passed on: %d %s %v", a.status, a.body, a.got)
	}
}

func TestRefusalsSayWhatTheClientMayKnow(t *testing.T) {
	e := startEdge(t, gate("allow any * /api/*\n realm notes")+"reverse_proxy %UPSTREAM%")
	now := time.Now().Unix()
	genuine := e.issuer.token(t, "ada")
	header, rest, _ := strings.Cut(genuine, ".")
	for what, c := range map[string]struct {
		credential, challenge, kind string
	}{
		"nothing":         {"X-Nothing: here", `Bearer realm="notes"`, "missing"},
		"another scheme":  {"Authorization: Basic YTpi", `Bearer realm="notes"`, "scheme"},
		"expired":         {e.issuer.bearer(t, "ada", "iat", now-7200, "exp", now-3600), `error="invalid_token", error_description="The token has expired"`, "expired"},
		"not yet valid":   {e.issuer.bearer(t, "ada", "nbf", now+3600), "not valid yet", "not-yet-valid"},
		"wrong client":    {e.issuer.bearer(t, "ada", "client_id", "webber"), "meant for another client", "wrong-audience"},
		"a prefix of it":  {e.issuer.bearer(t, "ada", "client_id", "we"), "meant for another client", "wrong-audience"},
		"a list of them":  {e.issuer.bearer(t, "ada", "client_id", "web,other"), "meant for another client", "wrong-audience"},
		"no client":       {e.issuer.bearer(t, "ada", "client_id", nil), "meant for another client", "wrong-audience"},
		"wrong token use": {e.issuer.bearer(t, "ada", "token_use", "id", "aud", "web"), "The token is an ID token where an access token is required", "wrong-token-use"},
		"another issuer":  {e.issuer.bearer(t, "ada", "iss", "https://evil.example"), `error_description="The token is not valid"`, "unknown-issuer"},
		"changed":         {"Authorization: Bearer " + genuine[:len(genuine)-8] + "AAAAAAAA", `error_description="The token is not valid"`, "signature"},
		"unsigned":        {"Authorization: Bearer eyJhbGciOiJub25lIn0." + rest[:strings.IndexByte(rest, '.')] + ".", `error="invalid_token"`, ""},
		"not a token":     {"Authorization: Bearer " + header, `error="invalid_token"`, "malformed"},
		"expired, alone":  {alone(e.issuer.bearer(t, "ada", "iat", now-7200, "exp", now-3600)), `error_description="The token has expired"`, "expired"},
		"changed, alone":  {"Authorization: " + genuine[:len(genuine)-8] + "AAAAAAAA", `error_description="The token is not valid"`, "signature"},
		"too long, alone": {"Authorization: " + strings.Repeat("a", 17<<10) + ".b.c", `error="invalid_token"`, ""},
		"encrypted":       {"Authorization: Bearer a.b.c.d.e", `error="invalid_token"`, ""},
	} {
		a := e.get(t, "/api/x", c.credential)
		challenge := a.header.Get("WWW-Authenticate")
		if a.status != 401 || !strings.HasPrefix(challenge, `Bearer realm="notes"`) || !strings.Contains(challenge, c.challenge) {
			t.Errorf("%s: status %d, challenge %s", what, a.status, challenge)
		}
		if len(a.header.Values("WWW-Authenticate")) != 1 || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", what, a.header)
		}
		if kind := a.problem(t, "type"); c.kind != "" && !strings.HasSuffix(kind, c.kind) {
			t.Errorf("%s: a problem of type %s", what, kind)
		}
		if strings.Contains(a.body, e.issuer.url) || strings.Contains(a.body, genuine) || strings.Contains(challenge, "evil") {
			t.Errorf("%s: the response reveals too much: %s %s", what, challenge, a.body)
		}
	}
	a := e.get(t, "/other", "Authorization: Bearer "+genuine)
	if id := a.problem(t, "decision_id"); a.status != 403 || len(id) != 16 || !strings.Contains(a.header.Get("X-Decision"), id) {
		t.Errorf("denied: %d %s %v", a.status, a.body, a.header)
	}
	for _, told := range []string{"ada", "arn:", "rule"} {
		if strings.Contains(a.body, told) {
			t.Errorf("a denial tells %q: %s", told, a.body)
		}
	}
}

func TestWithoutAnIssuersKeysNoRequestPasses(t *testing.T) {
	e := newEdge(t)
	e.issuer.down.Store(true)
	other := startIssuer(t)
	e.more = []string{"%OTHER%", other.url}
	e.load(t, "", `sluice_authorize {
		issuer %ISSUER% {
			client_id web
		}
		issuer %OTHER% {
			client_id web
		}
		allow any * *
		allow anonymous * /public
	}
	reverse_proxy %UPSTREAM%`)
	token := e.issuer.bearer(t, "ada")
	for range 3 {
		a := e.get(t, "/x", token)
		if a.status != 503 || !strings.HasSuffix(a.problem(t, "type"), "keys-unavailable") {
			t.Errorf("status %d %s", a.status, a.body)
		}
	}
	if a := e.get(t, "/x", other.bearer(t, "bob")); a.status != 200 {
		t.Errorf("the other issuer: status %d %s", a.status, a.body)
	}
	if a := e.get(t, "/public"); a.status != 200 {
		t.Errorf("without a token: status %d %s", a.status, a.body)
	}
	if n := len(e.upstream.take()); n != 2 {
		t.Errorf("%d requests arrived", n)
	}
}
