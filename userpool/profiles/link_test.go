package profiles_test

import (
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/profiles"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func account(provider, attribute, value string) profiles.Account {
	return profiles.Account{Provider: provider, Attribute: attribute, Value: value}
}

func local(name string) profiles.Account { return account("Cognito", "", name) }

func (h *house) link(destination, source profiles.Account) {
	h.t.Helper()
	if err := h.Profiles.Link(h.t.Context(), h.pool, destination, source); err != nil {
		h.t.Fatal(err)
	}
}

const subject = providers.Subject

func TestALinkedAccountSignsItsUserIn(t *testing.T) {
	h, lambda := enter(t, settings(), func(userpooltest.Event) error { return nil })
	ann := h.User(h.pool, "ann", userpool.Attribute{Name: "email", Value: "ann@b.test"}, userpool.Attribute{Name: "email_verified", Value: "true"})
	h.link(local("ann"), account("Google", subject, "108"))
	lambda.Sources()
	at := h.Clock.Now().UnixMilli()
	if got, want := h.Attribute(h.pool, "ann", "identities"), fmt.Sprintf(`[{"userId":"108","providerName":"Google","providerType":"Google","issuer":null,"primary":false,"dateCreated":%d}]`, at); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	by := h.must("Google", proof("108", "display", "Ann", "mail", "ann@b.test"))
	if by.User.Sub != ann.Sub || by.User.Username != "ann" || by.User.Status != "CONFIRMED" || by.User.Attributes["name"] != "Ann" || by.User.Attributes["email_verified"] != "true" {
		t.Errorf("%+v", by.User)
	}
	if got := claim(t, h.idToken(by), "cognito:groups"); got != "" {
		t.Error("a linked user joins the provider's group:", got)
	}
	if got := fmt.Sprint(lambda.Sources()); got != "[InboundFederation_ExternalProvider PreAuthentication_Authentication PostAuthentication_Authentication TokenGeneration_HostedAuth]" {
		t.Error(got)
	}
	h.MustSignIn(h.client, "ann") // the password still works
	other := h.must("Google", proof("109", "mail", "ann@b.test", "mail_ok", "true"))
	if other.User.Sub == ann.Sub {
		t.Error("another account is linked")
	}

	// The destination can be a user of a provider.
	h.link(account("Google", "anything", "109"), account("Corp", subject, "c9"))
	if by := h.must("Corp", proof("c9")); by.User.Sub != other.User.Sub {
		t.Error("another user")
	}
}

func TestAccountsThatCannotBeLinked(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	h.User(h.pool, "ann")
	h.User(h.pool, "bob")
	h.User(h.pool, "born", userpool.Attribute{Name: "custom:born", Value: "1990"})
	h.must("Corp", proof("known"))
	h.link(local("ann"), account("Corp", subject, "1"))
	for name, c := range map[string]struct {
		destination, source profiles.Account
		kind                fault.Kind
		text                string
	}{
		"has a profile":     {local("ann"), account("Corp", subject, "known"), fault.InvalidParameter, "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link"},
		"of another user":   {local("bob"), account("Corp", subject, "1"), fault.InvalidParameter, "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link"},
		"twice":             {local("ann"), account("Corp", subject, "1"), fault.InvalidParameter, "SourceUser is already linked to DestinationUser"},
		"native":            {local("ann"), local("bob"), fault.InvalidParameter, "Invalid SourceUser: Cognito users with a username/password may not be passed in as a SourceUser, only as a DestinationUser"},
		"no such user":      {local("nobody"), account("Corp", subject, "2"), fault.UserNotFound, "User does not exist."},
		"no such account":   {account("Corp", subject, "nobody"), account("Corp", subject, "2"), fault.UserNotFound, "User does not exist."},
		"no such provider":  {local("ann"), account("None", subject, "2"), fault.ResourceNotFound, "Identity provider None does not exist."},
		"social attribute":  {local("ann"), account("Google", "email", "a@b.test"), fault.InvalidParameter, "*"},
		"unmapped":          {local("ann"), account("Corp", "phone_number", "+12345"), fault.InvalidParameter, "*"},
		"empty":             {local("ann"), account("Corp", subject, ""), fault.InvalidParameter, "*"},
		"immutable":         {local("born"), account("Corp", subject, "2"), fault.InvalidParameter, "Invalid DestinationUser: the attribute custom:born of the user cannot be updated."},
		"no such user pool": {local("ann"), account("Corp", subject, "2"), fault.ResourceNotFound, "*"},
	} {
		pool := h.pool
		if name == "no such user pool" {
			pool = "us-east-1_none"
		}
		userpooltest.WantFault(t, h.Profiles.Link(t.Context(), pool, c.destination, c.source), c.kind, c.text)
	}
	for i := range 4 {
		h.link(local("ann"), account("Other", subject, fmt.Sprint(i)))
	}
	userpooltest.WantFault(t, h.Profiles.Link(t.Context(), h.pool, local("ann"), account("Other", subject, "5")), fault.LimitExceeded, "*")
	for _, name := range []string{"email", "name", "custom:team", "custom:born"} {
		h.link(local("bob"), account("Other", name, "x"))
	}
	userpooltest.WantFault(t, h.Profiles.Link(t.Context(), h.pool, local("bob"), account("Other", "email_verified", "x")), fault.LimitExceeded, "*")
}

func TestALinkByAnAttributeBecomesOneByTheSubject(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	ann := h.User(h.pool, "ann")
	h.link(local("ann"), account("Saml", "email", "ann@b.test"))
	// The provider says itself that the address is not verified.
	if by := h.must("Saml", proof("evil", "mail", "ann@b.test", "mail_ok", "false")); by.User.Sub == ann.Sub {
		t.Fatal("an unverified address signs a user in")
	}
	h.must("Corp", proof("evil", "mail", "ann@b.test")) // another provider's address
	by := h.must("Saml", &providers.Proof{Subject: "N1", Issuer: "urn:idp", Attributes: map[string]string{"mail": "ann@b.test"}})
	if by.User.Sub != ann.Sub {
		t.Fatalf("%+v", by.User)
	}
	if list, err := providers.ReadIdentities(&by.User); err != nil || len(list) != 1 || list[0].UserID != "N1" || *list[0].Issuer != "urn:idp" || list[0].Primary {
		t.Errorf("%+v %v", list, err)
	}
	if by := h.must("Saml", &providers.Proof{Subject: "N1", Issuer: "urn:idp"}); by.User.Sub != ann.Sub {
		t.Error("another user without the address")
	}
	// The link is spent: the address alone is worth nothing any more.
	if by := h.must("Saml", &providers.Proof{Subject: "N2", Attributes: map[string]string{"mail": "ann@b.test"}}); by.User.Sub == ann.Sub {
		t.Error("the address signs another account in")
	}
	userpooltest.WantFault(t, h.Profiles.Disable(t.Context(), h.pool, account("Saml", "email", "ann@b.test")), fault.UserNotFound, "User does not exist.")
}

func TestAFunctionLinksDuringTheFirstSignIn(t *testing.T) {
	var h *house
	var linked error
	h, lambda := enter(t, settings(), func(e userpooltest.Event) error {
		if e.Source() == "PreSignUp_ExternalProvider" {
			linked = h.Profiles.Link(t.Context(), h.pool, local("ann"), account("Corp", subject, "1"))
		}
		return nil
	})
	ann := h.User(h.pool, "ann")
	lambda.Sources()
	if by := h.must("Corp", proof("1", "display", "Ann")); by.User.Sub != ann.Sub || by.User.Attributes["name"] != "Ann" || linked != nil {
		t.Errorf("%+v %v", by.User, linked)
	}
	if got := fmt.Sprint(lambda.Sources()); got != "[InboundFederation_ExternalProvider PreSignUp_ExternalProvider PreAuthentication_Authentication PostAuthentication_Authentication]" {
		t.Error(got)
	}
}

func TestAnAccountIsTakenOff(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	ann := h.User(h.pool, "ann")
	h.link(local("ann"), account("Corp", subject, "1"))
	by := h.must("Corp", proof("1"))
	set, err := h.Tokens.Issue(t.Context(), by.Record().Request(by.Pool, by.Client, "openid"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Refresh(h.client, set.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if err := h.Profiles.Disable(t.Context(), h.pool, account("Corp", subject, "1")); err != nil {
		t.Fatal(err)
	}
	_, err = h.Refresh(h.client, set.RefreshToken)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "*")
	if got := h.Attribute(h.pool, "ann", "identities"); got != "" {
		t.Error(got)
	}
	// What the sign-in left, such as the browser's session, is worth nothing any more.
	if err := h.Store.View(t.Context(), func(tx store.Tx) error {
		u, err := tx.Users.Get(h.pool, ann.Sub)
		if err == nil && by.Record().Check(&u) == nil {
			t.Error("the session goes on")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if by := h.must("Corp", proof("1")); by.User.Sub == ann.Sub || by.User.Username != "Corp_1" {
		t.Errorf("%+v", by.User)
	}
	h.MustSignIn(h.client, "ann")

	// A provider's own user does not get in any more, and no one gets the user.
	if err := h.Profiles.Disable(t.Context(), h.pool, account("Corp", subject, "1")); err != nil {
		t.Fatal(err)
	}
	h.refused("Corp", proof("1"), "invalid_request", "Already found an entry for username Corp_1")

	// The password of a user of the pool.
	h.link(local("ann"), account("Other", subject, "2"))
	before := h.MustSignIn(h.client, "ann").RefreshToken
	if err := h.Profiles.Disable(t.Context(), h.pool, account("Cognito", subject, "ann")); err != nil {
		t.Fatal(err)
	}
	_, err = h.Refresh(h.client, before)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
	_, err = h.SignIn(h.client, "ann", userpooltest.Password)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	if by := h.must("Other", proof("2")); by.User.Sub != ann.Sub {
		t.Error("another user")
	}
	userpooltest.WantFault(t, h.Profiles.Disable(t.Context(), h.pool, local("nobody")), fault.UserNotFound, "User does not exist.")
}

// Takeover before the fact: someone signs up with another person's address, whose account is linked then.
func TestAUserWhoNeverConfirmedIsNotSignedIn(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	if _, err := h.SignUp(h.client, "ann", userpool.Attribute{Name: "email", Value: "ann@b.test"}); err != nil {
		t.Fatal(err)
	}
	h.link(local("ann"), account("Corp", subject, "1"))
	h.refused("Corp", proof("1"), "invalid_request", "User is not confirmed.")
}
