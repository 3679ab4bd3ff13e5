package authz

import (
	"context"
	"testing"

	"github.com/sluicegate/sluice/authz/urlpath"
)

// As in Oathkeeper GHSA-p224-6x5r-fjpm and similar advisories, the gateway matches one reading of a path and the
// upstream serves another, which evades a rule that denies a prefix.
func TestEverySpellingOfADeniedPrefixIsRefused(t *testing.T) {
	c := newClock()
	e := tokenGate(t, c, nil, "allow any * /*", "deny any * /admin/*", "deny any * /admin")
	bearer := bearerToken("alice", nil)
	want(t, e, get("GET", "/notes", bearer), Allowed)
	want(t, e, get("GET", "/admin/users", bearer), Denied)
	want(t, e, get("GET", "/%61dmin/users", bearer), Denied)
	for _, path := range []string{"//admin/users", "/./admin/users", "/x/../admin/users", "/x/%2e%2e/admin/users",
		"/%2e/admin/users", "/x%2f..%2fadmin/users", "/admin%2fusers", "/admin%5cusers", `/admin\users`, "/x;/../admin/users",
		"/admin;a=b/users", "/x/..;/admin/users", "/%2561dmin/users", "/x/%252e%252e/admin/users", "/admin%00/users",
		"http://api.example/admin/users", "http://other/admin/users", "/admin/\xff"} {
		if r := want(t, e, get("GET", path, bearer), Malformed); r.RawPath != "" {
			t.Errorf("%s: %q would be forwarded", path, r.RawPath)
		}
	}
	absolute := get("GET", "/notes", bearer)
	absolute.Target = "http://api.example/notes" // as the client sent it; the host has removed scheme and host
	want(t, e, absolute, Malformed)
	// Paths are case-sensitive in RFC 3986, but not in Caddy and many upstreams.
	want(t, e, get("GET", "/ADMIN/users", bearer), Denied)
}

func TestTheDecidedPathIsForwarded(t *testing.T) {
	c := newClock()
	e := tokenGate(t, c, nil, "allow any GET /*")
	r := want(t, e, get("GET", "/%61/%7Euser/x%20y", bearerToken("alice", nil)), Allowed)
	if r.Path != "/a/~user/x y" || r.RawPath != "/a/~user/x%20y" {
		t.Errorf("decided on %q, forwards %q", r.Path, r.RawPath)
	}
	if r.Resource != "arn:aws:execute-api:us-east-1:123456789012:sluice/default/GET/a/~user/x y" {
		t.Errorf("resource %q", r.Resource)
	}
}

func TestAHostHasOneName(t *testing.T) {
	for raw, expected := range map[string]string{
		"api.example": "api.example", "API.Example:8080": "api.example", "[::1]:80": "[::1]", "127.0.0.1": "127.0.0.1",
		"": "", "api.example.": "", "api.example.:80": "", "a b": "", "user@api.example": "", "api.example:": "",
		"api.example:80x": "", "[::1": "", "[::1]x": "", ":80": "", "a/b": "", "a,b": "",
	} {
		host, err := urlpath.CanonicalHost(raw)
		if host != expected || (err == nil) != (expected != "") {
			t.Errorf("%q: %q, %v; want %q", raw, host, err, expected)
		}
	}
}

func FuzzAuthorizeLine(f *testing.F) {
	c := newClock()
	e := tokenGate(f, c, nil, "allow any GET /ok/*", "deny any * /admin/*")
	f.Add("GET", "/ok/x", "api.example", "Bearer x")
	f.Add("GET", "/admin/../ok/x", "api.example:80", "Bearer a, Bearer b")
	f.Fuzz(func(t *testing.T, method, path, host, authorization string) {
		r := get(method, path, "")
		r.Host = host
		r.Header["Authorization"] = []string{authorization}
		if result := e.Authorize(context.Background(), r); result.Pass {
			t.Fatalf("%q %q %q %q passes", method, path, host, authorization)
		}
	})
}
