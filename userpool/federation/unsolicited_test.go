package federation_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
)

func TestUnsolicitedAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	relay := func(change ...string) string {
		q := url.Values{"identity_provider": {"Corp"}, "client_id": {s.client}, "redirect_uri": {app}, "response_type": {"code"}, "scope": {"openid"}}
		for i := 0; i+1 < len(change); i += 2 {
			q.Set(change[i], change[i+1])
		}
		return q.Encode()
	}
	send := func(relay string) (*federation.Finished, error) {
		return s.service.Unsolicited(t.Context(), s.pool, "https://auth.example.com", federation.Answer{State: relay, Parameters: url.Values{"SAMLResponse": {"x"}}})
	}
	s.offer("Corp")
	_, err := send(relay())
	wantPage(t, "without IDPInit", err, oauth.KeyAnswer)
	s.known["Corp"].Details[providers.Unsolicited] = "true"
	end, err := send(relay("state", "s"))
	if err != nil || !strings.HasPrefix(end.Response.Location, app+"?code=") || strings.Contains(end.Response.Location, "state=") {
		t.Errorf("%+v, %v", end, err)
	}
	s.offer("Corp", "Acme")
	_, err = send(relay())
	wantPage(t, "a client with other providers", err, oauth.KeyAnswer)
	_, err = send(relay("identity_provider", "Acme"))
	wantPage(t, "a provider that is not of SAML", err, oauth.KeyAnswer)
	s.offer("Corp", "COGNITO")
	_, err = send(relay())
	wantPage(t, "a client with local users", err, oauth.KeyAnswer)
	s.offer("Corp")
	for _, text := range []string{"", "%zz", "opaque-state-of-somebody"} {
		if _, err := send(text); err == nil {
			t.Errorf("RelayState %q is accepted", text)
		}
	}
	_, err = send(relay("redirect_uri", "https://evil.example.com/"))
	wantPage(t, "another redirect URI", err, oauth.KeyRedirect)
}

// wantPage checks that err is a page with a key.
func wantPage(t *testing.T, what string, err error, key string) {
	t.Helper()
	if page := pageOf(err); page.Key != key {
		t.Errorf("%s: %v, want the page %s", what, err, key)
	}
}

// pageOf returns the page that an error is, or an empty one.
func pageOf(err error) *oauth.PageError {
	if page, ok := errors.AsType[*oauth.PageError](err); ok {
		return page
	}
	return new(oauth.PageError)
}
