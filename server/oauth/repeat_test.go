package oauth_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// A browser leaves a SameSite=Lax cookie out of a POST from another site, and brings it with the GET that follows.
func TestAPostOfAnotherSiteActsOnTheSession(t *testing.T) {
	s := newSite(t)
	cookie := s.signIn()
	w := s.ask("POST", "/oauth2/authorize", s.query("&prompt=none&client_secret=x&other=y"), "")
	location := w.Header().Get("Location")
	if w.Code != 303 || !strings.HasPrefix(location, "/oauth2/authorize?client_id=") || strings.Contains(location, "secret") || strings.Contains(location, "other") {
		t.Fatal(w.Code, location)
	}
	if w = s.ask("GET", location, "", cookie); !strings.HasPrefix(w.Header().Get("Location"), callback+"?code=") {
		t.Error("authorize:", w.Code, w.Header())
	}
	w = s.ask("POST", "/logout", "client_id="+s.client+"&logout_uri="+url.QueryEscape(goodbye), "")
	location = w.Header().Get("Location")
	if w.Code != 303 || !strings.HasPrefix(location, "/logout?client_id=") || w.Header().Get("Set-Cookie") != "" {
		t.Fatal(w.Code, w.Header())
	}
	if w = s.ask("GET", location, "", cookie); w.Header().Get("Location") != goodbye {
		t.Error("logout:", w.Code, w.Header())
	}
	if w = s.ask("GET", "/oauth2/authorize?"+s.query(""), "", cookie); !strings.HasPrefix(w.Header().Get("Location"), "/login") {
		t.Error("the session stayed:", w.Header())
	}
	if w = s.ask("POST", "/logout", "", ""); w.Code != 303 || w.Header().Get("Location") != "/logout" {
		t.Error("without parameters:", w.Code, w.Header())
	}
}

// What is too long for a URL comes in a form of the pool's own site, once.
func TestALongPostOfAnotherSiteIsSentAgainAsAForm(t *testing.T) {
	s := newSite(t)
	long := "&id_token_hint=" + strings.Repeat("a", 10<<10)
	w := s.ask("POST", "/logout", "client_id="+s.client+"&logout_uri="+url.QueryEscape(goodbye)+long, "")
	body := w.Body.String()
	if w.Code != 200 || w.Header().Get("Set-Cookie") != "" || !strings.Contains(body, `action="https://auth.example.com/logout?again"`) {
		t.Fatal(w.Code, body)
	}
	form := url.Values{}
	for _, m := range regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		form.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	if len(form) != 3 || form.Get("logout_uri") != goodbye {
		t.Error(form)
	}
	if w = s.ask("POST", "/logout?again", form.Encode(), ""); w.Code == 200 {
		t.Error("a second form:", w.Body)
	}
	w = s.ask("POST", "/oauth2/authorize?again", s.query(""), "")
	if location := w.Header().Get("Location"); w.Code != 303 || !strings.HasPrefix(location, "/login?") || strings.Contains(location, "again") {
		t.Error("authorize, again:", w.Code, location)
	}
	if w = s.ask("POST", "/logout", "client_id="+s.client+"&logout_uri="+url.QueryEscape(goodbye)+long+long, ""); w.Code != 400 {
		t.Error("over the limit:", w.Code)
	}
}
