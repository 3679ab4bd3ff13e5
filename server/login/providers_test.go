package login

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/branding"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
)

// offered replaces the identity providers of a client.
type offered []federation.Offer

// Offered implements Federation.
func (o offered) Offered(context.Context, *oauth.Authorization) ([]federation.Offer, error) {
	return o, nil
}

// Source: the developer guide, "Using SAML provider names and identifiers".
func TestTheLoginPageOffersProviders(t *testing.T) {
	t.Parallel()
	google := federation.Offer{Name: "Google", Type: providers.Google}
	corp := federation.Offer{Name: "Corp", Type: providers.SAML, Identifiers: []string{"corp.example.com"}, Down: true}
	acme := federation.Offer{Name: "Acme", Type: providers.SAML, Identifiers: []string{"acme.example.com", "acme.test"}}
	bare := federation.Offer{Name: "Bare", Type: providers.SAML}
	search := branding.Options{Methods: [][]branding.Method{{{Type: "FEDERATED"}}, {{Type: "USERNAME_PASSWORD"}}}}
	for name, c := range map[string]struct {
		style  branding.Style
		last   string // cookie
		offers offered
		want   string // buttons
		asks   bool
	}{
		"none":                                      {branding.Style{Version: 2}, "", nil, "", false},
		"Sluice's own look":                         {branding.Style{}, "", offered{google, corp, acme}, "Google Corp- Acme", false},
		"managed login":                             {branding.Style{Version: 2}, "", offered{google, corp, acme}, "Google Corp- Acme", false},
		"managed login that searches by domain":     {branding.Style{Version: 2, Options: search}, "", offered{google, corp, bare}, "Google Bare", true},
		"an order of the style":                     {branding.Style{Version: 2, Options: branding.Options{Providers: []string{"Acme", "Google"}}}, "", offered{google, corp, acme}, "Acme Google Corp-", false},
		"the one of last time":                      {branding.Style{Version: 2, Options: branding.Options{Providers: []string{"Google"}}}, "Acme", offered{google, corp, acme}, "Acme+ Google Corp-", false},
		"one of last time that the client has not":  {branding.Style{Version: 2}, "Gone", offered{google}, "Google", false},
		"the classic look, one of SAML":             {branding.Style{Version: 1}, "", offered{corp}, "Corp-", false},
		"the classic look, all of SAML identified":  {branding.Style{Version: 1}, "", offered{google, corp, acme}, "Google", true},
		"the classic look, one without identifiers": {branding.Style{Version: 1}, "", offered{corp, bare, google}, "Corp- Bare Google", false},
	} {
		v := &visit{h: &Handler{Options: Options{Federation: c.offers}}, r: httptest.NewRequest(http.MethodGet, "/login", nil), style: c.style,
			client: new(userpool.Client)}
		v.client.Settings.SupportedIdentityProviders = []string{"COGNITO"}
		if c.last != "" {
			v.r.AddCookie(&http.Cookie{Name: v.at.CookieName(cookieProvider), Value: c.last})
		}
		got, err := v.offers()
		if err != nil {
			t.Fatal(err)
		}
		var buttons []string
		for _, p := range got.buttons {
			mark := ""
			switch {
			case p.Last:
				mark = "+"
			case p.Down:
				mark = "-"
			}
			buttons = append(buttons, p.Name+mark)
		}
		if text := strings.Join(buttons, " "); text != c.want || got.byDomain != c.asks || !got.local {
			t.Errorf("%s: %q, asks for an address: %t, want %q, %t", name, text, got.byDomain, c.want, c.asks)
		}
	}
}

func TestTheDomainOfAnAddressChoosesTheProvider(t *testing.T) {
	t.Parallel()
	v := &visit{h: &Handler{Options: Options{Federation: offered{{Name: "Corp", Type: providers.SAML, Identifiers: []string{"other", "corp.example.com"}}}}},
		client: new(userpool.Client), query: map[string][]string{"client_id": {"c"}, "state": {"s"}}}
	for address, want := range map[string]string{
		"ada@corp.example.com":       "/oauth2/authorize?client_id=c&idp_identifier=corp.example.com&login_hint=ada%40corp.example.com&state=s",
		"  Ada@CORP.Example.com ":    "/oauth2/authorize?client_id=c&idp_identifier=corp.example.com&login_hint=Ada%40CORP.Example.com&state=s",
		"\"a@b\"@corp.example.com":   "/oauth2/authorize?client_id=c&idp_identifier=corp.example.com&login_hint=%22a%40b%22%40corp.example.com&state=s",
		"ada@sub.corp.example.com":   "",
		"ada@corp.example.com.evil":  "",
		"ada@evil.corp.example.com.": "",
	} {
		w := httptest.NewRecorder()
		v.w, v.r, v.form = w, httptest.NewRequest(http.MethodPost, "/login", nil), map[string][]string{"email": {address}}
		identifier, known, err := v.domainOf(address)
		if err != nil || known != (want != "") {
			t.Errorf("%s: %q, %t, %v", address, identifier, known, err)
			continue
		}
		if !known {
			continue
		}
		if err := v.useDomain(); err != nil || w.Header().Get("Location") != want {
			t.Errorf("%s leads to %q, want %q", address, w.Header().Get("Location"), want)
		}
	}
}
