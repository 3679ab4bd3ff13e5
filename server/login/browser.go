package login

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/seal"
)

const (
	cookieBrowser = "XSRF-TOKEN" // the secret of the browser
	fieldCSRF     = "_csrf"
	purposeCSRF   = "login CSRF token"
	browserSize   = 32 // bytes of the secret
	browserLife   = 24 * time.Hour
)

var text64 = base64.RawURLEncoding

// secret returns the browser's secret, "" if the request has none or one of a wrong form.
func (v *visit) secret() string {
	c, err := v.r.Cookie(v.at.CookieName(cookieBrowser))
	if err != nil || !isSecret(c.Value) {
		return ""
	}
	return c.Value
}

func isSecret(s string) bool {
	raw, err := text64.DecodeString(s)
	return err == nil && len(raw) == browserSize
}

// needBrowser gives the browser a secret if it has none.
func (v *visit) needBrowser() error {
	if v.browser != "" {
		return nil
	}
	return v.newBrowser()
}

// newBrowser gives the browser a new secret. It voids the forms and the page data that the browser has.
func (v *visit) newBrowser() error {
	raw := make([]byte, browserSize)
	if _, err := io.ReadFull(v.h.Rand, raw); err != nil {
		return fmt.Errorf("login: reading random bytes: %w", err)
	}
	v.browser = text64.EncodeToString(raw)
	http.SetCookie(v.w, v.at.Cookie(cookieBrowser, v.browser, browserLife))
	return nil
}

// csrfParts is what a CSRF token proves: the browser, the pool, and the page data that the form continues.
func (v *visit) csrfParts(page string) [][]byte {
	return [][]byte{[]byte(v.browser), []byte(v.at.PoolID), []byte(page)}
}

// csrfToken returns the token for a form. page is the ID of the page data that the form continues, "" for none. The token differs from
// call to call, so that its compressed length says nothing.
func (v *visit) csrfToken(page string) (string, error) {
	mac := v.h.Seal.MAC(purposeCSRF, v.csrfParts(page)...)
	out := make([]byte, 2*seal.MACSize)
	pad, masked := out[:seal.MACSize], out[seal.MACSize:]
	if _, err := io.ReadFull(v.h.Rand, pad); err != nil {
		return "", fmt.Errorf("login: reading random bytes: %w", err)
	}
	subtle.XORBytes(masked, mac[:], pad)
	return text64.EncodeToString(out), nil
}

// matchCSRF reports whether the token is one of csrfToken for this browser and page.
func (v *visit) matchCSRF(token, page string) bool {
	if v.browser == "" || len(token) != text64.EncodedLen(2*seal.MACSize) {
		return false
	}
	raw, err := text64.DecodeString(token)
	if err != nil {
		return false
	}
	mac := make([]byte, seal.MACSize)
	subtle.XORBytes(mac, raw[:seal.MACSize], raw[seal.MACSize:])
	return v.h.Seal.MatchMAC(mac, purposeCSRF, v.csrfParts(page)...)
}
