package login

import (
	"net/http"
	"net/url"
	"time"

	"github.com/sluicegate/sluice/server/login/pages"
)

// release sends the browser to the app with its answer. An app that needs consent gets the answer after the user has allowed it: until then it
// is sealed in the page data, for as long as life.
func (v *visit) release(name string, to target, life time.Duration) error {
	if v.auth.NeedsConsent() {
		return v.next(&pageData{Step: stepConsent, Name: name, Target: &to}, life)
	}
	v.drop()
	return v.leave(to)
}

// showConsent is GET /consent. Without an answer that waits, the request begins again.
func (v *visit) showConsent() error {
	if v.data == nil || v.data.Step != stepConsent {
		return v.goTo("/oauth2/authorize")
	}
	return v.show(http.StatusOK, pages.Consent{Username: v.data.Name, Host: receiver(v.auth.RedirectURI), Scopes: v.auth.Scopes}, nil, nil)
}

// consent is POST /consent.
func (v *visit) consent() error {
	if v.data == nil || v.data.Step != stepConsent {
		return v.goTo("/oauth2/authorize")
	}
	to := *v.data.Target
	switch v.form.Get("action") {
	case "allow":
		v.drop()
		return v.leave(to)
	case "deny":
		v.drop()
		return v.refuseRequest(v.auth.Deny())
	}
	return v.showConsent()
}

// receiver names who gets what a redirect URI receives: a host, or an app by its scheme.
func receiver(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return redirectURI
	}
	if isWeb := u.Scheme == "https" || u.Scheme == "http"; isWeb {
		return u.Host
	}
	return u.Scheme + ":"
}
