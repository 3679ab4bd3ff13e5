package directory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
)

const (
	mine      = "Another-horse-8"
	adminsOwn = "Adminset-horse-9"
	expired   = "Invalid code provided, please request a code again."
)

// slowHash is a source of randomness that runs a function when the salt of a password is drawn, so that the function runs
// during a call that hashes a password.
type slowHash struct {
	random io.Reader
	during atomic.Pointer[func() error]
}

func (s *slowHash) Read(b []byte) (int, error) {
	if f := s.during.Swap(nil); f != nil {
		if err := (*f)(); err != nil {
			return 0, err
		}
	}
	return s.random.Read(b)
}

func (s *slowHash) meanwhile(f func() error) { s.during.Store(&f) }

func newSlowHarness(t *testing.T) (*harness, *slowHash) {
	slow := &slowHash{}
	h := newHarness(t, func(o *idp.Options) { slow.random, o.Rand = o.Rand, slow })
	return h, slow
}

func addressPool(h *harness) *userpool.PoolDescription {
	return h.Pool(userpool.PoolSettings{AliasAttributes: []string{"email"}, AutoVerifiedAttributes: []string{"email"}})
}

// The attack: use a code in the old mailbox after the password or the address has been replaced.
func TestAResetCodeEndsWithThePasswordAndAddressThatItIsFor(t *testing.T) {
	h := newHarness(t)
	p := addressPool(h)
	c := h.Client(p.ID, allFlows)
	ctx := t.Context()
	for name, replace := range map[string]func(user, access string) error{
		"AdminSetUserPassword": func(user, _ string) error { return h.Users.AdminSetUserPassword(ctx, p.ID, user, adminsOwn, true) },
		"a temporary password": func(user, _ string) error { return h.Users.AdminSetUserPassword(ctx, p.ID, user, adminsOwn, false) },
		"ChangePassword": func(_, access string) error {
			return h.Users.ChangePassword(ctx, access, password, mine, userpool.ClientContext{})
		},
		"an administrator changes the address": func(user, _ string) error {
			return setAdmin(t, h, p.ID, user, attr("email", "new@"+user+".example"), attr("email_verified", "true"))
		},
		"the user changes the address":         func(user, access string) error { return setSelf(t, h, access, "email", "own@"+user+".example") },
		"the address is not verified any more": func(user, _ string) error { return setAdmin(t, h, p.ID, user, attr("email_verified", "false")) },
		"a phone number is added to the user":  func(user, access string) error { return setSelf(t, h, access, "phone_number", "+15550100") },
		"there and back": func(user, _ string) error {
			return errors.Join(setAdmin(t, h, p.ID, user, attr("email", "x@x.example"), attr("email_verified", "true")),
				setAdmin(t, h, p.ID, user, attr("email", user+"@example.com"), attr("email_verified", "true")))
		},
		"ForceAliasCreation moves the address": func(user, _ string) error {
			_, err := h.Users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: p.ID, Username: "heir-" + user, Action: "SUPPRESS", ForceAlias: true,
				Attributes: []userpool.Attribute{attr("email", user+"@example.com"), attr("email_verified", "true")}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			user := strings.ReplaceAll(name, " ", "-")
			h.User(p.ID, user, attr("email", user+"@example.com"), attr("email_verified", "true"))
			access := h.MustSignIn(c.ID, user).AccessToken
			if _, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: user}); err != nil {
				t.Fatal(err)
			}
			code := h.Code()
			if err := replace(user, access); err != nil {
				t.Fatal(err)
			}
			// The client does not hide user existence, so a stand-in cannot be the source of the answer.
			shows := allFlows
			shows.PreventUserExistenceErrors = "LEGACY"
			err := h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: h.Client(p.ID, shows).ID, Username: user, Code: code, Password: "Thieves-horse-1"})
			wantFault(t, err, fault.ExpiredCode, expired)
		})
	}
}

func TestASignUpCodeEndsWithTheAddressThatItWentTo(t *testing.T) {
	h := newHarness(t)
	p := addressPool(h)
	c := h.Client(p.ID, allFlows)
	if _, err := h.SignUp(c.ID, "alice", attr("email", "old@example.com")); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	if err := setAdmin(t, h, p.ID, "alice", attr("email", "new@example.com")); err != nil {
		t.Fatal(err)
	}
	wantFault(t, h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: "alice", Code: code}), fault.ExpiredCode, expired)
	if _, err := h.Users.ResendConfirmationCode(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	if err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: "alice", Code: h.Code()}); err != nil {
		t.Error(err)
	}
}

// Verifying one of two new addresses must not invalidate the code that went to the other.
func TestTwoNewAddressesAreVerifiedOneAfterTheOther(t *testing.T) {
	h := newHarness(t)
	both := []string{"email", "phone_number"}
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: both,
		UserAttributeUpdateSettings: &userpool.UpdateSettings{AttributesRequireVerificationBeforeUpdate: both}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "a@example.com"), attr("phone_number", "+15550100"))
	access := h.MustSignIn(c.ID, "alice").AccessToken
	if _, err := h.Users.UpdateUserAttributes(t.Context(), directory.Update{AccessToken: access,
		Attributes: []userpool.Attribute{attr("email", "b@example.com"), attr("phone_number", "+15550101")}}); err != nil {
		t.Fatal(err)
	}
	mails := h.Mails()
	for i, attribute := range both {
		body := mails[len(mails)-2+i].Body
		if err := h.Users.VerifyUserAttribute(t.Context(), access, attribute, body[len(body)-6:]); err != nil {
			t.Errorf("%s: %v", attribute, err)
		}
	}
	if got := h.Attribute(p.ID, "alice", "phone_number"); got != "+15550101" {
		t.Error(got)
	}
}

func TestAResetCodeIsSpentOnlyTogetherWithANewPassword(t *testing.T) {
	h, slow := newSlowHarness(t)
	p := addressPool(h)
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	if _, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	confirm := func(ctx context.Context, pass string) error {
		return h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, Username: "alice", Code: code, Password: pass})
	}
	slow.meanwhile(func() error { return errors.New("the queue is full") })
	if err := confirm(t.Context(), mine); err == nil {
		t.Fatal("no hash, and no error")
	}
	ctx, hangUp := context.WithCancel(t.Context())
	slow.meanwhile(func() error { hangUp(); return nil })
	if err := confirm(ctx, mine); err == nil {
		t.Fatal("the password was set although the client had disconnected")
	}
	if _, err := h.SignIn(c.ID, "alice", password); err != nil {
		t.Error("the old password:", err)
	}
	// Two calls with the code at once: one of them sets the password.
	slow.meanwhile(func() error { return confirm(t.Context(), adminsOwn) })
	wantFault(t, confirm(t.Context(), mine), fault.ExpiredCode, expired)
	if _, err := h.SignIn(c.ID, "alice", adminsOwn); err != nil {
		t.Error("the password of the first call:", err)
	}
	wantFault(t, confirm(t.Context(), mine), fault.ExpiredCode, expired)
}

// While a user's new password is hashed, an administrator sets another one, because the account was taken over.
func TestAPasswordThatAnAdministratorSetMeanwhileStays(t *testing.T) {
	h, slow := newSlowHarness(t)
	p := addressPool(h)
	c := h.Client(p.ID, allFlows)
	ctx := t.Context()
	temporary := func(user string) string {
		if err := h.Users.AdminSetUserPassword(ctx, p.ID, user, "Temporary-horse-1", false); err != nil {
			t.Fatal(err)
		}
		out, err := h.SignIn(c.ID, user, "Temporary-horse-1")
		if err != nil {
			t.Fatal(err)
		}
		return out.Session
	}
	for name, change := range map[string]func(user string, meanwhile func()) error{
		"NEW_PASSWORD_REQUIRED": func(user string, meanwhile func()) error {
			session := temporary(user)
			meanwhile()
			_, err := h.SignIns.RespondToAuthChallenge(ctx, signin.Answer{ClientID: c.ID, Challenge: "NEW_PASSWORD_REQUIRED", Session: session,
				Responses: map[string]string{"USERNAME": user, "NEW_PASSWORD": mine}})
			return err
		},
		"ChangePassword": func(user string, meanwhile func()) error {
			access := h.MustSignIn(c.ID, user).AccessToken
			meanwhile()
			return h.Users.ChangePassword(ctx, access, password, mine, userpool.ClientContext{})
		},
		"ConfirmForgotPassword": func(user string, meanwhile func()) error {
			if _, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: user}); err != nil {
				t.Fatal(err)
			}
			code := h.Code()
			meanwhile()
			return h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, Username: user, Code: code, Password: mine})
		},
		"an invitation": func(user string, meanwhile func()) error {
			temporary(user)
			meanwhile()
			_, err := h.Users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: p.ID, Username: user, Action: "RESEND", TemporaryPassword: mine})
			return err
		},
	} {
		for _, permanent := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				user := name + map[bool]string{true: " p", false: " t"}[permanent]
				user = strings.ReplaceAll(user, " ", "-")
				h.User(p.ID, user, attr("email", user+"@example.com"), attr("email_verified", "true"))
				err := change(user, func() {
					slow.meanwhile(func() error { return h.Users.AdminSetUserPassword(ctx, p.ID, user, adminsOwn, permanent) })
				})
				if err == nil || fault.Is(err, fault.Internal) {
					t.Error("the change:", err)
				}
				if _, err := h.SignIn(c.ID, user, adminsOwn); err != nil {
					t.Error("the administrator's password:", err)
				}
				if _, err := h.SignIn(c.ID, user, mine); err == nil {
					t.Error("the overwritten password is accepted")
				}
			})
		}
	}
}

func TestADisabledUserGetsNoNewPasswordByACode(t *testing.T) {
	h, slow := newSlowHarness(t)
	p := addressPool(h)
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	if _, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	slow.meanwhile(func() error { return h.Users.AdminDisableUser(t.Context(), p.ID, "alice") })
	err := h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: "alice", Code: code, Password: mine})
	wantFault(t, err, fault.NotAuthorized, "User is disabled")
}

// The attack: a signed-in user has the service send many messages to another person's address.
func TestAUserIsSentFiveCodesAnHourForAddresses(t *testing.T) {
	h := newHarness(t)
	p := addressPool(h)
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "mallory", attr("email", "own@example.com"), attr("email_verified", "true"))
	access := h.MustSignIn(c.ID, "mallory").AccessToken
	for i := range 15 {
		err := setSelf(t, h, access, "email", fmt.Sprintf("victim+%d@example.com", i))
		if i < 5 && err != nil {
			t.Fatal(i, err)
		}
		if i >= 5 {
			wantFault(t, err, fault.TooManyRequests, "Attempt limit exceeded, please try after some time.")
		}
	}
	_, err := h.Users.GetUserAttributeVerificationCode(t.Context(), directory.AttributeCodeRequest{AccessToken: access, Attribute: "email"})
	wantFault(t, err, fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	if n := len(h.Mails()); n != 5 {
		t.Errorf("%d messages were sent", n)
	}
	if err := setSelf(t, h, access, "nickname", "mal"); err != nil {
		t.Error("other attributes are not limited:", err)
	}
}

func TestAnUnconfirmedUserWithoutAnAddressLooksLikeAnUnknownUser(t *testing.T) {
	h := newHarness(t)
	p := addressPool(h)
	c := h.Client(p.ID, allFlows)
	if _, err := h.SignUp(c.ID, "bare"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SignUp(c.ID, "ended", attr("email", "ended@example.com")); err != nil {
		t.Fatal(err)
	}
	if err := h.Users.AdminDisableUser(t.Context(), p.ID, "ended"); err != nil {
		t.Fatal(err)
	}
	sent := len(h.Mails())
	row := func(name string) (answers []string) {
		say := func(err error) {
			text, _ := fault.Message(err)
			answers = append(answers, string(fault.KindOf(err))+" "+text)
		}
		confirm := func() {
			say(h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: name, Code: "nope"}))
		}
		confirm()
		for range 7 {
			d, err := h.Users.ResendConfirmationCode(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: name})
			if say(err); err == nil {
				answers = append(answers, d.Medium+d.Attribute)
			}
		}
		for range 16 {
			confirm()
		}
		return answers
	}
	want := row("nancy")
	for _, name := range []string{"bare", "ended"} {
		if got := row(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q\nunknown user: %q", name, got, want)
		}
	}
	if len(h.Mails()) != sent {
		t.Error("a message was sent")
	}
}
