package login_test

import (
	"html"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauth"
)

// A link of a language leads to the same page, or is not there.
func TestPagesOfOtherHandlersAreShownAgainInAnotherLanguage(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{}, web)
	link := regexp.MustCompile(`<a href="([^"]*)" lang="de"`)
	for name, tc := range map[string]struct{ method, target, want string }{
		"an error of an authorization": {"GET", "/oauth2/authorize?client_id=x&state=a%26b&lang=fr", "/oauth2/authorize?client_id=x&lang=de&state=a%26b"},
		"an error of a sign-out":       {"GET", "/logout?logout_uri=x", "/logout?lang=de&logout_uri=x"},
		"the page of errors":           {"GET", "/error?error=redirect_mismatch", "/error?error=redirect_mismatch&lang=de"},
		"a form":                       {"POST", "/logout", ""},
		"a provider's answer":          {"GET", "/oauth2/idpresponse?code=x&state=y", ""},
		"a pushed request":             {"GET", "/oauth2/authorize?client_id=x&request_uri=urn:x", ""},
		"a broken query":               {"GET", "/oauth2/authorize?client_id=x&a=%zz", ""},
		"a long query":                 {"GET", "/oauth2/authorize?client_id=" + strings.Repeat("x", 17<<10), ""},
	} {
		show := map[string]func(w *httptest.ResponseRecorder){}
		r := httptest.NewRequest(tc.method, tc.target, strings.NewReader(""))
		r = r.WithContext(mount.With(r.Context(), s.at))
		show["error"] = func(w *httptest.ResponseRecorder) { s.handler.ShowError(w, r, oauth.Shown(oauth.KeyClient, "x")) }
		show["error that can be tried again"] = func(w *httptest.ResponseRecorder) {
			e := oauth.Shown(oauth.KeyDown, "x")
			e.Again = url.Values{"client_id": {"other"}}
			s.handler.ShowError(w, r, e)
		}
		show["form"] = func(w *httptest.ResponseRecorder) {
			s.handler.ShowForm(w, r, &oauth.Response{Location: app, Form: []oauth.Pair{{Name: "code", Value: "c"}}})
		}
		for kind, run := range show {
			w := httptest.NewRecorder()
			run(w)
			got := ""
			if m := link.FindStringSubmatch(w.Body.String()); m != nil {
				got = html.UnescapeString(m[1])
			}
			if got != tc.want {
				t.Errorf("%s, %s: %q", name, kind, got)
			}
			if strings.Contains(w.Body.String(), "<details") != (tc.want != "") {
				t.Errorf("%s, %s: the menu", name, kind)
			}
		}
	}
}
