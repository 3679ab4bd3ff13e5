package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/server/console/pages"
	"github.com/sluicegate/sluice/server/csrf"
)

const (
	// The names of the cookies begin as those of logins at the edge do, so that no upstream gets them.
	cookieSession = "sluice-console"
	cookieBrowser = "sluice-console-browser"

	fieldCSRF   = "_csrf"
	purposeCSRF = "console CSRF token"
	browserLife = 24 * time.Hour
)

var text64 = base64.RawURLEncoding

// cookieName is the name of a cookie on the site.
func (v *visit) cookieName(name string) string {
	if v.secure {
		return authz.SecurePrefix + name
	}
	return name
}

// setCookie sets a cookie. A life of 0 deletes it. A link of another site brings the browser's secret, which proves nothing by itself, so that
// the page gives it no other one, with which the forms that are open would be void. It does not bring the session.
func (v *visit) setCookie(name, value string, life time.Duration) {
	c := &http.Cookie{Name: v.cookieName(name), Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, //nolint:gosec // G124: Secure wherever the site is https
		Secure: v.secure, SameSite: http.SameSiteStrictMode}
	if name == cookieBrowser {
		c.SameSite = http.SameSiteLaxMode
	}
	if life == 0 {
		c.MaxAge = -1
	}
	v.w.Header().Add("Set-Cookie", c.String())
}

// cookie returns the value of a cookie, "" if there is none, or more than one.
func (v *visit) cookie(name string) string {
	found := v.r.CookiesNamed(v.cookieName(name))
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// secret returns the browser's secret, "" if the request has none or one of a wrong form.
func (v *visit) secret() string {
	value := v.cookie(cookieBrowser)
	if !csrf.IsSecret(value) {
		return ""
	}
	return value
}

// needBrowser gives the browser a secret if it has none.
func (v *visit) needBrowser() (err error) {
	if v.browser != "" {
		return nil
	}
	if v.browser, err = csrf.NewSecret(v.h.o.Rand); err != nil {
		return err
	}
	v.setCookie(cookieBrowser, v.browser, browserLife)
	return nil
}

// sessionID is the ID of the visitor's session, "" for none. It is part of a form's token: a form that was opened before a sign-in is void
// after it.
func (v *visit) sessionID() string {
	if v.who == nil {
		return ""
	}
	return v.who.ID
}

func (v *visit) guard() csrf.Guard {
	return csrf.Guard{Box: v.h.o.Box, Random: v.h.o.Rand, Purpose: purposeCSRF}
}

// csrfToken returns the token of a form.
func (v *visit) csrfToken() (string, error) { return v.guard().Token(v.browser, v.sessionID()) }

// matchCSRF reports whether the token is one of csrfToken for this browser and session.
func (v *visit) matchCSRF(token string) bool { return v.guard().Match(token, v.browser, v.sessionID()) }

// wantsJSON reports whether the script asks.
func (v *visit) wantsJSON() bool {
	return strings.HasPrefix(v.r.Header.Get("Accept"), "application/json")
}

// json answers the script.
func (v *visit) json(status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	pages.Protect(v.w.Header(), nil)
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body) // the browser may have gone
	return nil
}
