package caddymodule

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// asking is a separate Caddy as gateway, whose site asks another site of the process with forward_auth. Only that one trusts
// the gateway.
func asking(t testing.TB, rules, site string) *edge {
	t.Helper()
	e := newEdge(t)
	e.loadAsking(t, rules, site)
	return e
}

func (e *edge) loadAsking(t testing.TB, rules, site string) {
	t.Helper()
	ask := freePort(t)
	e.more = append(e.more, "%ASK%", ask)
	global := strings.Replace(globalOptions, "\tmetrics\n", "\tmetrics\n\tservers :%ASK% {\n\t\ttrusted_proxies static 127.0.0.1/32\n\t}\n", 1)
	sites := "http://:%PORT% {\n" + site + "\n}\nhttp://:%ASK% {\n" + strings.Replace(gate(rules), "sluice_authorize {", "sluice_forward_auth {", 1) + "}\n"
	adapted, err := e.adapt(global, "", sites)
	if err == nil {
		err = caddy.Load(adapted, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.loaded = true
}

const forwardAuth = "forward_auth 127.0.0.1:%ASK% {\n uri /ask\n copy_headers X-User-Id Authorization X-Forwarded-User\n}\n"

func TestCaddysForwardAuthDecidesOnTheClientsRequest(t *testing.T) {
	e := asking(t, "gateway caddy\n allow any GET /api/*\n allow group editors POST /api/*\n deny any * /api/admin/*\n header X-User-Id {http.auth.user.id}",
		forwardAuth+"reverse_proxy %UPSTREAM%")
	ada, ed := e.issuer.bearer(t, "ada"), e.issuer.bearer(t, "ed", "cognito:groups", []string{"editors"})
	for _, tc := range []struct {
		method, path, credential string
		status                   int
	}{
		{"GET", "/api/notes?x=1", ada, 200}, {"HEAD", "/api/notes", ada, 403}, {"POST", "/api/notes", ada, 403}, {"POST", "/api/notes", ed, 200}, {"GET", "/other", ada, 403},
		{"GET", "/api/notes", "X-Other: 1", 401}, {"GET", "/api/notes", "Authorization: Bearer x", 401}, {"GET", "/api/admin/x", ed, 403}, {"GET", "/ask", ed, 403},
	} {
		a := e.send(t, tc.method, tc.path, "", tc.credential, "X-User-Id: root", "X-Forwarded-User: root")
		if a.status != tc.status || a.status == 401 && a.header.Get("Www-Authenticate") == "" {
			t.Errorf("%s %s: %d, want %d: %s %v", tc.method, tc.path, a.status, tc.status, a.body, a.header)
		}
		if tc.status != 200 {
			if seen := e.upstream.take(); len(seen) > 0 {
				t.Errorf("%s %s: the upstream received %q", tc.method, tc.path, seen[0].Line)
			}
			continue
		}
		if got := fmt.Sprint(a.got.values("X-User-Id")); got != "[ada]" && got != "[ed]" {
			t.Errorf("%s %s: the upstream got X-User-Id %s", tc.method, tc.path, got)
		}
		if user, credential := a.got.values("X-Forwarded-User"), a.got.values("Authorization"); len(user)+len(credential) > 0 {
			t.Errorf("the upstream got X-Forwarded-User %q and Authorization %q", user, credential)
		}
		e.upstream.take()
	}
	for name, header := range map[string]string{
		"two paths": "X-Forwarded-Uri: /api/notes\r\nX-Forwarded-Uri: /api/notes\r\n", "another method": "X-Forwarded-Method: GET\r\n",
		"another product's path": "X-Original-Uri: /api/notes\r\n", "an overriding method": "X-Http-Method-Override: GET\r\nX-Original-Method: GET\r\n",
		"another spelling": "X_Forwarded_Uri: /api/notes\r\n", "IIS": "X-Rewrite-Url: /api/notes\r\nX-Original-Url: /api/notes\r\n",
		"a fragment's path": "X-Forwarded-Uri: /api/notes#x\r\n",
		"an upgrade":        "Connection: Upgrade\r\nUpgrade: h2c\r\n",
	} {
		a := e.raw(t, "POST /api/admin/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"+header+ed+"\r\n\r\n")
		if a.status != 403 && a.status != 400 || len(e.upstream.take()) > 0 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

// The attack: spell a path so that gateway, Sluice and upstream interpret it differently.
func TestPathTricksNeverReachWhatIsDeniedBehindForwardAuth(t *testing.T) {
	e := asking(t, "gateway caddy\n allow any * /api/*\n deny any * /api/admin/*\n deny any * /api/admin", forwardAuth+"reverse_proxy %UPSTREAM%")
	token := e.issuer.bearer(t, "ada")
	passed := 0
	for _, trick := range pathTricks {
		a := e.raw(t, "GET "+trick.target+" HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n"+token+"\r\n\r\n")
		seen := e.upstream.take()
		if a.status != 200 && len(seen) > 0 {
			t.Errorf("%q: refused with %d, and yet the upstream received %q", trick.target, a.status, seen[0].Line)
		}
		if a.got != nil {
			passed++
			if forbidden(a.got.path()) {
				t.Errorf("%q: the upstream received %q", trick.target, a.got.Line)
			}
		}
		if trick.status == 403 && a.status != 403 {
			t.Errorf("%q: %d", trick.target, a.status)
		}
	}
	if passed == 0 {
		t.Error("nothing passed")
	}
}

func TestOnlyTrustedGatewaysMayAsk(t *testing.T) {
	e := startEdge(t, strings.Replace(gate("gateway nginx\n allow anonymous * *"), "sluice_authorize", "sluice_forward_auth", 1))
	a := e.get(t, "/ask", "X-Original-Uri: /x", "X-Original-Method: GET", "X-Forwarded-Host: x", "X-Forwarded-Proto: https")
	if a.status != 403 || !strings.Contains(a.problem(t, "detail"), "127.0.0.1 is not one of the trusted_proxies") || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// What nginx, Traefik and Envoy send arrives as the questions here.
func TestGatewaysGetTheAnswersThatTheyUnderstand(t *testing.T) {
	e := newEdge(t)
	trusting := strings.Replace(globalOptions, "protocols h1 h2 h2c h3", "protocols h1 h2 h2c h3\n\t\ttrusted_proxies static 127.0.0.1/32", 1)
	rules := "allow any GET /api/*\n header X-User-Id {http.auth.user.id}\n header X-User-Email {http.auth.user.email}"
	site := ""
	for gateway, path := range map[string]string{"nginx /nginx": "/nginx*", "traefik /traefik": "/traefik", "envoy /envoy": "/envoy/*"} {
		site += "handle " + path + " {\n" + strings.Replace(gate("gateway "+gateway+"\n"+rules), "sluice_authorize", "sluice_forward_auth", 1) + "}\n"
	}
	adapted, err := e.adapt(trusting, "", "http://:%PORT% {\n"+site+"\n}\n")
	if err == nil {
		err = caddy.Load(adapted, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	ada := e.issuer.bearer(t, "ada")
	ask := func(gateway, method, path string, more ...string) answer {
		switch gateway {
		case "nginx":
			more = append(more, "X-Original-Uri: "+path, "X-Original-Method: "+method)
			method, path = "GET", "/nginx"
		case "traefik":
			more = append(more, "X-Forwarded-Uri: "+path, "X-Forwarded-Method: "+method)
			method, path = "GET", "/traefik"
		default:
			return e.send(t, method, "/envoy"+path, "", more...)
		}
		return e.send(t, method, path, "", append(more, "X-Forwarded-Host: app.example", "X-Forwarded-Proto: https")...)
	}
	for _, gateway := range []string{"nginx", "traefik", "envoy"} {
		malformed := 400
		if gateway == "nginx" {
			malformed = 403
		}
		yes := ask(gateway, "GET", "/api/x?y=1", ada, "X-Forwarded-User: root", "X-User-Email: root@example.com", "Cookie: a=b; sluice-x=1; c=d; __Host-sluice-y=2")
		h := yes.header
		if short := ask(gateway, "GET", "/api/x", alone(ada)); short.status != 200 || short.header.Get("X-User-Id") != "ada" || fmt.Sprint(short.header["Authorization"]) != "[]" {
			t.Errorf("%s, a token without a scheme: %d %v", gateway, short.status, short.header)
		}
		// A gateway that cannot take the answer would fail, so it gets a refusal that says why.
		many := ask(gateway, "GET", "/api/x", ada, "Cookie: a="+strings.Repeat("b", 16<<10))
		if gateway == "nginx" && (many.status != 403 || !strings.Contains(many.problem(t, "detail"), "fewer cookies") || many.header.Get("Cookie") != "") || gateway != "nginx" && many.status != 200 {
			t.Errorf("%s, 16 KiB of cookies: %d %s", gateway, many.status, many.body)
		}
		if got := fmt.Sprint(h["Cookie"]); got != "[a=b; c=d]" {
			t.Errorf("%s: the upstream would get the cookies %s", gateway, got)
		}
		if yes.status != 200 || h.Get("X-User-Id") != "ada" || fmt.Sprint(h["X-User-Email"], h["X-Forwarded-User"], h["Authorization"]) != "[] [] []" ||
			len(h["X-User-Email"]) != 1 || len(h["X-Forwarded-User"]) != 1 || len(h["Authorization"]) != 1 || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", gateway, yes.status, h)
		}
		for _, no := range []struct {
			method, path string
			headers      []string
			status       int
		}{
			{"GET", "/api/x", nil, 401}, {"POST", "/api/x", []string{ada}, 403}, {"GET", "/other", []string{ada}, 403}, {"GET", "/api//x", []string{ada}, malformed},
			{"GET", "/api/%2e%2e/x", []string{ada}, malformed}, {"GET", "/api/x;y/z", []string{ada}, malformed},
		} {
			if a := ask(gateway, no.method, no.path, no.headers...); a.status != no.status || a.header.Get("X-User-Id") != "" {
				t.Errorf("%s asks about %s %s: %d, want %d: %s", gateway, no.method, no.path, a.status, no.status, a.body)
			} else if !strings.Contains(a.body, fmt.Sprintf(`"status":%d`, a.status)) {
				t.Errorf("%s asks about %s %s: the problem has another status than the answer, %d: %s", gateway, no.method, no.path, a.status, a.body)
			}
		}
	}
}

// A signed request without a body can be decided: the signature covers host, path and query of the original.
func TestAGatewayMayAskAboutASignedRequest(t *testing.T) {
	e := asking(t, "gateway caddy\n sigv4 execute-api\n allow any * *\n header X-User-Id {http.auth.user.id}", forwardAuth+"reverse_proxy %UPSTREAM%")
	get, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url("/api/x?y=1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := signRequest(get, rootKey, "execute-api", sigv4.HashPayload(nil)); err != nil {
		t.Fatal(err)
	}
	if a := do(t, e.http, get); a.status != 200 {
		t.Errorf("GET: %d %s", a.status, a.body)
	}
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.url("/api/x"), strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	post.Header.Set("Authorization", get.Header.Get("Authorization"))
	if a := do(t, e.http, post); a.status != 400 || !strings.Contains(a.body, "sluice_authorize") {
		t.Errorf("POST: %d %s", a.status, a.body)
	}
}

func basic(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

const notesRules = "allow any GET /api/*\n allow group editors * /api/*\n header X-User-Id {http.auth.user.id}"

// matcher returns the options of gate as a matcher.
func matcher(rules string) string {
	return strings.Replace(gate(rules), "sluice_authorize", "sluice_allowed", 1)
}

func TestAMatcherChoosesTheRouteOfAllowedRequests(t *testing.T) {
	e := startEdge(t, "@ok {\n"+matcher(notesRules)+"}\nhandle @ok {\n respond \"user {http.auth.user.id}{http.request.header.X-User-Id} {http.vars.sluice.outcome}\"\n}\n"+
		"handle {\n respond \"public {http.auth.user.id} {http.auth.candidate.id} {http.vars.sluice.reason}\" 203\n}")
	ada := e.issuer.bearer(t, "ada")
	for _, tc := range []struct{ method, path, credential, want string }{
		{"GET", "/api/x", ada, "user ada allowed"}, {"POST", "/api/x", ada, "public {http.auth.user.id} ada denied"}, {"GET", "/x", "A: b", "public {http.auth.user.id} {http.auth.candidate.id} missing"},
		{"GET", "/api/x", "Authorization: Bearer x", "public {http.auth.user.id} {http.auth.candidate.id} malformed"}, {"GET", "/api//x", ada, "public {http.auth.user.id} {http.auth.candidate.id} path"},
	} {
		a := e.send(t, tc.method, tc.path, "", tc.credential, "X-User-Id: root")
		if got := strings.Join(strings.Fields(a.body), " "); !strings.HasPrefix(got, strings.Join(strings.Fields(tc.want), " ")) {
			t.Errorf("%s %s %s: %q, want %q", tc.method, tc.path, tc.credential[:4], a.body, tc.want)
		}
	}
	if a := e.get(t, "/x", basic("ada", "secret")); a.status != 203 {
		t.Errorf("basic: %d %s", a.status, a.body)
	}
}

// A sluice_authorize with the same settings takes the matcher's decision; the request continues as if it had decided itself.
func TestAMatchersDecisionServesTheGateAfterIt(t *testing.T) {
	e := newEdge(t)
	site := "(notes) {\n" + optionsOf(gate(notesRules)) + "}\nhttp://:%PORT% {\n@ok {\n sluice_allowed {\n import notes\n }\n}\nhandle @ok {\n route {\n %BETWEEN%\n sluice_authorize {\n import notes\n }\n reverse_proxy %UPSTREAM%\n }\n}\n" +
		"respond 203\n}\n"
	for between, decisions := range map[string]float64{"": 1, "request_header X-Other 1": 2, "rewrite /api/y": 2, "method POST": 2} {
		adapted, err := e.adapt(globalOptions, "", strings.Replace(site, "%BETWEEN%", between, 1))
		if err == nil {
			err = caddy.Load(adapted, true)
		}
		if err != nil {
			t.Fatal(err)
		}
		before := e.metrics(t).sum("sluice_decisions_total", "credential", "bearer")
		a := e.get(t, "/api/x", e.issuer.bearer(t, "ada"), "X-User-Id: root")
		if between != "method POST" && (a.status != 200 || fmt.Sprint(a.got.values("X-User-Id")) != "[ada]" || len(a.got.values("Authorization")) > 0) {
			t.Errorf("%q: %d %s", between, a.status, a.body)
		}
		if after := e.metrics(t).sum("sluice_decisions_total", "credential", "bearer"); after-before != decisions {
			t.Errorf("%q: %v decisions, want %v", between, after-before, decisions)
		}
	}
}

// optionsOf returns the inside of a block.
func optionsOf(block string) string {
	_, inside, _ := strings.Cut(block, "{\n")
	return inside[:strings.LastIndex(inside, "}")]
}

// Only a request that sluice_authorize passes on is the one that was decided on.
func TestAMatcherLendsNoCredentials(t *testing.T) {
	e := startEdge(t, "handle /other/* {\n"+gate("allow any * *")+"}\n@ok {\n"+matcher("allow any * *")+"}\nhandle @ok {\n sluice_credentials {\n header X-Key secret\n }\n reverse_proxy %UPSTREAM%\n}\n")
	if a := e.get(t, "/x", e.issuer.bearer(t, "ada")); a.status != 503 || len(e.upstream.take()) > 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestCaddysAuthenticationHandlerTakesSluicesUsers(t *testing.T) {
	e := startEdge(t, strings.Replace(gate(notesRules), "sluice_authorize", "sluice_authenticate", 1)+
		"respond \"{http.auth.user.id} {http.auth.user.username} {http.auth.user.kind} {http.auth.user.claim.client_id}{http.request.header.X-User-Id}\"\n"+
		"handle_errors {\n respond \"{err.status_code} <{http.auth.user.id}> {http.auth.candidate.id} {http.auth.candidate.username}\"\n}")
	ada := e.issuer.bearer(t, "ada")
	if a := e.get(t, "/api/x", ada, "X-User-Id: root"); a.status != 200 || a.body != "ada ada user web" {
		t.Errorf("%d %q", a.status, a.body)
	}
	if a := e.get(t, "/other", ada); a.body != "401 <{http.auth.user.id}> ada ada" {
		t.Errorf("%d %q", a.status, a.body)
	}
	if a := e.get(t, "/api/x"); a.status != 401 || a.body != "401 <{http.auth.user.id}> {http.auth.candidate.id} {http.auth.candidate.username}" || !strings.HasPrefix(a.header.Get("Www-Authenticate"), "Bearer") {
		t.Errorf("%d %q %v", a.status, a.body, a.header)
	}
}

// The matcher and the handlers work where Caddy's own do: in snippets, wildcard sites, named routes and sites that get their
// certificates on demand.
func TestAskingWorksInEveryPlaceOfACaddyfile(t *testing.T) {
	e := newEdge(t)
	global := strings.Replace(globalOptions, "\tmetrics\n", "\tmetrics\n\ton_demand_tls {\n\t\tpermission sluice\n\t}\n\tlocal_certs\n", 1)
	adapted, err := e.adapt(global, "user_pool us-east-1_notes0001 {\n domain login.notes.example\n}", "(notes) {\n"+optionsOf(gate(notesRules))+"}\n"+
		"&(named) {\n route {\n sluice_authorize {\n import notes\n }\n respond \"named {http.auth.user.id}\"\n }\n}\n"+
		"http://*.app.example:%PORT% {\n @ok {\n host a.app.example\n sluice_allowed {\n import notes\n }\n }\n handle @ok {\n respond \"a {http.auth.user.id}\"\n }\n"+
		" @b host b.app.example\n handle @b {\n sluice_authorize {\n import notes\n }\n respond \"b {http.auth.user.id}\"\n }\n"+
		" @c host c.app.example\n handle @c {\n invoke named\n }\n handle {\n error 404\n }\n handle_errors {\n @again {\n sluice_allowed {\n import notes\n }\n }\n respond @again \"error {err.status_code} for {http.auth.user.id}\"\n respond \"error {err.status_code}\"\n }\n}\n"+
		"https:// {\n tls {\n on_demand\n }\n sluice_authorize {\n import notes\n }\n respond ok\n}\n")
	if err == nil {
		err = caddy.Load(adapted, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{"a": "a ada", "b": "b ada", "c": "named ada", "d": "error 404 for ada"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url("/api/x"), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host + ".app.example"
		addHeaders(r, []string{e.issuer.bearer(t, "ada")})
		if a := do(t, e.http, r); a.body != want {
			t.Errorf("%s: %d %q, want %q", host, a.status, a.body, want)
		}
		r.Header.Del("Authorization")
		if a := do(t, e.http, r); strings.Contains(a.body, "ada") {
			t.Errorf("%s without a credential: %d %q", host, a.status, a.body)
		}
	}
}

// A store at the root of the endpoint that also serves the APIs: the scope of the signature says which is meant.
func TestASignatureForS3ChoosesTheRouteOfTheStore(t *testing.T) {
	e := startEdge(t, "@s3 sluice_signed s3 s3express\nrespond @s3 store\nrespond other")
	const scope = "AKIAEXAMPLE/20261130/us-east-1/"
	for header, want := range map[string]string{
		"Authorization: AWS4-HMAC-SHA256 Credential=" + scope + "s3/aws4_request, SignedHeaders=host, Signature=0": "store",
		"Authorization: AWS4-HMAC-SHA256 Credential=" + scope + "s3/aws4_request,SignedHeaders=host,Signature=0":   "store",
		"Authorization: AWS4-HMAC-SHA256 Credential=" + scope + "sts/aws4_request, SignedHeaders=host, Signature=": "other",
		"Authorization: AWS4-HMAC-SHA256 Credential=s3, SignedHeaders=host, Signature=":                            "other",
		"Authorization: Bearer Credential=" + scope + "s3/aws4_request":                                            "other",
		"X-Other: 1": "other",
	} {
		if a := e.get(t, "/bucket/key", header); a.body != want {
			t.Errorf("%s: %q, want %q", header, a.body, want)
		}
	}
	for query, want := range map[string]string{
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20261130%2Fus-east-1%2Fs3%2Faws4_request":   "store",
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X%2DAmz-Credential=AKIAEXAMPLE%2F20261130%2Fus-east-1%2Fs3%2Faws4_request": "store",
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20261130%2Fus-east-1%2Fsts%2Faws4_request":  "other",
		"?X-Amz-Credential=a/b/c/s3/aws4_request&X-Amz-Credential=a/b/c/s3/aws4_request":                              "other",
	} {
		if a := e.get(t, "/bucket/key"+query); a.body != want {
			t.Errorf("%s: %q, want %q", query, a.body, want)
		}
	}
}
