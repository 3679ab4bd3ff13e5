package urlpath

import (
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
		{"", "", "", ErrForm},
		{"api", "", "", ErrForm},
		{"http://other/api", "", "", ErrForm},
		{"*", "", "", ErrForm},
		{"//api", "", "", ErrEmpty},
		{"/api//x", "", "", ErrEmpty},
		{"/api//", "", "", ErrEmpty},
		{"/api/./x", "", "", ErrDots},
		{"/api/../x", "", "", ErrDots},
		{"/..", "", "", ErrDots},
		{"/.", "", "", ErrDots},
		{"/api/%2e%2e/x", "", "", ErrEncoded},
		{"/api/%2E/x", "", "", ErrEncoded},
		{"/file%2etxt", "", "", ErrEncoded},
		{"/api%2fx", "", "", ErrEncoded},
		{"/api%2Fx", "", "", ErrEncoded},
		{"/api%5cx", "", "", ErrEncoded},
		{`/api\x`, "", "", ErrBackslash},
		{"/api;x=1/y", "", "", ErrParameter},
		{"/api%3bx", "", "", ErrParameter},
		{"/api/%252e%252e/x", "", "", ErrDouble},
		{"/api/%2525", "", "", ErrDouble},
		{"/api/%25%32%65", "", "", ErrDouble},
		{"/api/%00", "", "", ErrControl},
		{"/api/%0d%0a", "", "", ErrControl},
		{"/api/\x01", "", "", ErrControl},
		{"/api/%C2%85", "", "", ErrControl},
		{"/api/%ff", "", "", ErrUTF8},
		{"/api/%c0%af", "", "", ErrUTF8},
		{"/api/%", "", "", ErrEncoding},
		{"/api/%4", "", "", ErrEncoding},
		{"/api/%zz", "", "", ErrEncoding},
		{"/api?x", "", "", ErrQuery},
		{"/api#x", "", "", ErrQuery},
		{"/" + strings.Repeat("a", MaxBytes), "", "", ErrTooLong},
		{"/" + strings.Repeat("^", MaxBytes/2), "", "", ErrTooLong}, // the limit applies to the encoded path
	} {
		decoded, encoded, err := Canonical(tc.raw)
		if decoded != tc.decoded || encoded != tc.encoded || !errors.Is(err, tc.err) {
			t.Errorf("%.60q: %q, %q, %v; want %q, %q, %v", tc.raw, decoded, encoded, err, tc.decoded, tc.encoded, tc.err)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"/", "/a/b", "/%41", "/a%20b", "/%2e%2e/", "//", "/a;b", "/%25", "/%2525", "/caf%c3%a9", "/\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		decoded, encoded, err := Canonical(raw)
		if err != nil {
			return
		}
		for _, segment := range strings.Split(decoded[1:], "/") {
			if segment == "." || segment == ".." {
				t.Fatalf("%q keeps a dot segment: %q", raw, decoded)
			}
		}
		if strings.Contains(decoded, "//") || strings.ContainsAny(decoded, "\\;\x00\r\n") {
			t.Fatalf("%q stays ambiguous: %q", raw, decoded)
		}
		if u := (&url.URL{Path: decoded, RawPath: encoded}); u.EscapedPath() != encoded {
			t.Fatalf("%q would be forwarded as %q, not %q", raw, u.EscapedPath(), encoded)
		}
		again, same, err := Canonical(encoded)
		if err != nil || again != decoded || same != encoded {
			t.Fatalf("%.200q is not stable: %.200q %.200q, then %.200q %.200q %v", raw, decoded, encoded, again, same, err)
		}
	})
}

func TestATargetIsAPathWithAQueryAndHasNoFragment(t *testing.T) {
	for target, want := range map[string]error{
		"": nil, "/": nil, "/a?b": nil, "/a?b=/../?c": nil, "/a%23?b%23": nil, "//a": nil,
		"*": ErrForm, "a": ErrForm, "http://a/b": ErrForm, "?a": ErrForm,
		"/a#b": ErrFragment, "/a?b#c": ErrFragment, "/a?#": ErrFragment,
	} {
		if err := CheckTarget(target); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", target, err, want)
		}
	}
}
