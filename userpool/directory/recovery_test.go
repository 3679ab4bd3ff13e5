package directory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// A client that hides user existence must get the same sequence of answers for a user and for an unknown name.
func TestRecoveryDoesNotRevealUsers(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	ctx := t.Context()
	row := func(name string) (answers []string) {
		say := func(err error) {
			text, _ := fault.Message(err)
			answers = append(answers, fmt.Sprint(err == nil, " ", fault.KindOf(err), " ", text))
		}
		confirm := func() {
			say(h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password}))
		}
		confirm()
		_, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: name})
		say(err)
		for range 7 {
			confirm()
		}
		for range 5 {
			_, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: name})
			say(err)
		}
		for range 10 {
			confirm()
		}
		say(h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: "weak"}))
		return answers
	}
	known, unknown := row("alice"), row("nobody")
	for i := range known {
		if known[i] != unknown[i] {
			t.Errorf("answer %d: %q for a user, %q for an unknown name", i, known[i], unknown[i])
		}
	}
	one, err1 := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: "ghost"})
	two, err2 := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: "ghost"})
	if err1 != nil || err2 != nil || *one != *two || one.Medium == "" {
		t.Error("the simulated delivery must be stable:", one, two, err1, err2)
	}
}

// held is a carrier that waits until it is released, and then returns an error.
type held struct{ sending, end chan struct{} }

func (h held) Send(context.Context, message.Message) error {
	h.sending <- struct{}{}
	<-h.end
	return errors.New("mail server away")
}

// Neither the response time of the mail server nor its failure reveals whether a user exists, unless the client does not hide
// user existence.
func TestTheMailServerDoesNotRevealUsers(t *testing.T) {
	carrier := held{make(chan struct{}), make(chan struct{})}
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	hidden := h.Client(p.ID, allFlows)
	s := allFlows
	s.PreventUserExistenceErrors = "LEGACY"
	legacy := h.Client(p.ID, s)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	if _, err := h.SignUp(hidden.ID, "bob", attr("email", "bob@example.com")); err != nil {
		t.Fatal(err)
	}
	h.Options.Sender = carrier
	h.Restart()
	d, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: hidden.ID, Username: "alice"})
	if err != nil || d.Destination != "a***@e***" {
		t.Errorf("the call returned before the message was sent: %+v, %v", d, err)
	}
	if _, err := h.Users.ResendConfirmationCode(t.Context(), directory.CodeRequest{ClientID: hidden.ID, Username: "bob"}); err != nil {
		t.Error(err)
	}
	<-carrier.sending
	<-carrier.sending
	drained := make(chan struct{})
	go func() {
		h.Drain()
		close(drained)
	}()
	select {
	case <-drained:
		t.Error("Drain did not wait for the message")
	default:
	}
	close(carrier.end)
	<-drained
	go func() { <-carrier.sending }()
	_, err = h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: legacy.ID, Username: "alice"})
	wantFault(t, err, fault.CodeDeliveryFailure, "*")
}

func TestForgottenPasswords(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	s := allFlows
	s.PreventUserExistenceErrors = "LEGACY"
	c := h.Client(p.ID, s)
	ctx := t.Context()
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	h.User(p.ID, "mute", attr("email", "mute@example.com"))
	_, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: "nobody"})
	wantFault(t, err, fault.UserNotFound, "Username/client id combination not found.")
	_, err = h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: "mute"})
	wantFault(t, err, fault.InvalidParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number")
	if _, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	change := func(code, pass string) error {
		return h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, Username: "alice", Code: code, Password: pass})
	}
	wantFault(t, change(code, "weak"), fault.InvalidPassword, "Password does not conform to policy: Password not long enough")
	wantFault(t, change(userpooltest.WrongCode(code), "Another-horse-8"), fault.CodeMismatch, "*")
	if err := change(code, "Another-horse-8"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, change(code, "Another-horse-9"), fault.ExpiredCode, "*")
	_, err = h.SignIn(c.ID, "alice", password)
	wantFault(t, err, fault.NotAuthorized, wrong)
	if _, err := h.SRPSignIn(p.ID, c.ID, "alice", "Another-horse-8"); err != nil {
		t.Error("the new password must have a hash and an SRP verifier:", err)
	}
	t.Run("a reset code expires after an hour", func(t *testing.T) {
		if _, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
			t.Fatal(err)
		}
		late := h.Code()
		h.Clock.Forward(time.Hour)
		wantFault(t, change(late, "Another-horse-9"), fault.ExpiredCode, "*")
	})
	t.Run("recovery by an administrator only", func(t *testing.T) {
		p := h.Pool(userpool.PoolSettings{AccountRecoverySetting: &userpool.RecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}})
		c := h.Client(p.ID, allFlows)
		_, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: "anybody"})
		wantFault(t, err, fault.NotAuthorized, "Contact administrator to reset password.")
	})
}
