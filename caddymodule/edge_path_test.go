package caddymodule

import (
	"net/url"
	"strings"
	"testing"
)

// forbidden reports whether a server could interpret the path as one below /api/admin. It repeatedly decodes the path, cuts
// parameters, replaces backslashes and resolves dots until nothing changes.
func forbidden(path string) bool {
	for range 6 {
		if decoded, err := url.PathUnescape(path); err == nil {
			path = decoded
		}
		path = strings.NewReplacer("\\", "/", "\x00", "", "\xc0\xaf", "/", "\xc0\xae", ".").Replace(path)
		var segments []string
		for segment := range strings.SplitSeq(path, "/") {
			segment, _, _ = strings.Cut(segment, ";")
			switch segment {
			case "", ".":
			case "..":
				if len(segments) > 0 {
					segments = segments[:len(segments)-1]
				}
			default:
				segments = append(segments, segment)
			}
		}
		path = "/" + strings.Join(segments, "/")
	}
	path = strings.ToLower(path)
	return path == "/api/admin" || strings.HasPrefix(path, "/api/admin/")
}

// decidedPath returns the path in the resource of the decision header.
func decidedPath(t *testing.T, decision string) string {
	t.Helper()
	_, resource, _ := strings.Cut(decision, `resource="`)
	resource, _, _ = strings.Cut(resource, `"`)
	_, path, ok := strings.Cut(resource, "sluice/default/")
	if !ok {
		t.Fatalf("no resource in %q", decision)
	}
	_, path, _ = strings.Cut(path, "/")
	return "/" + path
}

// pathTricks are request targets that have bypassed access rules of proxies, with the expected result under a rule that denies
// /api/admin.
var pathTricks = []struct {
	target string
	status int
}{
	{"/api/admin/x", 403},
	{"/api/%61dmin/x", 403},
	{"/api/adm%69n/x", 403},
	{"/%61pi/admin/x", 403},
	{"//api/admin/x", 400},
	{"/api//admin/x", 400},
	{"///api/admin/x", 400},
	{"/api/./admin/x", 400},
	{"/./api/admin/x", 400},
	{"/api/x/../admin/x", 400},
	{"/../api/admin/x", 400},
	{"/api/x/..", 400},
	{"/api/x/.", 400},
	{"/api/%2e/admin/x", 400},
	{"/api/x/%2e%2e/admin/x", 400},
	{"/api/x/.%2E/admin/x", 400},
	{"/api%2fadmin/x", 400},
	{"/api/x%2F..%2Fadmin/x", 400},
	{"/api%5cadmin/x", 400},
	{"/api\\admin/x", 400},
	{"/api/x\\..\\admin/x", 400},
	{"/api/admin;a=b/x", 400},
	{"/api;/admin/x", 400},
	{"/api/x;/../admin/x", 400},
	{"/api/x/..;/admin/x", 400},
	{"/api/%3badmin/x", 400},
	{"/api/%2561dmin/x", 400},
	{"/api/%252e%252e/admin/x", 400},
	{"/api%252fadmin/x", 400},
	{"/api/x%00/admin/x", 400},
	{"/api/admin%00/x", 400},
	{"/api/%0aadmin/x", 400},
	{"/api/%zzadmin/x", 400},
	{"/api/admin%", 400},
	{"/api/admin%4", 400},
	{"/api%c0%afadmin/x", 400},
	{"/api/%c0%ae%c0%ae/admin/x", 400},
	{"/api/%ff/x", 400},
	{"http://example.com/api/admin/x", 400},
	{"http://example.com/api/x", 400},
	{"*", 400},
	{"api/admin/x", 400},
	{"", 400},
	{"/api/x#/../admin/x", 400},
	{"/api/x%23/../admin", 400},
	{"/API/admin/x", 403},
	{"/api/x", 200},
	{"/api/x/", 200},
	{"/api/a%20b", 200},
	{"/api/%61", 200},
	{"/api/caf%c3%a9", 200},
	{"/api/administrator", 200},
	{"/api/...", 200},
	{"/api/x%3fy", 200},
	{"/api/x%23y", 200},
	{"/api/x%25y", 200},
	{"/api/x?/../admin/x", 200},
	{"/api/x?y=%2e%2e%2fadmin", 200},
}

// The attack: spell a path so that the gate and the upstream interpret it differently. The client sends each form byte for
// byte. The gate must refuse it, or the upstream must receive exactly the path of the decision.
func TestPathTricksNeverReachWhatIsDenied(t *testing.T) {
	const rules = "allow any * /api/*\n deny any * /api/admin/*\n deny any * /api/admin"
	e := startEdge(t, gate(rules)+"reverse_proxy %UPSTREAM%")
	token := e.issuer.bearer(t, "ada")
	for _, trick := range pathTricks {
		e.upstream.take()
		a := e.raw(t, "GET "+trick.target+" HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n"+token+"\r\n\r\n")
		if a.status != trick.status {
			t.Errorf("%q: status %d, want %d (%s)", trick.target, a.status, trick.status, a.body)
		}
		if seen := e.upstream.take(); a.status != 200 && len(seen) > 0 {
			t.Errorf("%q: refused with %d, and yet the upstream received %q", trick.target, a.status, seen[0].Line)
		}
		checkSamePath(t, trick.target, a)
	}
}

func checkSamePath(t *testing.T, target string, a answer) {
	t.Helper()
	if a.got == nil {
		return
	}
	if forbidden(a.got.path()) {
		t.Errorf("%q: the upstream received %q", target, a.got.Line)
	}
	decoded, err := url.PathUnescape(a.got.path())
	if decided := decidedPath(t, a.header.Get("X-Decision")); err != nil || !samePath(decoded, decided) {
		t.Errorf("%q: decided on %q, the upstream received %q", target, decided, a.got.path())
	}
}

// samePath reports whether a path equals its quoted ASCII form.
func samePath(path, quoted string) bool {
	for _, r := range path {
		if r > 126 {
			return strings.HasPrefix(quoted, path[:strings.IndexRune(path, r)]) // the rest is escaped
		}
	}
	return path == quoted
}

// All spellings of a path reach the upstream in the same form, so it does not matter how the upstream decodes them.
func TestEveryPathGoesUpstreamInOneSpelling(t *testing.T) {
	e := startEdge(t, open(""))
	token := e.issuer.bearer(t, "ada")
	for target, want := range map[string]string{
		"/api/x": "/api/x", "/api/%61": "/api/a", "/%61%70i/x/": "/api/x/", "/api/a%20b": "/api/a%20b", "/api/caf%c3%a9": "/api/caf%C3%A9",
		"/api/caf\xc3\xa9": "/api/caf%C3%A9", "/api/%7Eada": "/api/~ada", "/api/x%3Fy": "/api/x%3Fy", "/api/x%25y": "/api/x%25y",
		"/api/%28x%29": "/api/%28x%29", "/api/(x)": "/api/(x)", "/api/x?a=%61&b=%2f..%2f": "/api/x?a=%61&b=%2f..%2f", "/api/x?": "/api/x?", "/api/\"<>": "/api/%22%3C%3E",
		"/api/a+b": "/api/a+b", "/api/a%2bb": "/api/a%2Bb", "/api/a%2Cb%3A": "/api/a%2Cb%3A", "/api/x@y:z": "/api/x@y:z",
	} {
		a := e.raw(t, "GET "+target+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"+token+"\r\n\r\n")
		if a.got == nil {
			t.Errorf("%q: status %d %s", target, a.status, a.body)
			continue
		}
		if got := strings.TrimSuffix(strings.TrimPrefix(a.got.Line, "GET "), " HTTP/1.1"); got != want && got+"?" != want {
			t.Errorf("%q reached the upstream as %q, want %q", target, got, want)
		}
	}
}

// The same attack with Caddy rewriting the path before or after the decision. No request that passes may reach the denied
// path.
func TestPathTricksNeverReachWhatIsDeniedBehindRewrites(t *testing.T) {
	const rules = "allow any * /api/*\n deny any * /api/admin/*\n deny any * /api/admin"
	e := newEdge(t)
	token := e.issuer.bearer(t, "ada")
	proxy := "\nreverse_proxy %UPSTREAM%\n"
	for name, site := range map[string]struct{ config, before string }{
		"handle_path":         {"handle_path /app/* {\n" + gate(rules) + proxy + "}", "/app"},
		"uri strip_prefix":    {"uri strip_prefix /app\n" + gate(rules) + proxy, "/app"},
		"rewrite with uri":    {"rewrite * /api{uri}\n" + gate(rules) + proxy, ""},
		"rewrite with path":   {"rewrite * /api{path}\n" + gate(rules) + proxy, ""},
		"uri replace":         {"uri replace /app/ /\n" + gate(rules) + proxy, "/app"},
		"collapsed slashes":   {"uri path_regexp /{2,} /\n" + gate(rules) + proxy, ""},
		"rewrite behind":      {"route {\n" + gate(rules) + "rewrite * {uri}\n" + proxy + "}", ""},
		"strip_prefix behind": {"route {\n" + gate(strings.ReplaceAll(rules, "/api", "/app/api")) + "uri strip_prefix /app\n" + proxy + "}", "/app"},
	} {
		e.load(t, "", site.config)
		if site.before == "" && strings.HasPrefix(site.config, "rewrite") {
			checkTricks(t, e, name, token, func(target string) string { return strings.TrimPrefix(target, "/api") })
		}
		checkTricks(t, e, name, token, func(target string) string {
			if strings.HasPrefix(target, "/") {
				return site.before + target
			}
			return target
		})
	}
}

func checkTricks(t *testing.T, e *edge, name, token string, send func(string) string) {
	t.Helper()
	passed := 0
	for _, trick := range pathTricks {
		a := e.raw(t, "GET "+send(trick.target)+" HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n"+token+"\r\n\r\n")
		if a.got != nil {
			passed++
			if forbidden(a.got.path()) {
				t.Errorf("%s: %q: the upstream received %q", name, send(trick.target), a.got.Line)
			}
		}
		if a.status >= 500 {
			t.Errorf("%s: %q: status %d", name, send(trick.target), a.status)
		}
	}
	if passed == 0 {
		t.Errorf("%s: no request passes", name)
	}
}

func TestHostsWithMoreThanOneMeaningAreRefused(t *testing.T) {
	e := startEdge(t, open(""))
	token := e.issuer.bearer(t, "ada")
	for host, status := range map[string]int{
		"example.com": 200, "EXAMPLE.com:80": 200, "[::1]:80": 200, "example.com.": 400, "example.com.:80": 400, "exa mple.com": 400,
		"example.com/x": 400, "user@example.com": 400, "": 400, "example.com:80:80": 400, "example.com\\.evil": 400,
	} {
		a := e.raw(t, "GET /api/x HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n"+token+"\r\n\r\n")
		if a.status != status {
			t.Errorf("%q: status %d, want %d", host, a.status, status)
		}
	}
	if a := e.raw(t, "GET /api/x HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\nConnection: close\r\n"+token+"\r\n\r\n"); a.status != 400 {
		t.Errorf("two hosts: status %d", a.status)
	}
}

func TestMethodsAreComparedAsSent(t *testing.T) {
	e := startEdge(t, gate("allow any GET,HEAD /api/*\n allow any OPTIONS /cors/*")+"reverse_proxy %UPSTREAM%")
	token := e.issuer.bearer(t, "ada")
	for _, override := range []string{"X-HTTP-Method-Override: GET", "X-HTTP-Method: GET", "X-Method-Override: GET", "X_HTTP_METHOD_OVERRIDE: GET"} {
		if a := e.send(t, "DELETE", "/api/x?_method=GET", "", token, override); a.status != 403 {
			t.Errorf("%s: status %d", override, a.status)
		}
	}
	for _, method := range []string{"get", "Get", "GETT", "POST", "OPTIONS", "TRACE", "PROPFIND"} {
		if a := e.send(t, method, "/api/x", "", token); a.status != 403 {
			t.Errorf("%s: status %d", method, a.status)
		}
	}
	// A preflight request is decided like any other request.
	if a := e.send(t, "OPTIONS", "/cors/x", "", "Origin: https://evil.example", "Access-Control-Request-Method: GET"); a.status != 401 {
		t.Errorf("an anonymous preflight: status %d", a.status)
	}
	if a := e.send(t, "OPTIONS", "/cors/x", "", token); a.status != 200 {
		t.Errorf("a preflight that is allowed: status %d", a.status)
	}
	if a := e.send(t, "HEAD", "/api/x", "", token); a.status != 200 {
		t.Errorf("HEAD: status %d", a.status)
	}
	if a := e.raw(t, "GET\x01 /api/x HTTP/1.1\r\nHost: a\r\n"+token+"\r\nConnection: close\r\n\r\n"); a.status != 400 {
		t.Errorf("a method with a control character: status %d", a.status)
	}
}
