package userpool_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

func TestStatesStopASignIn(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.client(p.ID, allFlows)
	open := allFlows
	open.PreventUserExistenceErrors = "LEGACY"
	legacy := h.client(p.ID, open)
	ctx := t.Context()

	t.Run("disabled, told after the proof only where the client hides who exists", func(t *testing.T) {
		h.user(p.ID, "disabled")
		if err := h.svc.AdminDisableUser(ctx, p.ID, "disabled"); err != nil {
			t.Fatal(err)
		}
		for client, text := range map[string]string{c.ID: wrong, legacy.ID: "User is disabled."} {
			_, err := h.signIn(client, "disabled", password)
			wantFault(t, err, fault.NotAuthorized, "User is disabled.")
			_, err = h.signIn(client, "disabled", "Wrong-horse-7")
			wantFault(t, err, fault.NotAuthorized, text)
			_, err = h.srpSignIn(p.ID, client, "disabled", password)
			wantFault(t, err, fault.NotAuthorized, "User is disabled.")
			_, err = h.srpSignIn(p.ID, client, "disabled", "Wrong-horse-7")
			wantFault(t, err, fault.NotAuthorized, text)
		}
		if err := h.svc.AdminEnableUser(ctx, p.ID, "disabled"); err != nil {
			t.Fatal(err)
		}
		h.tokens(c.ID, "disabled")
	})
	t.Run("unconfirmed", func(t *testing.T) {
		if _, err := h.svc.SignUp(ctx, userpool.SignUpInput{ClientID: c.ID, Username: "new", Password: password}); err != nil {
			t.Fatal(err)
		}
		_, err := h.signIn(c.ID, "new", password)
		wantFault(t, err, fault.UserNotConfirmed, "User is not confirmed.")
		_, err = h.srpSignIn(p.ID, c.ID, "new", password)
		wantFault(t, err, fault.UserNotConfirmed, "User is not confirmed.")
	})
	t.Run("reset required, after the proof", func(t *testing.T) {
		h.user(p.ID, "reset", userpool.Attribute{Name: "email", Value: "r@example.com"}, userpool.Attribute{Name: "email_verified", Value: "true"})
		if err := h.svc.AdminResetUserPassword(ctx, p.ID, "reset"); err != nil {
			t.Fatal(err)
		}
		_, err := h.signIn(c.ID, "reset", "Wrong-horse-7")
		wantFault(t, err, fault.NotAuthorized, wrong)
		_, err = h.signIn(c.ID, "reset", password)
		wantFault(t, err, fault.PasswordResetRequired, "Password reset required for the user")
		if err := h.svc.ConfirmForgotPassword(ctx, userpool.ForgotInput{ClientID: c.ID, Username: "reset", Code: h.code(), Password: "Another-horse-8"}); err != nil {
			t.Fatal(err)
		}
		if out, err := h.signIn(c.ID, "reset", "Another-horse-8"); err != nil || out.Tokens == nil {
			t.Error(out, err)
		}
	})
	t.Run("a temporary password that is over", func(t *testing.T) {
		if _, err := h.svc.AdminCreateUser(ctx, userpool.AdminCreateInput{PoolID: p.ID, Username: "late", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
			t.Fatal(err)
		}
		h.clock.forward(7 * 24 * time.Hour)
		_, err := h.signIn(c.ID, "late", password)
		wantFault(t, err, fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	})
}

func TestWrongPasswordsLockOut(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	c := h.client(p.ID, allFlows)
	h.user(p.ID, "alice")
	for _, name := range []string{"alice", "nobody"} { // a name that no user has is locked like a user
		t.Run(name, func(t *testing.T) {
			for range 5 {
				_, err := h.signIn(c.ID, name, "Wrong-horse-7")
				wantFault(t, err, fault.NotAuthorized, wrong)
			}
			for lock := time.Second; lock <= 4*time.Second; lock *= 2 {
				for range 3 { // attempts during the lock are not counted
					_, err := h.signIn(c.ID, name, password)
					wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
				}
				_, err := h.srpSignIn(p.ID, c.ID, name, password)
				wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
				h.clock.forward(lock)
				_, err = h.signIn(c.ID, name, "Wrong-horse-7")
				wantFault(t, err, fault.NotAuthorized, wrong)
			}
			h.clock.forward(15 * time.Minute)
			_, err := h.signIn(c.ID, name, "Wrong-horse-7")
			wantFault(t, err, fault.NotAuthorized, wrong)
			if name == "alice" {
				h.tokens(c.ID, name)
			}
		})
	}
	t.Run("it survives a restart", func(t *testing.T) {
		for range 5 {
			_, err := h.signIn(c.ID, "alice", "Wrong-horse-7")
			wantFault(t, err, fault.NotAuthorized, wrong)
		}
		h.restart()
		_, err := h.signIn(c.ID, "alice", password)
		wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
	})
	t.Run("a burst of guesses gets no more than a row of them", func(t *testing.T) {
		h.user(p.ID, "burst")
		results := make(chan error, 40)
		for range cap(results) {
			go func() {
				_, err := h.svc.InitiateAuth(t.Context(), userpool.AuthRequest{ClientID: c.ID, Flow: "USER_PASSWORD_AUTH",
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
			t.Errorf("%d guesses were compared", looked)
		}
	})
}

func TestUnknownUsersLookLikeKnownOnes(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	hidden := h.client(p.ID, allFlows)
	open := allFlows
	open.PreventUserExistenceErrors = "LEGACY"
	legacy := h.client(p.ID, open)
	h.user(p.ID, "alice")

	t.Run("LEGACY says so", func(t *testing.T) {
		_, err := h.signIn(legacy.ID, "nobody", password)
		wantFault(t, err, fault.UserNotFound, "User does not exist.")
		_, err = h.srpSignIn(p.ID, legacy.ID, "nobody", password)
		wantFault(t, err, fault.UserNotFound, "User does not exist.")
		_, err = h.signIn(legacy.ID, "alice", "Wrong-horse-7")
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("ENABLED answers as to a wrong password", func(t *testing.T) {
		_, err := h.signIn(hidden.ID, "nobody", password)
		wantFault(t, err, fault.NotAuthorized, wrong)
		_, err = h.srpSignIn(p.ID, hidden.ID, "nobody", password)
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("the fake salt is stable and looks like a salt", func(t *testing.T) {
		client := newSRPClient(t)
		one, err := h.beginSRP(client, hidden.ID, "nobody")
		if err != nil {
			t.Fatal(err)
		}
		h.restart()
		two, err := h.beginSRP(client, hidden.ID, "nobody")
		if err != nil {
			t.Fatal(err)
		}
		real, err := h.beginSRP(client, hidden.ID, "alice")
		if err != nil {
			t.Fatal(err)
		}
		if one.Parameters["SALT"] != two.Parameters["SALT"] || one.Parameters["SRP_B"] == two.Parameters["SRP_B"] {
			t.Error("the salt must stay, B must not")
		}
		for k := range real.Parameters {
			if one.Parameters[k] == "" {
				t.Errorf("%s is missing", k)
			}
		}
		if len(one.Parameters["SECRET_BLOCK"]) < len(real.Parameters["SECRET_BLOCK"])-64 {
			t.Error("the block tells them apart")
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
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	c := h.client(p.ID, allFlows)
	h.user(p.ID, "alice")
	out := h.tokens(c.ID, "alice")
	_, err := h.signIn(c.ID, "alice", "Wrong-horse-7")
	wantFault(t, err, fault.NotAuthorized, wrong)
	if _, err := h.srpSignIn(p.ID, c.ID, "alice", password); err != nil {
		t.Fatal(err)
	}
	if _, err := h.refresh(c.ID, out.RefreshToken); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]int{"USER_PASSWORD_AUTH success": 1, "USER_PASSWORD_AUTH NotAuthorized": 1, "USER_SRP_AUTH challenge": 1,
		"USER_SRP_AUTH success": 1, "REFRESH_TOKEN_AUTH success": 1} {
		if got := h.counts.seen[k]; got != want {
			t.Errorf("%s: %d, want %d; all: %v", k, got, want, h.counts.seen)
		}
	}
}
