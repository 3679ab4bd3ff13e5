package profiles_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/profiles"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const notTheirs = "Invalid ProviderName/Username combination. "

// remake deletes the provider Corp and makes it again with an issuer.
func (h *house) remake(issuer string, more ...string) {
	h.t.Helper()
	if err := h.Providers.Delete(h.t.Context(), h.pool, "Corp"); err != nil {
		h.t.Fatal(err)
	}
	details := map[string]string{"client_id": "c", "client_secret": "s", "authorize_scopes": "openid", "attributes_request_method": "GET", "oidc_issuer": issuer}
	for i := 0; i+1 < len(more); i += 2 {
		details[more[i]] = more[i+1]
	}
	if _, err := h.Providers.Create(h.t.Context(), providers.Change{PoolID: h.pool, Name: "Corp", Type: providers.OIDC, Mapping: mapping, Details: details}); err != nil {
		h.t.Fatal(err)
	}
}

// A provider that takes the name of another has its own users.
func TestAnAccountIsOfOneIssuer(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	ada := h.must("Corp", proof("7")).User.Sub
	if text := h.idToken(h.must("Corp", proof("7"))); !strings.Contains(text, `"issuer":null`) { // as AWS: only SAML names it
		t.Error(text)
	}
	h.remake("https://evil.test")
	h.refused("Corp", proof("7"), "invalid_request", notTheirs)
	if h.must("Corp", proof("8")).User.Sub == ada {
		t.Error("another account is the same user")
	}
	h.remake("https://Corp.test")
	if got := h.must("Corp", proof("7")).User.Sub; got != ada {
		t.Errorf("the first issuer again: %s", got)
	}
	h.remake("https://new.test", "former_issuers", "https://older.test https://Corp.test")
	if got := h.must("Corp", proof("7")).User.Sub; got != ada {
		t.Errorf("an issuer that followed: %s", got)
	}
	h.remake("https://new.test")
	if got := h.must("Corp", proof("7")).User.Sub; got != ada {
		t.Errorf("the account has not moved: %s", got)
	}

	at := func(issuer string) *providers.Proof {
		p := proof("9")
		p.Issuer = issuer
		return p
	}
	h.must("Saml", at("https://a.test"))
	h.refused("Saml", at("https://b.test"), "server_error", "Invalid SAML response received: "+notTheirs)
	h.must("Saml", at("https://a.test"))
}

func TestALinkIsForTheProviderThatWasThere(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	h.User(h.pool, "ada", userpool.Attribute{Name: "email", Value: "ada@example.com"})
	for _, account := range []profiles.Account{{Provider: "Corp", Attribute: "email", Value: "ada@example.com"}, {Provider: "Corp", Attribute: providers.Subject, Value: "7"}} {
		if err := h.Profiles.Link(t.Context(), h.pool, profiles.Account{Provider: "Cognito", Value: "ada"}, account); err != nil {
			t.Fatal(err)
		}
	}
	h.Clock.Forward(1e9)
	h.remake("https://evil.test")
	h.refused("Corp", proof("7"), "invalid_request", notTheirs)
	h.refused("Corp", proof("8", "mail", "ada@example.com", "mail_ok", "true"), "invalid_request", notTheirs)
}

// No one can take a name while its provider is away.
func TestNamesOfDeletedProvidersStayReserved(t *testing.T) {
	s := settings()
	s.UsernameConfiguration = &userpool.UsernameConfig{}
	h, _ := enter(t, s, nil)
	if err := h.Providers.Delete(t.Context(), h.pool, "Corp"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Corp_7", "corp_7"} {
		_, err := h.SignUp(h.client, name)
		userpooltest.WantFault(t, err, fault.InvalidParameter, "A user name cannot begin with the name of an identity provider and an underscore.")
	}
	if _, err := h.SignUp(h.client, "corps_7"); err != nil {
		t.Error(err)
	}
}
