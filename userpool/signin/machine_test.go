package signin_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
)

// A step that accepts every answer signs users in, but no unknown name, because the machine checks that the user exists.
func TestNoStepCanSignInAUserWhoDoesNotExist(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	h.SignIns.AddGullibleFlow("TEST_AUTH", "TEST_CHALLENGE")
	begin := func(name string) *signin.Result {
		t.Helper()
		out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "TEST_AUTH", Parameters: map[string]string{"USERNAME": name}})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	answer := func(session, name string) (*signin.Result, error) {
		return h.Respond(c.ID, "TEST_CHALLENGE", session, map[string]string{"USERNAME": name})
	}
	alice, nancy := begin("alice"), begin("nancy")
	if len(alice.Session) != len(nancy.Session) {
		t.Errorf("sessions of %d and %d characters reveal whether a user exists", len(alice.Session), len(nancy.Session))
	}
	_, err := answer(nancy.Session, "nancy")
	wantFault(t, err, fault.NotAuthorized, wrong)
	_, err = answer(alice.Session, "nancy")
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	if out, err := answer(begin("alice").Session, "alice"); err != nil || out.Tokens == nil {
		t.Error(out, err)
	}
	if n := h.Counts.Of("TEST_AUTH", "challenge"); n != 3 {
		t.Errorf("%d challenges were counted", n)
	}
}

// A regression test. When a sign-in with a temporary password continued with NEW_PASSWORD_REQUIRED, it did not store the new
// SRP verifier or reset the count of wrong passwords.
func TestAProofIsStoredBeforeTheNextChallenge(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpool.ClientSettings{ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}})
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "alice", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Pools.UpdateUserPoolClient(t.Context(), p.ID, c.ID, "", allFlows); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		_, err := h.SignIn(c.ID, "alice", "Wrong-horse-7")
		wantFault(t, err, fault.NotAuthorized, wrong)
	}
	out, err := h.SignIn(c.ID, "alice", password)
	if err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Fatal(out, err)
	}
	var u store.User
	if err := h.Store.View(t.Context(), func(tx store.Tx) (err error) {
		u, err = tx.Users.ByKey(p.ID, "alice")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(u.Password.SRPVerifier) == 0 || u.Failures.Count != 0 {
		t.Errorf("a verifier of %d bytes, %d failures", len(u.Password.SRPVerifier), u.Failures.Count)
	}
	if srp, err := h.SRPSignIn(p.ID, c.ID, "alice", password); err != nil || srp.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Error(srp, err)
	}
	done, err := h.Respond(c.ID, out.Challenge, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1"})
	if err != nil || done.Tokens == nil {
		t.Error("the session must stay valid after the write of the verifier:", done, err)
	}
}
