package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/userpool"
)

type attr = userpool.Attribute

func (h *house) signUp(clientID, name string, attrs ...attr) (*userpool.SignUpResult, error) {
	return h.svc.SignUp(h.t.Context(), userpool.SignUpInput{ClientID: clientID, Username: name, Password: password, Attributes: attrs})
}

func (h *house) attribute(poolID, name, attribute string) string {
	h.t.Helper()
	u, err := h.svc.AdminGetUser(h.t.Context(), poolID, name)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, a := range u.Attributes {
		if a.Name == attribute {
			return a.Value
		}
	}
	return ""
}

func TestSignUpToSignIn(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, AliasAttributes: []string{"email"}})
	c := h.client(p.ID, allFlows)
	ctx := t.Context()
	out, err := h.signUp(c.ID, "alice", attr{"email", "alice@example.com"})
	if err != nil || out.Confirmed || *out.Delivery != (userpool.Delivery{Destination: "a***@e***", Medium: "EMAIL", Attribute: "email"}) {
		t.Fatal(out, err)
	}
	if m := h.mails()[0]; m.To != "alice@example.com" || m.Subject != "Your verification code" || m.Purpose != "signup" {
		t.Error(m)
	}
	first := h.code()
	if _, err := h.svc.ResendConfirmationCode(ctx, c.ID, "", "alice"); err != nil {
		t.Fatal(err)
	}
	second := h.code()
	confirm := func(code string) error {
		return h.svc.ConfirmSignUp(ctx, userpool.ConfirmInput{ClientID: c.ID, Username: "alice", Code: code})
	}
	if first != second {
		wantFault(t, confirm(first), fault.CodeMismatch, "Invalid verification code provided, please try again.")
	}
	wantFault(t, confirm(wrongCode(second)), fault.CodeMismatch, "Invalid verification code provided, please try again.")
	if err := confirm(second); err != nil {
		t.Fatal(err)
	}
	wantFault(t, confirm(second), fault.NotAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
	if h.attribute(p.ID, "alice", "email_verified") != "true" {
		t.Error("the address was proved")
	}
	h.tokens(c.ID, "alice@example.com") // the alias is in force
	if _, err := h.srpSignIn(p.ID, c.ID, "alice@example.com", password); err != nil {
		t.Error("SRP by alias:", err)
	}
}

func TestCodesAreBounded(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.client(p.ID, allFlows)
	ctx := t.Context()
	confirm := func(name, code string) error {
		return h.svc.ConfirmSignUp(ctx, userpool.ConfirmInput{ClientID: c.ID, Username: name, Code: code})
	}
	t.Run("a code dies after five wrong tries, also over a restart", func(t *testing.T) {
		if _, err := h.signUp(c.ID, "alice", attr{"email", "a@example.com"}); err != nil {
			t.Fatal(err)
		}
		code := h.code()
		for range 5 {
			wantFault(t, confirm("alice", wrongCode(code)), fault.CodeMismatch, "*")
			h.restart()
		}
		wantFault(t, confirm("alice", code), fault.ExpiredCode, "Invalid code provided, please request a code again.")
	})
	t.Run("a code dies after a day", func(t *testing.T) {
		if _, err := h.signUp(c.ID, "bob", attr{"email", "b@example.com"}); err != nil {
			t.Fatal(err)
		}
		code := h.code()
		h.clock.forward(24 * time.Hour)
		wantFault(t, confirm("bob", code), fault.ExpiredCode, "Invalid code provided, please request a code again.")
	})
	t.Run("asking again is limited", func(t *testing.T) {
		for range 5 {
			if _, err := h.svc.ResendConfirmationCode(ctx, c.ID, "", "bob"); err != nil {
				t.Fatal(err)
			}
		}
		_, err := h.svc.ResendConfirmationCode(ctx, c.ID, "", "bob")
		wantFault(t, err, fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")
		h.clock.forward(time.Hour)
		if _, err := h.svc.ResendConfirmationCode(ctx, c.ID, "", "bob"); err != nil {
			t.Error(err)
		}
	})
	t.Run("trying is limited", func(t *testing.T) {
		for range 15 {
			if err := confirm("bob", "nope"); fault.Is(err, fault.LimitExceeded) {
				t.Fatal(err)
			}
		}
		wantFault(t, confirm("bob", "nope"), fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	})
	t.Run("a code of one user is none of another", func(t *testing.T) {
		for _, n := range []string{"carol", "dave"} {
			if _, err := h.signUp(c.ID, n, attr{"email", n + "@example.com"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := confirm("carol", h.code()); err == nil {
			t.Error("dave's code confirmed carol")
		}
	})
}

// A client that hides who exists must get the same row of answers for a name that no user has as for a user.
func TestRecoveryTellsNothingAboutExistence(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.client(p.ID, allFlows)
	h.user(p.ID, "alice", attr{"email", "alice@example.com"}, attr{"email_verified", "true"})
	ctx := t.Context()
	row := func(name string) (answers []string) {
		say := func(err error) {
			text, _ := fault.Message(err)
			answers = append(answers, fmt.Sprint(err == nil, " ", fault.KindOf(err), " ", text))
		}
		confirm := func() {
			say(h.svc.ConfirmForgotPassword(ctx, userpool.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password}))
		}
		confirm()
		_, err := h.svc.ForgotPassword(ctx, c.ID, "", name)
		say(err)
		for range 7 {
			confirm()
		}
		for range 5 {
			_, err := h.svc.ForgotPassword(ctx, c.ID, "", name)
			say(err)
		}
		for range 10 {
			confirm()
		}
		say(h.svc.ConfirmForgotPassword(ctx, userpool.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: "weak"}))
		return answers
	}
	known, unknown := row("alice"), row("nobody")
	for i := range known {
		if known[i] != unknown[i] {
			t.Errorf("answer %d: %q for a user, %q for nobody", i, known[i], unknown[i])
		}
	}
	one, err1 := h.svc.ForgotPassword(ctx, c.ID, "", "ghost")
	two, err2 := h.svc.ForgotPassword(ctx, c.ID, "", "ghost")
	if err1 != nil || err2 != nil || *one != *two || one.Medium == "" {
		t.Error("the simulated delivery must be stable:", one, two, err1, err2)
	}
}

func TestForgottenPasswords(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	s := allFlows
	s.PreventUserExistenceErrors = "LEGACY"
	c := h.client(p.ID, s)
	ctx := t.Context()
	h.user(p.ID, "alice", attr{"email", "alice@example.com"}, attr{"email_verified", "true"})
	h.user(p.ID, "mute", attr{"email", "mute@example.com"})
	_, err := h.svc.ForgotPassword(ctx, c.ID, "", "nobody")
	wantFault(t, err, fault.UserNotFound, "Username/client id combination not found.")
	_, err = h.svc.ForgotPassword(ctx, c.ID, "", "mute")
	wantFault(t, err, fault.InvalidParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number")
	if _, err := h.svc.ForgotPassword(ctx, c.ID, "", "alice"); err != nil {
		t.Fatal(err)
	}
	code := h.code()
	change := func(code, pass string) error {
		return h.svc.ConfirmForgotPassword(ctx, userpool.ForgotInput{ClientID: c.ID, Username: "alice", Code: code, Password: pass})
	}
	wantFault(t, change(code, "weak"), fault.InvalidPassword, "Password did not conform with policy: Password not long enough")
	wantFault(t, change(wrongCode(code), "Another-horse-8"), fault.CodeMismatch, "*")
	if err := change(code, "Another-horse-8"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, change(code, "Another-horse-9"), fault.ExpiredCode, "*")
	_, err = h.signIn(c.ID, "alice", password)
	wantFault(t, err, fault.NotAuthorized, wrong)
	if _, err := h.srpSignIn(p.ID, c.ID, "alice", "Another-horse-8"); err != nil {
		t.Error("the change made both hash and verifier:", err)
	}
	t.Run("a reset code dies after an hour", func(t *testing.T) {
		if _, err := h.svc.ForgotPassword(ctx, c.ID, "", "alice"); err != nil {
			t.Fatal(err)
		}
		late := h.code()
		h.clock.forward(time.Hour)
		wantFault(t, change(late, "Another-horse-9"), fault.ExpiredCode, "*")
	})
	t.Run("recovery by an administrator only", func(t *testing.T) {
		p := h.pool(userpool.PoolSettings{AccountRecoverySetting: &userpool.RecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}})
		c := h.client(p.ID, allFlows)
		_, err := h.svc.ForgotPassword(ctx, c.ID, "", "anybody")
		wantFault(t, err, fault.NotAuthorized, "Contact administrator to reset password.")
	})
}

func TestSignUpIsClosedWhereOnlyAdministratorsCreateUsers(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AdminCreateUserConfig: &userpool.AdminCreateConfig{AllowAdminCreateUserOnly: true}})
	c := h.client(p.ID, allFlows)
	_, err := h.signUp(c.ID, "alice")
	wantFault(t, err, fault.NotAuthorized, "SignUp is not permitted for this user pool")
}

func TestPoolsWhoseUsersSignInByAddress(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{UsernameAttributes: []string{"email"}, AutoVerifiedAttributes: []string{"email"}})
	c := h.client(p.ID, allFlows)
	_, err := h.signUp(c.ID, "alice")
	wantFault(t, err, fault.InvalidParameter, "Username should be an email.")
	out, err := h.signUp(c.ID, "alice@example.com")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.signUp(c.ID, "alice@example.com")
	wantFault(t, err, fault.UsernameExists, "An account with the given email already exists.")
	if err := h.svc.ConfirmSignUp(t.Context(), userpool.ConfirmInput{ClientID: c.ID, Username: "alice@example.com", Code: h.code()}); err != nil {
		t.Fatal(err)
	}
	tokens := h.tokens(c.ID, "alice@example.com")
	id, access := claims(t, tokens.IDToken), claims(t, tokens.AccessToken)
	if id["cognito:username"] != out.Sub || access["username"] != out.Sub || id["sub"] != out.Sub || id["email"] != "alice@example.com" {
		t.Error(id, access)
	}
	for _, name := range []string{"alice@example.com", out.Sub} {
		u, err := h.svc.AdminGetUser(t.Context(), p.ID, name)
		if err != nil || u.Username != out.Sub {
			t.Errorf("by %s: %v, %v", name, u, err)
		}
	}
	first, err := h.beginSRP(newSRPClient(t), c.ID, "alice@example.com")
	if err != nil || first.Parameters["USERNAME"] != out.Sub || first.Parameters["USER_ID_FOR_SRP"] != out.Sub {
		t.Error(first, err)
	}
	ghost, err := h.beginSRP(newSRPClient(t), c.ID, "nobody@example.com")
	if err != nil || len(ghost.Parameters["USERNAME"]) != 36 {
		t.Error("a ghost of this pool has a sub too:", ghost, err)
	}
	if _, err := h.srpSignIn(p.ID, c.ID, "alice@example.com", password); err != nil {
		t.Error(err)
	}
	h.user(p.ID, "bob@example.com")
	err = h.svc.AdminUpdateUserAttributes(t.Context(), p.ID, "bob@example.com", []attr{{"email", "alice@example.com"}})
	wantFault(t, err, fault.AliasExists, "An account with the given email already exists.")
}

func TestAliasesCountOnlyWhenVerified(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AliasAttributes: []string{"email", "preferred_username"}, AutoVerifiedAttributes: []string{"email"}})
	c := h.client(p.ID, allFlows)
	ctx := t.Context()
	h.user(p.ID, "owner", attr{"email", "shared@example.com"}, attr{"email_verified", "true"})
	h.user(p.ID, "mallory", attr{"email", "shared@example.com"}) // takes the address, unproved

	id := claims(t, h.tokens(c.ID, "shared@example.com").IDToken)
	if id["cognito:username"] != "owner" {
		t.Error("an unverified address signs in", id["cognito:username"])
	}
	err := h.svc.AdminUpdateUserAttributes(ctx, p.ID, "mallory", []attr{{"email_verified", "true"}})
	wantFault(t, err, fault.AliasExists, "An account with the given email already exists.")

	out, err := h.signUp(c.ID, "heir", attr{"email", "shared@example.com"})
	if err != nil {
		t.Fatal(out, err)
	}
	confirm := userpool.ConfirmInput{ClientID: c.ID, Username: "heir", Code: h.code()}
	wantFault(t, h.svc.ConfirmSignUp(ctx, confirm), fault.AliasExists, "An account with the given email already exists.")
	confirm.ForceAlias = true
	if err := h.svc.ConfirmSignUp(ctx, confirm); err != nil {
		t.Fatal("the refusal must not have spent the code:", err)
	}
	if h.attribute(p.ID, "owner", "email_verified") != "false" {
		t.Error("the old owner keeps the mark")
	}
	if id := claims(t, h.tokens(c.ID, "shared@example.com").IDToken); id["cognito:username"] != "heir" {
		t.Error(id["cognito:username"])
	}
}

func TestUsersWriteOnlyWhatTheirClientMay(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, Schema: []userpool.SchemaAttribute{
		{Name: "role", AttributeDataType: "String"}, {Name: "born", AttributeDataType: "Number", Mutable: new(false)},
		{Name: "team", AttributeDataType: "String", StringAttributeConstraints: &userpool.StringConstraints{MinLength: "2", MaxLength: "5"}}}})
	narrow := allFlows
	narrow.WriteAttributes, narrow.ReadAttributes = []string{"email", "custom:team"}, []string{"email", "custom:team"}
	c, plain := h.client(p.ID, narrow), h.client(p.ID, allFlows)
	ctx := t.Context()
	h.user(p.ID, "alice", attr{"email", "alice@example.com"}, attr{"email_verified", "true"}, attr{"custom:role", "user"}, attr{"custom:born", "1990"})
	token := h.tokens(c.ID, "alice").AccessToken
	for name, tc := range map[string]struct {
		attr attr
		kind fault.Kind
		text string
	}{
		"a custom attribute that it may not": {attr{"custom:role", "admin"}, fault.NotAuthorized, "A client attempted to write unauthorized attribute"},
		"the verified mark":                  {attr{"email_verified", "true"}, fault.NotAuthorized, "A client attempted to write unauthorized attribute"},
		"sub":                                {attr{"sub", "x"}, fault.InvalidParameter, "*"},
		"an immutable one":                   {attr{"custom:born", "2000"}, fault.InvalidParameter, "user.custom:born: Attribute cannot be updated.\n"},
		"one that is not there":              {attr{"custom:nothing", "x"}, fault.InvalidParameter, "Invalid user attributes: user.custom:nothing: Attribute does not exist in the schema.\n"},
		"one too short":                      {attr{"custom:team", "x"}, fault.InvalidParameter, "Invalid user attributes: user.custom:team: String must be at least 2 characters\n"},
		"one too long":                       {attr{"custom:team", "xxxxxx"}, fault.InvalidParameter, "Invalid user attributes: user.custom:team: String must be no longer than 5 characters\n"},
		"an address that is none":            {attr{"email", "alice"}, fault.InvalidParameter, "Invalid email address format."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.svc.UpdateUserAttributes(ctx, token, []attr{tc.attr})
			wantFault(t, err, tc.kind, tc.text)
		})
	}
	t.Run("by default the standard ones, no custom ones, may be written and read", func(t *testing.T) {
		token := h.tokens(plain.ID, "alice")
		_, err := h.svc.UpdateUserAttributes(ctx, token.AccessToken, []attr{{"custom:team", "abc"}})
		wantFault(t, err, fault.NotAuthorized, "A client attempted to write unauthorized attribute")
		if _, err := h.svc.UpdateUserAttributes(ctx, token.AccessToken, []attr{{"nickname", "al"}}); err != nil {
			t.Error(err)
		}
		if id := claims(t, token.IDToken); id["custom:role"] != nil || id["email"] == nil {
			t.Error(id)
		}
	})
	t.Run("a client reads what it may", func(t *testing.T) {
		u, err := h.svc.GetUser(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(u.Attributes[1:]); got != "[{email alice@example.com}]" {
			t.Error(got)
		}
	})
	t.Run("a changed address is unverified until it is proved", func(t *testing.T) {
		d, err := h.svc.UpdateUserAttributes(ctx, token, []attr{{"email", "new@example.com"}})
		if err != nil || len(d) != 1 || d[0].Destination != "n***@e***" {
			t.Fatal(d, err)
		}
		if h.attribute(p.ID, "alice", "email_verified") != "false" {
			t.Error("still verified")
		}
		wantFault(t, h.svc.VerifyUserAttribute(ctx, token, "email", wrongCode(h.code())), fault.CodeMismatch, "*")
		if err := h.svc.VerifyUserAttribute(ctx, token, "email", h.code()); err != nil {
			t.Fatal(err)
		}
		if h.attribute(p.ID, "alice", "email_verified") != "true" {
			t.Error("not verified")
		}
	})
	t.Run("a code proves only the address that it was sent to", func(t *testing.T) {
		if _, err := h.svc.UpdateUserAttributes(ctx, token, []attr{{"email", "mine@example.com"}}); err != nil {
			t.Fatal(err)
		}
		code := h.code()
		if err := h.svc.AdminUpdateUserAttributes(ctx, p.ID, "alice", []attr{{"email", "victim@example.com"}}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, h.svc.VerifyUserAttribute(ctx, token, "email", code), fault.ExpiredCode, "*")
		if h.attribute(p.ID, "alice", "email_verified") != "false" {
			t.Error("the victim's address is verified")
		}
	})
}

func TestTheOldAddressStaysUntilTheNewOneIsProvedWhereThePoolSaysSo(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, AliasAttributes: []string{"email"},
		UserAttributeUpdateSettings: &userpool.UpdateSettings{AttributesRequireVerificationBeforeUpdate: []string{"email"}}})
	c := h.client(p.ID, allFlows)
	h.user(p.ID, "alice", attr{"email", "old@example.com"}, attr{"email_verified", "true"})
	token := h.tokens(c.ID, "alice").AccessToken
	if d, err := h.svc.UpdateUserAttributes(t.Context(), token, []attr{{"email", "new@example.com"}}); err != nil || len(d) != 1 {
		t.Fatal(d, err)
	}
	if h.attribute(p.ID, "alice", "email") != "old@example.com" || h.attribute(p.ID, "alice", "email_verified") != "true" {
		t.Error("the old address must stay")
	}
	h.tokens(c.ID, "old@example.com")
	if err := h.svc.VerifyUserAttribute(t.Context(), token, "email", h.code()); err != nil {
		t.Fatal(err)
	}
	h.tokens(c.ID, "new@example.com")
	if h.attribute(p.ID, "alice", "email") != "new@example.com" {
		t.Error("the new address must take its place")
	}
}

func TestNewPasswordRequired(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "email", Required: new(true)}, {Name: "given_name"}}})
	c, other := h.client(p.ID, allFlows), h.client(p.ID, allFlows)
	ctx := t.Context()
	begin := func(name string) *userpool.AuthResult {
		t.Helper()
		if _, err := h.svc.AdminCreateUser(ctx, userpool.AdminCreateInput{PoolID: p.ID, Username: name, TemporaryPassword: password, Action: "SUPPRESS",
			Attributes: []attr{{"email", name + "@example.com"}}}); err != nil {
			t.Fatal(err)
		}
		out, err := h.srpSignIn(p.ID, c.ID, name, password)
		if err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" || out.Session == "" {
			t.Fatal(out, err)
		}
		return out
	}
	out := begin("alice")
	if out.Parameters["requiredAttributes"] != "[]" || out.Parameters["userAttributes"] != `{"email":"alice@example.com"}` || out.Parameters["USER_ID_FOR_SRP"] != "alice" {
		t.Error(out.Parameters)
	}
	answer := func(clientID, session string, responses map[string]string) error {
		_, err := h.respond(clientID, "NEW_PASSWORD_REQUIRED", session, responses)
		return err
	}
	good := map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1"}
	t.Run("what is refused without spending the session", func(t *testing.T) {
		wantFault(t, answer(c.ID, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "weak"}), fault.InvalidPassword, "*")
		wantFault(t, answer(c.ID, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1", "userAttributes.email": "x@example.com"}),
			fault.InvalidParameter, "Cannot modify an already provided email")
		wantFault(t, answer(other.ID, out.Session, good), fault.NotAuthorized, "Invalid session for the user.")
		wantFault(t, answer(c.ID, out.Session+"x", good), fault.NotAuthorized, "Invalid session for the user.")
		wantFault(t, answer(c.ID, "", good), fault.NotAuthorized, "Invalid session for the user.")
	})
	t.Run("attributes may come with it", func(t *testing.T) {
		if err := answer(c.ID, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1", "userAttributes.given_name": "Al"}); err != nil {
			t.Fatal(err)
		}
		if h.attribute(p.ID, "alice", "given_name") != "Al" {
			t.Error("not set")
		}
		wantFault(t, answer(c.ID, out.Session, good), fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		if _, err := h.srpSignIn(p.ID, c.ID, "alice", "Own-password-1"); err != nil {
			t.Error(err)
		}
	})
	t.Run("another user's name does not fit the session", func(t *testing.T) {
		out := begin("bob")
		wantFault(t, answer(c.ID, out.Session, good), fault.NotAuthorized, "Invalid session for the user.")
	})
	t.Run("a session expires", func(t *testing.T) {
		out := begin("carol")
		h.clock.forward(3 * time.Minute)
		wantFault(t, answer(c.ID, out.Session, map[string]string{"USERNAME": "carol", "NEW_PASSWORD": password}), fault.NotAuthorized, "Invalid session for the user, session is expired.")
	})
	t.Run("the new password may be the temporary one, and either call may answer", func(t *testing.T) {
		out := begin("dave")
		got, err := h.svc.RespondToAuthChallenge(ctx, userpool.AuthAnswer{Admin: true, PoolID: p.ID, ClientID: c.ID, Challenge: "NEW_PASSWORD_REQUIRED",
			Session: out.Session, Responses: map[string]string{"USERNAME": "dave", "NEW_PASSWORD": password}})
		if err != nil || got.Tokens == nil {
			t.Error(got, err)
		}
	})
	t.Run("one answer wins a race", func(t *testing.T) {
		out := begin("eve")
		errs := make(chan error, 8)
		for range cap(errs) {
			go func() {
				_, err := h.svc.RespondToAuthChallenge(ctx, userpool.AuthAnswer{ClientID: c.ID, Challenge: "NEW_PASSWORD_REQUIRED",
					Session: out.Session, Responses: map[string]string{"USERNAME": "eve", "NEW_PASSWORD": "Own-password-1"}})
				errs <- err
			}()
		}
		won := 0
		for range cap(errs) {
			if <-errs == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d answers won", won)
		}
	})
}

func TestClientSecrets(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	c, err := h.svc.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "server", GenerateSecret: true, Settings: allFlows})
	if err != nil {
		t.Fatal(err)
	}
	h.user(p.ID, "alice")
	hash := secretHash(c.Secret.Reveal(), "alice", c.ID)
	in := func(params map[string]string) (*userpool.AuthResult, error) {
		return h.svc.InitiateAuth(t.Context(), userpool.AuthRequest{ClientID: c.ID, Flow: "USER_PASSWORD_AUTH", Parameters: params})
	}
	_, err = in(map[string]string{"USERNAME": "alice", "PASSWORD": password})
	wantFault(t, err, fault.NotAuthorized, "Client "+c.ID+" is configured with secret but SECRET_HASH was not received")
	_, err = in(map[string]string{"USERNAME": "alice", "PASSWORD": password, "SECRET_HASH": secretHash("another", "alice", c.ID)})
	wantFault(t, err, fault.NotAuthorized, "Unable to verify secret hash for client "+c.ID)
	out, err := in(map[string]string{"USERNAME": "alice", "PASSWORD": password, "SECRET_HASH": hash})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		hash, text string
	}{"right": {hash, ""}, "missing": {"", "Client " + c.ID + " is configured with secret but SECRET_HASH was not received"},
		"wrong": {"x", "Unable to verify secret hash for client " + c.ID}} {
		t.Run("refresh, hash "+name, func(t *testing.T) {
			params := map[string]string{"REFRESH_TOKEN": out.Tokens.RefreshToken, "SECRET_HASH": tc.hash}
			_, err := h.svc.InitiateAuth(t.Context(), userpool.AuthRequest{ClientID: c.ID, Flow: "REFRESH_TOKEN", Parameters: params})
			if tc.text == "" && err != nil {
				t.Error(err)
			} else if tc.text != "" {
				wantFault(t, err, fault.NotAuthorized, tc.text)
			}
		})
	}
	_, err = h.svc.GetTokensFromRefreshToken(t.Context(), c.ID, "wrong", out.Tokens.RefreshToken)
	wantFault(t, err, fault.NotAuthorized, "*")
	if _, err := h.svc.GetTokensFromRefreshToken(t.Context(), c.ID, c.Secret.Reveal(), out.Tokens.RefreshToken); err != nil {
		t.Error(err)
	}
	wantFault(t, h.svc.RevokeToken(t.Context(), c.ID, "", out.Tokens.RefreshToken), fault.Unauthorized, "*")
	if err := h.svc.RevokeToken(t.Context(), c.ID, c.Secret.Reveal(), out.Tokens.RefreshToken); err != nil {
		t.Error(err)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", c, c), c.Secret.Reveal()) {
		t.Error("the secret shows")
	}
}

// broken is a carrier that is down.
type broken struct{}

func (broken) Send(context.Context, message.Message) error { return errors.New("mail server away") }

func TestAFailedDeliveryIsSaidAndLosesNothing(t *testing.T) {
	h := newHouse(t, func(o *userpool.Options) { o.Sender = broken{} })
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.client(p.ID, allFlows)
	_, err := h.signUp(c.ID, "alice", attr{"email", "a@example.com"})
	wantFault(t, err, fault.CodeDeliveryFailure, "*")
	if _, err := h.svc.AdminGetUser(t.Context(), p.ID, "alice"); err != nil {
		t.Error("the user is there all the same:", err)
	}
}

func TestNamesFoldCaseWhereThePoolSaysSo(t *testing.T) {
	h := newHouse(t)
	folded := h.pool(userpool.PoolSettings{UsernameConfiguration: &userpool.UsernameConfig{CaseSensitive: false}})
	exact := h.pool(userpool.PoolSettings{})
	fc, ec := h.client(folded.ID, allFlows), h.client(exact.ID, allFlows)
	for _, p := range []string{folded.ID, exact.ID} {
		h.user(p, "Alice")
	}
	h.tokens(fc.ID, "aLICE")
	_, err := h.signUp(fc.ID, "ALICE")
	wantFault(t, err, fault.UsernameExists, "User already exists")
	_, err = h.signIn(ec.ID, "aLICE", password)
	wantFault(t, err, fault.NotAuthorized, wrong)
	if _, err := h.signUp(ec.ID, "ALICE"); err != nil {
		t.Error(err)
	}
}

func TestInvitations(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AdminCreateUserConfig: &userpool.AdminCreateConfig{InviteMessageTemplate: &userpool.InviteTemplate{
		EmailSubject: "Welcome", EmailMessage: "<b>{username}</b>: {####}"}}})
	c := h.client(p.ID, allFlows)
	if _, err := h.svc.AdminCreateUser(t.Context(), userpool.AdminCreateInput{PoolID: p.ID, Username: "a<b>", Attributes: []attr{{"email", "a@example.com"}}}); err != nil {
		t.Fatal(err)
	}
	m := h.mails()[0]
	if m.Subject != "Welcome" || !strings.HasPrefix(m.Body, "<b>a&lt;b&gt;</b>: ") || m.Purpose != "invitation" {
		t.Error(m)
	}
	if _, err := h.svc.AdminCreateUser(t.Context(), userpool.AdminCreateInput{PoolID: p.ID, Username: "a<b>", Action: "RESEND"}); err != nil {
		t.Fatal(err)
	}
	if len(h.mails()) != 2 {
		t.Error("no second invitation")
	}
	if _, err := h.svc.AdminCreateUser(t.Context(), userpool.AdminCreateInput{PoolID: p.ID, Username: "quiet", Action: "SUPPRESS", Attributes: []attr{{"email", "q@example.com"}}}); err != nil || len(h.mails()) != 2 {
		t.Error("SUPPRESS sends nothing", err)
	}
	u, err := h.svc.AdminCreateUser(t.Context(), userpool.AdminCreateInput{PoolID: p.ID, Username: "bare"})
	if err != nil || u.Status != "FORCE_CHANGE_PASSWORD" || !u.Enabled || !u.CreatedAt.Equal(u.ModifiedAt) {
		t.Error(u, err)
	}
	_ = c
}
