package pull

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/profiles"
	"github.com/sluicegate/sluice/userpool/providers"
)

// years is long before a pull.
var years = time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC).UnixMilli()

var accounts = []providers.Identity{
	{UserID: "g1", ProviderName: "Google", ProviderType: "Google", DateCreated: years},
	{UserID: "o1", ProviderName: "Okta", ProviderType: "OIDC", DateCreated: years},
	{UserID: "s1", ProviderName: "Saml", ProviderType: "SAML", DateCreated: years},
}

// pullProviders brings the providers of the accounts.
func (l *later) pullProviders() {
	l.t.Helper()
	l.authorities = map[string]string{}
	metadata := assertiontest.New(l.t, "https://saml.test", l.Clock.Now()).Metadata()
	for _, p := range []types.IdentityProviderType{
		{ProviderName: new("Google"), ProviderType: "Google", ProviderDetails: map[string]string{"client_id": "c", "client_secret": "s", "authorize_scopes": "openid"}},
		{ProviderName: new("Okta"), ProviderType: "OIDC", ProviderDetails: map[string]string{"client_id": "c", "client_secret": "s", "authorize_scopes": "openid",
			"oidc_issuer": "https://okta.test", "attributes_request_method": "GET"}},
		{ProviderName: new("Saml"), ProviderType: "SAML", ProviderDetails: map[string]string{"MetadataFile": metadata}},
	} {
		if err := l.provider(l.t.Context(), &p); err != nil {
			l.t.Fatal(err)
		}
	}
}

// signIn signs in with an account and returns the sub of its user.
func (l *later) signIn(i providers.Identity, client string) (string, error) {
	l.t.Helper()
	p, err := l.Providers.Get(l.t.Context(), l.p.ID, i.ProviderName)
	if err != nil {
		l.t.Fatal(err)
	}
	pool, c, err := l.Pools.ClientOf(l.t.Context(), l.p.ID, client)
	if err != nil {
		l.t.Fatal(err)
	}
	proof := &providers.Proof{Subject: i.UserID}
	if p.Type == providers.SAML {
		proof.Issuer = "https://saml.test"
	}
	by, err := l.Profiles.SignIn(l.t.Context(), p, pool, c, proof, userpool.ClientContext{})
	if err != nil {
		return "", err
	}
	return by.User.Sub, nil
}

func (l *later) everyProvider() string {
	return l.Client(l.p.ID, userpool.ClientSettings{SupportedIdentityProviders: []string{"COGNITO", "Google", "Okta", "Saml"}}).ID
}

// A link is older at the old pool than the provider is here.
func TestPulledLinksSignTheirUserIn(t *testing.T) {
	l := newLater(t, func(o *idp.Options) { o.Fetch = http.DefaultClient })
	l.pullProviders()
	client := l.everyProvider()
	l.User(l.p.ID, "alice")
	u := l.there("alice", time.Time{}, nil)
	u.identities = accounts
	if err := l.base.Update(t.Context(), func(tx store.Tx) error { return l.link(tx, u) }); err != nil {
		t.Fatal(err)
	}
	for _, i := range accounts {
		if sub, err := l.signIn(i, client); err != nil || sub != u.entry.Sub {
			t.Errorf("%s: %s, %v", i.ProviderName, sub, err)
		}
	}
	// The link is one of that provider, and not of another one that takes the name.
	l.User(l.p.ID, "bob")
	u = l.there("bob", time.Time{}, nil)
	u.identities = []providers.Identity{{UserID: "o2", ProviderName: "Okta", ProviderType: "OIDC", DateCreated: years}}
	if err := l.base.Update(t.Context(), func(tx store.Tx) error { return l.link(tx, u) }); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Providers.Update(t.Context(), providers.Change{PoolID: l.p.ID, Name: "Okta", Details: map[string]string{"client_id": "c", "client_secret": "s",
		"authorize_scopes": "openid", "oidc_issuer": "https://evil.test", "attributes_request_method": "GET"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.signIn(u.identities[0], client); !isRefusal(err) {
		t.Error("another issuer signs the user in:", err)
	}
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*providers.Refusal](err)
	return ok
}

func TestALaterPullBringsLinks(t *testing.T) {
	l := newLater(t, func(o *idp.Options) { o.Fetch = http.DefaultClient })
	l.pullProviders()
	client := l.everyProvider()
	l.User(l.p.ID, "alice")
	l.User(l.p.ID, "bob")
	u := l.there("alice", time.Time{}, nil)
	u.identities = accounts
	// An earlier release brought one without its issuer.
	bare, _ := l.identity(u.entry.Sub, &accounts[0])
	bare.Issuer = ""
	if err := l.base.Update(t.Context(), func(tx store.Tx) error { return tx.UserIdentities.Insert(bare) }); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]profiles.Account{"bob": {Provider: "Okta", Attribute: providers.Subject, Value: "o1"},
		"alice": {Provider: "Okta", Attribute: providers.Subject, Value: "gone"}} {
		if err := l.Profiles.Link(t.Context(), l.p.ID, profiles.Account{Provider: "Cognito", Value: name}, at); err != nil {
			t.Fatal(err)
		}
	}
	gone := profiles.Account{Provider: "Okta", Attribute: providers.Subject, Value: "gone"}
	if err := l.Profiles.Disable(t.Context(), l.p.ID, gone); err != nil {
		t.Fatal(err)
	}
	u.identities = append(u.identities[:3:3], providers.Identity{UserID: "gone", ProviderName: "Okta", ProviderType: "OIDC", DateCreated: years})
	if changed, err := l.refresh(t.Context(), l.p, u); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if changed, err := l.refresh(t.Context(), l.p, u); err != nil || changed {
		t.Error("the same pull again changes the links:", changed, err)
	}
	for _, i := range accounts {
		sub, err := l.signIn(i, client)
		if err != nil || (sub == u.entry.Sub) != (i.ProviderName != "Okta") {
			t.Errorf("%s: %s, %v", i.ProviderName, sub, err)
		}
	}
	if sub, err := l.signIn(u.identities[3], client); err == nil && sub == u.entry.Sub {
		t.Error("an account that was taken off here is back")
	}
	if notes := strings.Join(l.report.Notes, "\n"); !strings.Contains(notes, "user alice: an account at Okta is linked at the old pool") {
		t.Error(notes)
	}
}
