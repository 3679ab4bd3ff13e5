package authz

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestAPathHasOneMeaningOrNone(t *testing.T) {
	for _, tc := range []struct {
		raw, decoded, encoded string
		err                   error
	}{
		{"/", "/", "/", nil},
		{"/api/notes", "/api/notes", "/api/notes", nil},
		{"/api/notes/", "/api/notes/", "/api/notes/", nil},
		{"/a%41b", "/aAb", "/aAb", nil},
		{"/caf%C3%A9", "/café", "/caf%C3%A9", nil},
		{"/café", "/café", "/caf%C3%A9", nil},
		{"/a%20b%3Fc%23d", "/a b?c#d", "/a%20b%3Fc%23d", nil},
		{"/100%25", "/100%", "/100%25", nil},
		{"/100%25zz", "/100%zz", "/100%25zz", nil},
		{"/a+b", "/a+b", "/a+b", nil},
		{"/~user/a,b:c@d", "/~user/a,b:c@d", "/~user/a,b:c@d", nil},
		{"/a%2Bb%2bc", "/a+b+c", "/a%2Bb%2Bc", nil}, // reserved characters keep their form
		{"/%3A%40%21%24%26%27%28%29%2A%2C%3D", "/:@!$&'()*,=", "/%3A%40%21%24%26%27%28%29%2A%2C%3D", nil},
		{"/%5B1%5d", "/[1]", "/%5B1%5D", nil},
		{"/%7Eu%2Da%5Fb", "/~u-a_b", "/~u-a_b", nil}, // unreserved ones have one form
		{"/...", "/...", "/...", nil},
		{"/.well-known/x", "/.well-known/x", "/.well-known/x", nil},
		{"", "", "", errPathForm},
		{"api", "", "", errPathForm},
		{"http://other/api", "", "", errPathForm},
		{"*", "", "", errPathForm},
		{"//api", "", "", errPathEmpty},
		{"/api//x", "", "", errPathEmpty},
		{"/api//", "", "", errPathEmpty},
		{"/api/./x", "", "", errPathDots},
		{"/api/../x", "", "", errPathDots},
		{"/..", "", "", errPathDots},
		{"/.", "", "", errPathDots},
		{"/api/%2e%2e/x", "", "", errPathEncoded},
		{"/api/%2E/x", "", "", errPathEncoded},
		{"/file%2etxt", "", "", errPathEncoded},
		{"/api%2fx", "", "", errPathEncoded},
		{"/api%2Fx", "", "", errPathEncoded},
		{"/api%5cx", "", "", errPathEncoded},
		{`/api\x`, "", "", errPathBackslash},
		{"/api;x=1/y", "", "", errPathParameter},
		{"/api%3bx", "", "", errPathParameter},
		{"/api/%252e%252e/x", "", "", errPathDouble},
		{"/api/%2525", "", "", errPathDouble},
		{"/api/%25%32%65", "", "", errPathDouble},
		{"/api/%00", "", "", errPathControl},
		{"/api/%0d%0a", "", "", errPathControl},
		{"/api/\x01", "", "", errPathControl},
		{"/api/%C2%85", "", "", errPathControl},
		{"/api/%ff", "", "", errPathUTF8},
		{"/api/%c0%af", "", "", errPathUTF8},
		{"/api/%", "", "", errPathEncoding},
		{"/api/%4", "", "", errPathEncoding},
		{"/api/%zz", "", "", errPathEncoding},
		{"/api?x", "", "", errPathQuery},
		{"/api#x", "", "", errPathQuery},
		{"/" + strings.Repeat("a", MaxPathBytes), "", "", errPathTooLong},
		{"/" + strings.Repeat("^", MaxPathBytes/2), "", "", errPathTooLong}, // as it would go on
	} {
		decoded, encoded, err := CanonicalPath(tc.raw)
		if decoded != tc.decoded || encoded != tc.encoded || !errors.Is(err, tc.err) {
			t.Errorf("%.60q: %q, %q, %v; want %q, %q, %v", tc.raw, decoded, encoded, err, tc.decoded, tc.encoded, tc.err)
		}
	}
}

// The story of Oathkeeper GHSA-p224-6x5r-fjpm and its kin: the gate matches one reading of a path, the upstream serves
// another, and a rule that denies a prefix is walked around.
func TestNoSpellingOfADeniedPrefixGetsPast(t *testing.T) {
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
	absolute.Target = "http://api.example/notes" // the host has cut it, and the client sent it so
	want(t, e, absolute, Malformed)
	// RFC 3986 has paths case-sensitive, but Caddy and many upstreams do not.
	want(t, e, get("GET", "/ADMIN/users", bearer), Denied)
}

func TestWhatWasDecidedOnIsWhatIsForwarded(t *testing.T) {
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
		host, err := CanonicalHost(raw)
		if host != expected || (err == nil) != (expected != "") {
			t.Errorf("%q: %q, %v; want %q", raw, host, err, expected)
		}
	}
}

func FuzzCanonicalPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/b", "/%41", "/a%20b", "/%2e%2e/", "//", "/a;b", "/%25", "/%2525", "/caf%c3%a9", "/\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		decoded, encoded, err := CanonicalPath(raw)
		if err != nil {
			return
		}
		for _, segment := range strings.Split(decoded[1:], "/") {
			if segment == "." || segment == ".." {
				t.Fatalf("%q keeps a dot segment: %q", raw, decoded)
			}
		}
		if strings.Contains(decoded, "//") || strings.ContainsAny(decoded, "\\;\x00\r\n") {
			t.Fatalf("%q keeps what is ambiguous: %q", raw, decoded)
		}
		if u := (&url.URL{Path: decoded, RawPath: encoded}); u.EscapedPath() != encoded {
			t.Fatalf("%q would go upstream as %q, not %q", raw, u.EscapedPath(), encoded)
		}
		again, same, err := CanonicalPath(encoded)
		if err != nil || again != decoded || same != encoded {
			t.Fatalf("%.200q is not stable: %.200q %.200q, then %.200q %.200q %v", raw, decoded, encoded, again, same, err)
		}
	})
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
