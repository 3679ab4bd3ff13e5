package login_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/login"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

var formPaths = []string{"/login", "/challenge", "/signup", "/confirm", "/resendcode", "/forgotPassword", "/confirmforgotPassword", "/passkeys/add"}

// FuzzForm sends any body to every page with a form, with the tokens of the page. No page panics, answers 5xx, signs in, or leads elsewhere.
func FuzzForm(f *testing.F) {
	for i := range formPaths {
		f.Add(uint8(i), "username=a&password=b&action=signin")
		f.Add(uint8(i), "action=other&choice=EMAIL_OTP&code=123456")
		f.Add(uint8(i), "action=passkey&credential=%7B%22id%22%3A1%7D&passkey_state=x")
		f.Add(uint8(i), "requiredAttributes%5Bemail%5D=%00&username=%ff&password=%00&confirm_password=")
		f.Add(uint8(i), "%zz&;=&&==")
	}
	s := newSite(f, verified, web)
	b := s.browser()
	b.get("/signup" + s.query())
	b.submit("signup", "username", "uma", "requiredAttributes[email]", "uma@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	tokens := map[string]string{}
	for _, path := range formPaths {
		b.once(httptest.NewRequest("GET", "https://auth.example.com"+path+s.query(), nil))
		for _, m := range hidden.FindAllStringSubmatch(b.body, -1) {
			if m[1] == "_csrf" {
				tokens[path] = m[2]
			}
		}
	}
	cookies := b.cookies
	f.Fuzz(func(t *testing.T, page uint8, body string) {
		path := formPaths[int(page)%len(formPaths)]
		b := s.browser()
		b.t = t
		for k, v := range cookies {
			b.cookies[k] = v
		}
		b.once(rawPost(path+s.query(), body+"&_csrf="+url.QueryEscape(tokens[path])))
		if b.status >= 500 || len(s.oauth.done) > 0 || leadsAway(b.header.Get("Location")) || strings.Contains(b.body, "<script>") {
			t.Fatalf("%s: %d %q %s", path, b.status, b.header.Get("Location"), b.body)
		}
	})
}

func leadsAway(location string) bool {
	return location != "" && (!strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//"))
}

// FuzzRequest opens every page with any query and any cookies.
func FuzzRequest(f *testing.F) {
	s := newSite(f, userpool.PoolSettings{}, web)
	f.Add(uint8(0), "client_id=x&redirect_uri=https://evil.example", "1.abc", "x", "")
	f.Add(uint8(1), strings.TrimPrefix(s.query(), "?"), "4.", strings.Repeat("A", 43), "de")
	f.Add(uint8(9), "user_name=a&confirmation_code=1&client_id="+s.client.ID, "99999999999999999999.a", "", "x-\x00")
	paths := append([]string{"/confirmUser", "/authEventFeedback", "/signedout", "/login/"}, formPaths...)
	f.Fuzz(func(t *testing.T, page uint8, query, data, secret, lang string) {
		r := httptest.NewRequest("GET", "https://auth.example.com/", nil)
		r.URL.Path, r.URL.RawQuery = paths[int(page)%len(paths)], query
		r.Header.Set("Cookie", login.PageCookie(s.at, query)+"="+data+"; __Host-XSRF-TOKEN="+secret+"; __Host-lang="+lang+"; __Host-device="+data)
		r.Header.Set("Accept-Language", lang)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r.WithContext(mount.With(r.Context(), s.at)))
		to := w.Header().Get("Location")
		if w.Code >= 500 && w.Code != 503 || leadsAway(to) && !strings.HasPrefix(to, app+"?error=") || strings.Contains(w.Body.String(), "<script>") {
			t.Fatalf("%d %q %s", w.Code, to, w.Body)
		}
	})
}
