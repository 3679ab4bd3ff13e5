package edgelogin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/login"
)

// stub is a Service whose sign-ins fail with err, and whose attempts are for a target.
type stub struct {
	Service
	err, begin     error
	target, begun  string
	signedIn, away bool
}

func (s *stub) Begin(_ context.Context, in login.Start) (*login.Attempt, error) {
	s.begun = in.Target
	return &login.Attempt{URL: "https://idp.example/authorize", ID: strings.Repeat("0", 16), Cookie: "sealed"}, s.begin
}

func (s *stub) Finish(context.Context, login.Answer) (*login.Made, error) { return nil, s.err }

func (s *stub) Wanted(cookie, host string) string {
	if cookie != "sealed" || host != "app.example.com" {
		return ""
	}
	return s.target
}

func (s *stub) Subject(context.Context, string, string, time.Time) (*authz.Subject, bool, error) {
	if !s.signedIn {
		return nil, false, errors.New("no session")
	}
	return &authz.Subject{}, false, nil
}

func (s *stub) End(context.Context, string, string) (*login.Ended, error) { return &login.Ended{}, nil }

func (s *stub) Logout(context.Context, *login.Ended, string) (string, error) {
	return "https://idp.example/logout?a=1&b=2", nil
}

// ask sends a request to the login of /admin. Headers are pairs.
func (s *stub) ask(method, target string, cookies map[string]string, headers ...string) *httptest.ResponseRecorder {
	h := New(Options{Service: s, Cookie: Cookie("l"), Callback: "/admin/.sluice/callback", Logout: "/admin/.sluice/logout", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Site: func(r *http.Request) Site { return Site{Host: r.Host} }, Targets: login.Targets{Hosts: []string{"www.example.com"}}})
	r := httptest.NewRequest(method, "http://app.example.com"+target, nil)
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// A sign-in that is begun again leads to the page that was asked for, or to the folder of the login, not to the root of the host.
func TestASignInThatBeginsAgainLeadsToThePage(t *testing.T) {
	state := strings.Repeat("0", 40)
	attempt := map[string]string{"sluice-l-t-" + state[:16]: "sealed"}
	const page, folder = "/admin/reports?day=1", "/admin/"
	callback := "/admin/.sluice/callback?code=c&state=" + state
	for name, c := range map[string]struct {
		err     error
		target  string
		cookies map[string]string
		ask     string
		want    string
	}{
		"cancelled":                   {&login.Refused{Code: "access_denied"}, page, attempt, callback, page},
		"refused":                     {&login.Refused{Code: "server_error"}, page, attempt, callback, page},
		"a bad answer":                {login.ErrBadAnswer, page, attempt, callback, page},
		"a provider that is away":     {errors.New("away"), page, attempt, callback, page},
		"too late":                    {login.ErrNoAttempt, page, attempt, callback, page},
		"too late, for another site":  {login.ErrNoAttempt, "https://evil.example/", attempt, callback, folder},
		"another browser":             {nil, page, nil, callback, folder},
		"a malformed answer":          {nil, page, attempt, callback + "&state=2", folder},
		"signed out":                  {nil, page, nil, "/admin/.sluice/logout", folder},
		"a link that is no tab":       {nil, "", nil, "/admin/.sluice/login?return_to=" + url.QueryEscape(page), page},
		"a link without a page there": {nil, "", nil, "/admin/.sluice/login", folder},
	} {
		s := &stub{err: c.err, target: c.target}
		w := s.ask("GET", c.ask, c.cookies)
		if want := `href="/admin/.sluice/login?return_to=` + url.QueryEscape(c.want) + `"`; !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, no %s in\n%s", name, w.Code, want, w.Body)
		}
	}
	s := &stub{begin: errors.New("away")}
	if w := s.ask("GET", "/admin/.sluice/login?return_to="+url.QueryEscape(page), nil, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); !strings.Contains(w.Body.String(), url.QueryEscape(page)) || s.begun != page {
		t.Errorf("a sign-in that cannot begin, for %s: %s", s.begun, w.Body)
	}
	s = &stub{}
	if s.ask("GET", "/admin/.sluice/login", nil, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); s.begun != folder {
		t.Errorf("a sign-in for no page is for %q", s.begun)
	}
	if w := (&stub{signedIn: true}).ask("GET", callback, map[string]string{"sluice-l": "session"}); w.Header().Get("Location") != folder {
		t.Errorf("a step back leads to %q", w.Header().Get("Location"))
	}
}

// Chromium and Safari apply the form-action of the page with the form to the redirects after it. So a form of a page that allows its own origin
// only must not be redirected to the provider.
func TestAFormSignsOutWithoutARedirectToTheProvider(t *testing.T) {
	session := map[string]string{"sluice-l": "session"}
	w := (&stub{}).ask("POST", "/admin/.sluice/logout", session, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin")
	if want := `<meta http-equiv="refresh" content="0; url=https://idp.example/logout?a=1&amp;b=2">`; w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) ||
		!strings.Contains(w.Body.String(), `<a href="https://idp.example/logout?a=1&amp;b=2">`) || w.Header().Get("Location") != "" {
		t.Errorf("a form: %d %v\n%s", w.Code, w.Header(), w.Body)
	}
	const elsewhere = "http://www.example.com/bye"
	out := "/admin/.sluice/logout?return_to=" + url.QueryEscape(elsewhere)
	w = (&stub{}).ask("POST", out, nil, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `content="0; url=`+elsewhere+`"`) || !strings.Contains(w.Body.String(), "You are signed out") {
		t.Errorf("a form of a user who is signed out: %d %v\n%s", w.Code, w.Header(), w.Body)
	}
	if w = (&stub{}).ask("POST", out, nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != elsewhere {
		t.Errorf("a program of a user who is signed out: %d %v", w.Code, w.Header())
	}
	for name, ask := range map[string][]string{"a program": {"POST"}, "a link": {"GET", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "same-origin"}} {
		if w := (&stub{}).ask(ask[0], "/admin/.sluice/logout", session, ask[1:]...); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://idp.example/logout?a=1&b=2" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}
