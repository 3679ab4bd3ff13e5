package directory_test

import (
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// remembers are the settings of a pool with a password history.
func remembers(size int) userpool.PoolSettings {
	return userpool.PoolSettings{Policies: &userpool.Policies{PasswordPolicy: &userpool.PasswordPolicy{PasswordHistorySize: size}}}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func nth(i int) string { return fmt.Sprintf("Password-number-%d", i) }

func TestAPasswordOfTheHistoryIsRefused(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(remembers(3))
	h.User(p.ID, "ann")
	set := func(i int) error { return h.Users.AdminSetUserPassword(t.Context(), p.ID, "ann", nth(i), true) }
	for i := 1; i <= 4; i++ {
		check(t, set(i))
	}
	for _, i := range []int{4, 3, 2} {
		userpooltest.WantFault(t, set(i), fault.PasswordHistory, "Password has previously been used.")
	}
	userpooltest.WantFault(t, h.Users.AdminSetUserPassword(t.Context(), p.ID, "ann", nth(4), false), fault.PasswordHistory, "*")
	check(t, set(1)) // the fourth to last
	userpooltest.WantFault(t, set(3), fault.PasswordHistory, "*")
	u, err := h.Users.AdminGetUser(t.Context(), p.ID, "ann")
	check(t, err)
	check(t, h.Store.View(t.Context(), func(tx store.Tx) error {
		list, err := tx.Passwords.Get(p.ID, u.Sub)
		if len(list) != 2 {
			t.Errorf("%d old hashes are kept beside the current one, want 2", len(list))
		}
		return err
	}))
}

func TestEveryWayToSetAPasswordKeepsToTheHistory(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(remembers(2))
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "ann", userpool.Attribute{Name: "email", Value: "ann@example.com"}, userpool.Attribute{Name: "email_verified", Value: "true"})

	access := h.MustSignIn(c.ID, "ann").AccessToken
	userpooltest.WantFault(t, h.Users.ChangePassword(t.Context(), access, userpooltest.Password, userpooltest.Password, userpool.ClientContext{}), fault.PasswordHistory, "*")
	check(t, h.Users.ChangePassword(t.Context(), access, userpooltest.Password, nth(1), userpool.ClientContext{}))

	_, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "ann"})
	check(t, err)
	code := h.Code()
	reset := func(password string) error {
		return h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: "ann", Code: code, Password: password})
	}
	for _, old := range []string{userpooltest.Password, nth(1)} {
		userpooltest.WantFault(t, reset(old), fault.PasswordHistory, "*")
	}
	check(t, reset(nth(2))) // a refused password does not use up the code

	check(t, h.Users.AdminSetUserPassword(t.Context(), p.ID, "ann", "Temporary-1", false))
	out, err := h.SignIn(c.ID, "ann", "Temporary-1")
	check(t, err)
	answer := func(password string) error {
		_, err := h.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{ClientID: c.ID, Challenge: out.Challenge, Session: out.Session,
			Responses: map[string]string{"USERNAME": "ann", "NEW_PASSWORD": password}})
		return err
	}
	userpooltest.WantFault(t, answer(nth(2)), fault.PasswordHistory, "*")
	check(t, answer("Temporary-1")) // AWS: the new password may equal the temporary one
}

func TestPasswordHistoryNeedsATierAboveLite(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	s := remembers(1)
	s.UserPoolTier = "LITE"
	_, err := h.Pools.CreateUserPool(t.Context(), "lite", s)
	userpooltest.WantFault(t, err, fault.FeatureUnavailableInTier, "*")
	_, err = h.Pools.CreateUserPool(t.Context(), "long", remembers(25))
	userpooltest.WantFault(t, err, fault.InvalidParameter, "*")
}
