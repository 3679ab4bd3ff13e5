package login_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
)

// offers replaces the identity providers of a client.
type offers []federation.Offer

// Offered implements login.Federation.
func (o offers) Offered(context.Context, *oauth.Authorization) ([]federation.Offer, error) {
	return o, nil
}

// Who signs up may do so with a provider, as on AWS's pages.
func TestTheSignUpPageOffersProviders(t *testing.T) {
	t.Parallel()
	s := newSite(t, userpool.PoolSettings{}, userpool.ClientSettings{SupportedIdentityProviders: []string{"COGNITO"}})
	s.federation = offers{{Name: "Google", Type: providers.Google}, {Name: "Corp", Type: providers.SAML, Down: true}}
	s.serve(nil)
	b := s.browser()
	b.get("/signup" + s.query())
	b.wantPage("/signup", 200, "username", "password")
	for _, want := range []string{"Continue with Google", "Continue with Corp"} {
		if !strings.Contains(b.text(), want) {
			t.Errorf("no %q in %s", want, b.text())
		}
	}
	if !strings.Contains(b.body, `/oauth2/authorize?client_id=`+s.client.ID+`&amp;identity_provider=Corp&amp;`) {
		t.Errorf("the button leads elsewhere:\n%s", b.body)
	}
	b.submit("signup", "username", "", "password", "x")
	if b.status != 400 || !strings.Contains(b.text(), "Continue with Google") {
		t.Errorf("after a mistake: %d %s", b.status, b.text())
	}
}
