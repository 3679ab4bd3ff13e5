package signin_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestStatesStopASignIn(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	open := allFlows
	open.PreventUserExistenceErrors = "LEGACY"
	legacy := h.Client(p.ID, open)
	ctx := t.Context()

	t.Run("a disabled user; the error comes before the proof unless the client hides user existence", func(t *testing.T) {
		h.User(p.ID, "disabled")
		if err := h.Users.AdminDisableUser(ctx, p.ID, "disabled"); err != nil {
			t.Fatal(err)
		}
		for client, text := range map[string]string{c.ID: wrong, legacy.ID: "User is disabled."} {
			_, err := h.SignIn(client, "disabled", password)
			wantFault(t, err, fault.NotAuthorized, "User is disabled.")
			_, err = h.SignIn(client, "disabled", "Wrong-horse-7")
			wantFault(t, err, fault.NotAuthorized, text)
			_, err = h.SRPSignIn(p.ID, client, "disabled", password)
			wantFault(t, err, fault.NotAuthorized, "User is disabled.")
			_, err = h.SRPSignIn(p.ID, client, "disabled", "Wrong-horse-7")
			wantFault(t, err, fault.NotAuthorized, text)
		}
		if err := h.Users.AdminEnableUser(ctx, p.ID, "disabled"); err != nil {
			t.Fatal(err)
		}
		h.MustSignIn(c.ID, "disabled")
	})
	t.Run("unconfirmed", func(t *testing.T) {
		if _, err := h.Users.SignUp(ctx, directory.SignUpInput{ClientID: c.ID, Username: "new", Password: password}); err != nil {
			t.Fatal(err)
		}
		_, err := h.SignIn(c.ID, "new", password)
		wantFault(t, err, fault.UserNotConfirmed, "User is not confirmed.")
		_, err = h.SRPSignIn(p.ID, c.ID, "new", password)
		wantFault(t, err, fault.UserNotConfirmed, "User is not confirmed.")
	})
	t.Run("reset required, after the proof", func(t *testing.T) {
		h.User(p.ID, "reset", userpool.Attribute{Name: "email", Value: "r@example.com"}, userpool.Attribute{Name: "email_verified", Value: "true"})
		if err := h.Users.AdminResetUserPassword(ctx, directory.AdminReset{PoolID: p.ID, Username: "reset"}); err != nil {
			t.Fatal(err)
		}
		_, err := h.SignIn(c.ID, "reset", "Wrong-horse-7")
		wantFault(t, err, fault.NotAuthorized, wrong)
		_, err = h.SignIn(c.ID, "reset", password)
		wantFault(t, err, fault.PasswordResetRequired, "Password reset required for the user")
		if err := h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, Username: "reset", Code: h.Code(), Password: "Another-horse-8"}); err != nil {
			t.Fatal(err)
		}
		if out, err := h.SignIn(c.ID, "reset", "Another-horse-8"); err != nil || out.Tokens == nil {
			t.Error(out, err)
		}
	})
	t.Run("an expired temporary password", func(t *testing.T) {
		if _, err := h.Users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: p.ID, Username: "late", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
			t.Fatal(err)
		}
		h.Clock.Forward(7 * 24 * time.Hour)
		_, err := h.SignIn(c.ID, "late", password)
		wantFault(t, err, fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	})
}

func TestWrongPasswordsLockOut(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	for _, name := range []string{"alice", "nobody"} { // a name that no user has is locked like a user
		t.Run(name, func(t *testing.T) {
			for range 5 {
				_, err := h.SignIn(c.ID, name, "Wrong-horse-7")
				wantFault(t, err, fault.NotAuthorized, wrong)
			}
			for lock := time.Second; lock <= 4*time.Second; lock *= 2 {
				for range 3 { // attempts during the lock are not counted
					_, err := h.SignIn(c.ID, name, password)
					wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
				}
				_, err := h.SRPSignIn(p.ID, c.ID, name, password)
				wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
				h.Clock.Forward(lock)
				_, err = h.SignIn(c.ID, name, "Wrong-horse-7")
				wantFault(t, err, fault.NotAuthorized, wrong)
			}
			h.Clock.Forward(15 * time.Minute)
			_, err := h.SignIn(c.ID, name, "Wrong-horse-7")
			wantFault(t, err, fault.NotAuthorized, wrong)
			if name == "alice" {
				h.MustSignIn(c.ID, name)
			}
		})
	}
	t.Run("it survives a restart", func(t *testing.T) {
		for range 5 {
			_, err := h.SignIn(c.ID, "alice", "Wrong-horse-7")
			wantFault(t, err, fault.NotAuthorized, wrong)
		}
		h.Restart()
		_, err := h.SignIn(c.ID, "alice", password)
		wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
	})
	t.Run("concurrent guesses get no more tries than sequential ones", func(t *testing.T) {
		h.User(p.ID, "burst")
		results := make(chan error, 40)
		for range cap(results) {
			go func() {
				_, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_PASSWORD_AUTH",
					Parameters: map[string]string{"USERNAME": "burst", "PASSWORD": "Wrong-horse-7"}})
				results <- err
			}()
		}
		looked := 0
		for range cap(results) {
			if text, _ := fault.Message(<-results); text == wrong {
				looked++
			}
		}
		if looked < 5 || looked > 9 {
			t.Errorf("%d concurrent guesses were compared", looked)
		}
	})
}

func TestUnknownUsersLookLikeKnownOnes(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	hidden := h.Client(p.ID, allFlows)
	open := allFlows
	open.PreventUserExistenceErrors = "LEGACY"
	legacy := h.Client(p.ID, open)
	h.User(p.ID, "alice")

	t.Run("LEGACY returns UserNotFoundException", func(t *testing.T) {
		_, err := h.SignIn(legacy.ID, "nobody", password)
		wantFault(t, err, fault.UserNotFound, "User does not exist.")
		_, err = h.SRPSignIn(p.ID, legacy.ID, "nobody", password)
		wantFault(t, err, fault.UserNotFound, "User does not exist.")
		_, err = h.SignIn(legacy.ID, "alice", "Wrong-horse-7")
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("ENABLED returns the error of a wrong password", func(t *testing.T) {
		_, err := h.SignIn(hidden.ID, "nobody", password)
		wantFault(t, err, fault.NotAuthorized, wrong)
		_, err = h.SRPSignIn(p.ID, hidden.ID, "nobody", password)
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("the simulated salt is stable and has the form of a salt", func(t *testing.T) {
		client := userpooltest.NewSRPClient(t)
		one, err := h.BeginSRP(client, hidden.ID, "nobody")
		if err != nil {
			t.Fatal(err)
		}
		h.Restart()
		two, err := h.BeginSRP(client, hidden.ID, "nobody")
		if err != nil {
			t.Fatal(err)
		}
		real, err := h.BeginSRP(client, hidden.ID, "alice")
		if err != nil {
			t.Fatal(err)
		}
		if one.Parameters["SALT"] != two.Parameters["SALT"] || one.Parameters["SRP_B"] == two.Parameters["SRP_B"] {
			t.Error("the salt must be the same each time, and B must differ")
		}
		for k := range real.Parameters {
			if one.Parameters[k] == "" {
				t.Errorf("%s is missing", k)
			}
		}
		if len(one.Parameters["SECRET_BLOCK"]) < len(real.Parameters["SECRET_BLOCK"])-64 {
			t.Error("the SECRET_BLOCK reveals whether the user exists")
		}
		if _, err := hex.DecodeString(pad2(one.Parameters["SALT"])); err != nil {
			t.Error(err)
		}
		if one.Parameters["USERNAME"] != "nobody" || one.Parameters["USER_ID_FOR_SRP"] != "nobody" {
			t.Error(one.Parameters["USERNAME"])
		}
	})
}

func pad2(s string) string {
	if len(s)%2 == 1 {
		return "0" + s
	}
	return s
}

func TestSignInsAreCountedByFlowAndResult(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	out := h.MustSignIn(c.ID, "alice")
	_, err := h.SignIn(c.ID, "alice", "Wrong-horse-7")
	wantFault(t, err, fault.NotAuthorized, wrong)
	if _, err := h.SRPSignIn(p.ID, c.ID, "alice", password); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Refresh(c.ID, out.RefreshToken); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[[2]string]int{{"USER_PASSWORD_AUTH", "ok"}: 1, {"USER_PASSWORD_AUTH", "NotAuthorized"}: 1, {"USER_SRP_AUTH", "challenge"}: 1,
		{"USER_SRP_AUTH", "ok"}: 1, {"REFRESH_TOKEN_AUTH", "ok"}: 1} {
		if got := h.Counts.Of(k[0], k[1]); got != want {
			t.Errorf("%s: %d, want %d", k, got, want)
		}
	}
}

// Threat: a NUL reaches a store that cannot hold it, and the call fails inside.
func TestAParameterHasNoNUL(t *testing.T) {
	h := newHarness(t)
	c := h.Client(h.Pool(userpool.PoolSettings{}).ID, allFlows)
	for _, name := range []string{"USERNAME", "DEVICE_KEY"} {
		params := map[string]string{"USERNAME": "alice", "PASSWORD": password}
		params[name] = "x\x00"
		_, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_PASSWORD_AUTH", Parameters: params})
		wantFault(t, err, fault.InvalidParameter, "The parameter "+name+" must not contain a NUL character.")
	}
}
