package login

import (
	"net/url"
	"strings"
	"testing"
)

func TestTargetsStayOnTheSiteAndItsList(t *testing.T) {
	targets := Targets{Hosts: []string{"app.example.com", "other.example:8443"}}
	for raw, want := range map[string]string{
		"/":                                   "/",
		"/a/b?c=d&e=%2F#f":                    "/a/b?c=d&e=%2F#f",
		"https://app.example.com/x?y":         "https://app.example.com/x?y",
		"https://APP.example.com":             "https://APP.example.com",
		"https://other.example:8443/":         "https://other.example:8443/",
		"/a//b":                               "/a//b",
		"":                                    "",
		"a":                                   "",
		"//evil.example":                      "",
		"///evil.example":                     "",
		"/\\evil.example":                     "",
		"\\\\evil.example":                    "",
		"/\t/evil.example":                    "",
		"/%2F/evil.example":                   "",
		" /a":                                 "",
		"/a\r\nSet-Cookie: x=y":               "",
		"/a\x00":                              "",
		"/é":                                  "",
		"https:evil.example":                  "",
		"https:/evil.example":                 "",
		"https:///evil.example":               "",
		"https://evil.example":                "",
		"https://app.example.com.evil":        "",
		"https://app.example.com@evil":        "",
		"https://evil@app.example.com":        "",
		"https://app.example.com:443":         "",
		"https://other.example":               "",
		"http://app.example.com":              "",
		"javascript:alert(1)":                 "",
		"data:text/html,x":                    "",
		"?a":                                  "",
		"#a":                                  "",
		"/" + strings.Repeat("a", MaxTarget):  "",
		"https://app.example.com\\@evil":      "",
		"https://app.example.com%2F@evil.com": "",
	} {
		if got, ok := targets.Check(raw, true); got != want && ok || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", raw, got, ok, want)
		}
	}
	if _, ok := targets.Check("http://app.example.com/", false); !ok {
		t.Error("a site without https may send to one")
	}
}

// The result of a path stays on the host of the site, as a browser resolves it.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"/", "//e", "/\\e", "/./..//e", "/a?b#c", "https://app.example.com/x", "https://e"} {
		f.Add(seed)
	}
	site, err := url.Parse("https://site.example/x/y")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := Targets{Hosts: []string{"app.example.com"}}.Check(raw, true)
		if !ok {
			return
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q is not a URL: %v", got, err)
		}
		to := site.ResolveReference(u)
		if to.Scheme != "https" || to.Host != "site.example" && !strings.EqualFold(to.Host, "app.example.com") || strings.ContainsAny(got, "\\\r\n\t ") {
			t.Errorf("%q leads to %q", raw, to)
		}
	})
}
