package userpool_test

import (
	"context"
	"errors"
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

func TestSignUpIsClosedWhereOnlyAdministratorsCreateUsers(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AdminCreateUserConfig: &userpool.AdminCreateConfig{AllowAdminCreateUserOnly: true}})
	c := h.client(p.ID, allFlows)
	_, err := h.signUp(c.ID, "alice")
	wantFault(t, err, fault.NotAuthorized, "SignUp is not permitted for this user pool")
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
