package login

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/server/csrf"
)

const (
	cookieBrowser = "XSRF-TOKEN" // the secret of the browser
	fieldCSRF     = "_csrf"
	purposeCSRF   = "login CSRF token"
	browserLife   = 24 * time.Hour
)

var text64 = base64.RawURLEncoding

// secret returns the browser's secret, "" if the request has none or one of a wrong form.
func (v *visit) secret() string {
	c, err := v.r.Cookie(v.at.CookieName(cookieBrowser))
	if err != nil || !csrf.IsSecret(c.Value) {
		return ""
	}
	return c.Value
}

// needBrowser gives the browser a secret if it has none.
func (v *visit) needBrowser() error {
	if v.browser != "" {
		return nil
	}
	return v.newBrowser()
}

// newBrowser gives the browser a new secret. It voids the forms and the page data that the browser has.
func (v *visit) newBrowser() (err error) {
	if v.browser, err = csrf.NewSecret(v.h.Rand); err != nil {
		return err
	}
	http.SetCookie(v.w, v.at.Cookie(cookieBrowser, v.browser, browserLife))
	return nil
}

func (v *visit) guard() csrf.Guard {
	return csrf.Guard{Box: v.h.Seal, Random: v.h.Rand, Purpose: purposeCSRF}
}

// csrfToken returns the token for a form. page is the ID of the page data that the form continues, "" for none.
func (v *visit) csrfToken(page string) (string, error) {
	return v.guard().Token(v.browser, v.at.PoolID, page)
}

// matchCSRF reports whether the token is one of csrfToken for this browser and page.
func (v *visit) matchCSRF(token, page string) bool {
	return v.guard().Match(token, v.browser, v.at.PoolID, page)
}
