package console

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/console/pages"
)

const (
	// The names of the cookies begin as those of logins at the edge do, so that no upstream gets them.
	cookieSession = "sluice-console"
	cookieBrowser = "sluice-console-browser"

	fieldCSRF   = "_csrf"
	purposeCSRF = "console CSRF token"
	browserSize = 32 // bytes of the secret
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

// setCookie sets a cookie. A life of 0 deletes it.
func (v *visit) setCookie(name, value string, life time.Duration) {
	c := &http.Cookie{Name: v.cookieName(name), Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, //nolint:gosec // G124: Secure wherever the site is https
		Secure: v.secure, SameSite: http.SameSiteStrictMode}
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
	if raw, err := text64.DecodeString(value); err != nil || len(raw) != browserSize {
		return ""
	}
	return value
}

// needBrowser gives the browser a secret if it has none.
func (v *visit) needBrowser() error {
	if v.browser != "" {
		return nil
	}
	raw := make([]byte, browserSize)
	if _, err := io.ReadFull(v.h.o.Rand, raw); err != nil {
		return fmt.Errorf("console: reading random bytes: %w", err)
	}
	v.browser = text64.EncodeToString(raw)
	v.setCookie(cookieBrowser, v.browser, browserLife)
	return nil
}

// csrfParts is what a token proves: the browser, and the session. A form that was opened before a sign-in is void after it.
func (v *visit) csrfParts() [][]byte {
	id := ""
	if v.who != nil {
		id = v.who.ID
	}
	return [][]byte{[]byte(v.browser), []byte(id)}
}

// csrfToken returns the token of a form. It differs from call to call, so that its compressed length says nothing.
func (v *visit) csrfToken() (string, error) {
	mac := v.h.o.Box.MAC(purposeCSRF, v.csrfParts()...)
	out := make([]byte, 2*seal.MACSize)
	pad, masked := out[:seal.MACSize], out[seal.MACSize:]
	if _, err := io.ReadFull(v.h.o.Rand, pad); err != nil {
		return "", fmt.Errorf("console: reading random bytes: %w", err)
	}
	subtle.XORBytes(masked, mac[:], pad)
	return text64.EncodeToString(out), nil
}

// matchCSRF reports whether the token is one of csrfToken for this browser and session.
func (v *visit) matchCSRF(token string) bool {
	if v.browser == "" || len(token) != text64.EncodedLen(2*seal.MACSize) {
		return false
	}
	raw, err := text64.DecodeString(token)
	if err != nil {
		return false
	}
	mac := make([]byte, seal.MACSize)
	subtle.XORBytes(mac, raw[:seal.MACSize], raw[seal.MACSize:])
	return v.h.o.Box.MatchMAC(mac, purposeCSRF, v.csrfParts()...)
}

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
