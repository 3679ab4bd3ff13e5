package directory_test

import (
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestPoolsWhoseUsersSignInByAddress(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{UsernameAttributes: []string{"email"}, AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	_, err := h.SignUp(c.ID, "alice")
	wantFault(t, err, fault.InvalidParameter, "Username should be an email.")
	out, err := h.SignUp(c.ID, "alice@example.com")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.SignUp(c.ID, "alice@example.com")
	wantFault(t, err, fault.UsernameExists, "An account with the given email already exists.")
	if err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: "alice@example.com", Code: h.Code()}); err != nil {
		t.Fatal(err)
	}
	tokens := h.MustSignIn(c.ID, "alice@example.com")
	id, access := claims(t, tokens.IDToken), claims(t, tokens.AccessToken)
	if id["cognito:username"] != out.Sub || access["username"] != out.Sub || id["sub"] != out.Sub || id["email"] != "alice@example.com" {
		t.Error(id, access)
	}
	for _, name := range []string{"alice@example.com", out.Sub} {
		u, err := h.Users.AdminGetUser(t.Context(), p.ID, name)
		if err != nil || u.Username != out.Sub {
			t.Errorf("by %s: %v, %v", name, u, err)
		}
	}
	first, err := h.BeginSRP(userpooltest.NewSRPClient(t), c.ID, "alice@example.com")
	if err != nil || first.Parameters["USERNAME"] != out.Sub || first.Parameters["USER_ID_FOR_SRP"] != out.Sub {
		t.Error(first, err)
	}
	ghost, err := h.BeginSRP(userpooltest.NewSRPClient(t), c.ID, "nobody@example.com")
	if err != nil || len(ghost.Parameters["USERNAME"]) != 36 {
		t.Error("the USERNAME of an unknown name must have the length of a sub:", ghost, err)
	}
	if _, err := h.SRPSignIn(p.ID, c.ID, "alice@example.com", password); err != nil {
		t.Error(err)
	}
	h.User(p.ID, "bob@example.com")
	err = h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: p.ID, Username: "bob@example.com", Attributes: []userpool.Attribute{attr("email", "alice@example.com")}})
	wantFault(t, err, fault.AliasExists, "An account with the given email already exists.")
}

func TestAliasesCountOnlyWhenVerified(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"email", "preferred_username"}, AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	ctx := t.Context()
	h.User(p.ID, "owner", attr("email", "shared@example.com"), attr("email_verified", "true"))
	h.User(p.ID, "mallory", attr("email", "shared@example.com")) // takes the address, unproved

	id := claims(t, h.MustSignIn(c.ID, "shared@example.com").IDToken)
	if id["cognito:username"] != "owner" {
		t.Error("a user signed in with an unverified address", id["cognito:username"])
	}
	err := h.Users.AdminUpdateUserAttributes(ctx, directory.AdminUpdate{PoolID: p.ID, Username: "mallory", Attributes: []userpool.Attribute{attr("email_verified", "true")}})
	wantFault(t, err, fault.AliasExists, "An account with the given email already exists.")

	out, err := h.SignUp(c.ID, "heir", attr("email", "shared@example.com"))
	if err != nil {
		t.Fatal(out, err)
	}
	confirm := directory.ConfirmInput{ClientID: c.ID, Username: "heir", Code: h.Code()}
	wantFault(t, h.ConfirmSignUp(confirm), fault.AliasExists, "An account with the given email already exists.")
	confirm.ForceAlias = true
	if err := h.ConfirmSignUp(confirm); err != nil {
		t.Fatal("the refusal must not have spent the code:", err)
	}
	if h.Attribute(p.ID, "owner", "email_verified") != "false" {
		t.Error("the address is still verified for its previous owner")
	}
	if id := claims(t, h.MustSignIn(c.ID, "shared@example.com").IDToken); id["cognito:username"] != "heir" {
		t.Error(id["cognito:username"])
	}
}

func TestUsersWriteOnlyWhatTheirClientMay(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, Schema: []userpool.SchemaAttribute{
		{Name: "role", AttributeDataType: "String"}, {Name: "born", AttributeDataType: "Number", Mutable: new(false)},
		{Name: "team", AttributeDataType: "String", StringAttributeConstraints: &userpool.StringConstraints{MinLength: "2", MaxLength: "5"}}}})
	narrow := allFlows
	narrow.WriteAttributes, narrow.ReadAttributes = []string{"email", "custom:team"}, []string{"email", "custom:team"}
	c, plain := h.Client(p.ID, narrow), h.Client(p.ID, allFlows)
	ctx := t.Context()
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"), attr("custom:role", "user"), attr("custom:born", "1990"))
	token := h.MustSignIn(c.ID, "alice").AccessToken
	for name, tc := range map[string]struct {
		attr userpool.Attribute
		kind fault.Kind
		text string
	}{
		"a custom attribute that the client may not write": {attr("custom:role", "admin"), fault.NotAuthorized, "A client attempted to write unauthorized attribute"},
		"the verified mark":    {attr("email_verified", "true"), fault.NotAuthorized, "A client attempted to write unauthorized attribute"},
		"sub":                  {attr("sub", "x"), fault.InvalidParameter, "*"},
		"an immutable one":     {attr("custom:born", "2000"), fault.InvalidParameter, "user.custom:born: Attribute cannot be updated.\n"},
		"an unknown attribute": {attr("custom:nothing", "x"), fault.InvalidParameter, "user.custom:nothing: Attribute does not exist in the schema.\n"},
		"one too short":        {attr("custom:team", "x"), fault.InvalidParameter, "user.custom:team: String must be no shorter than 2 characters\n"},
		"one too long":         {attr("custom:team", "xxxxxx"), fault.InvalidParameter, "user.custom:team: String must be no longer than 5 characters\n"},
		"an invalid address":   {attr("email", "alice"), fault.InvalidParameter, "Invalid email address format."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Users.UpdateUserAttributes(ctx, directory.Update{AccessToken: token, Attributes: []userpool.Attribute{tc.attr}})
			wantFault(t, err, tc.kind, tc.text)
		})
	}
	t.Run("by default the standard ones, no custom ones, may be written and read", func(t *testing.T) {
		token := h.MustSignIn(plain.ID, "alice")
		_, err := h.Users.UpdateUserAttributes(ctx, directory.Update{AccessToken: token.AccessToken, Attributes: []userpool.Attribute{attr("custom:team", "abc")}})
		wantFault(t, err, fault.NotAuthorized, "A client attempted to write unauthorized attribute")
		if _, err := h.Users.UpdateUserAttributes(ctx, directory.Update{AccessToken: token.AccessToken, Attributes: []userpool.Attribute{attr("nickname", "al")}}); err != nil {
			t.Error(err)
		}
		if id := claims(t, token.IDToken); id["custom:role"] != nil || id["email"] == nil {
			t.Error(id)
		}
	})
	t.Run("a client reads what it may", func(t *testing.T) {
		u, err := h.Users.GetUser(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(u.Attributes[1:]); got != "[{email alice@example.com}]" {
			t.Error(got)
		}
	})
	t.Run("a changed address is unverified until it is proved", func(t *testing.T) {
		d, err := h.Users.UpdateUserAttributes(ctx, directory.Update{AccessToken: token, Attributes: []userpool.Attribute{attr("email", "new@example.com")}})
		if err != nil || len(d) != 1 || d[0].Destination != "n***@e***" {
			t.Fatal(d, err)
		}
		if h.Attribute(p.ID, "alice", "email_verified") != "false" {
			t.Error("still verified")
		}
		wantFault(t, h.Users.VerifyUserAttribute(ctx, token, "email", userpooltest.WrongCode(h.Code())), fault.CodeMismatch, "*")
		if err := h.Users.VerifyUserAttribute(ctx, token, "email", h.Code()); err != nil {
			t.Fatal(err)
		}
		if h.Attribute(p.ID, "alice", "email_verified") != "true" {
			t.Error("not verified")
		}
	})
	t.Run("a code proves only the address that it was sent to", func(t *testing.T) {
		if _, err := h.Users.UpdateUserAttributes(ctx, directory.Update{AccessToken: token, Attributes: []userpool.Attribute{attr("email", "mine@example.com")}}); err != nil {
			t.Fatal(err)
		}
		code := h.Code()
		if err := h.Users.AdminUpdateUserAttributes(ctx, directory.AdminUpdate{PoolID: p.ID, Username: "alice", Attributes: []userpool.Attribute{attr("email", "victim@example.com")}}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, h.Users.VerifyUserAttribute(ctx, token, "email", code), fault.CodeMismatch, "*") // the victim got another
		if h.Attribute(p.ID, "alice", "email_verified") != "false" {
			t.Error("the victim's address is verified")
		}
	})
}

func TestTheOldAddressStaysUntilTheNewOneIsProvedWhereThePoolSaysSo(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, AliasAttributes: []string{"email"},
		UserAttributeUpdateSettings: &userpool.UpdateSettings{AttributesRequireVerificationBeforeUpdate: []string{"email"}}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "old@example.com"), attr("email_verified", "true"))
	token := h.MustSignIn(c.ID, "alice").AccessToken
	if d, err := h.Users.UpdateUserAttributes(t.Context(), directory.Update{AccessToken: token, Attributes: []userpool.Attribute{attr("email", "new@example.com")}}); err != nil || len(d) != 1 {
		t.Fatal(d, err)
	}
	if h.Attribute(p.ID, "alice", "email") != "old@example.com" || h.Attribute(p.ID, "alice", "email_verified") != "true" {
		t.Error("the old address must stay")
	}
	h.MustSignIn(c.ID, "old@example.com")
	if err := h.Users.VerifyUserAttribute(t.Context(), token, "email", h.Code()); err != nil {
		t.Fatal(err)
	}
	h.MustSignIn(c.ID, "new@example.com")
	if h.Attribute(p.ID, "alice", "email") != "new@example.com" {
		t.Error("the new address must take its place")
	}
}
