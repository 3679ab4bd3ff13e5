package signin_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// passkeyPool is a pool with passkeys for example.com, and a client with choice-based sign-in.
func passkeyPool(h *harness, c userpool.WebAuthnConfig) (*userpool.PoolDescription, *userpool.ClientDescription) {
	h.T.Helper()
	c.RelyingPartyID = "example.com"
	p := h.Pool(userpool.PoolSettings{WebAuthnConfiguration: &c,
		Policies: &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "WEB_AUTHN"}}}})
	return p, h.Client(p.ID, choiceClient)
}

// addPasskey registers a passkey with the access token of a sign-in by password.
func addPasskey(t testing.TB, h *harness, clientID, name string) *userpooltest.Authenticator {
	t.Helper()
	token := h.MustSignIn(clientID, name).AccessToken
	options, err := h.Passkeys.Start(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	a := userpooltest.NewAuthenticator(t, "https://login.example.com")
	if err := h.Passkeys.Complete(t.Context(), token, a.Create(options)); err != nil {
		t.Fatal(err)
	}
	return a
}

// answerWith returns the responses with an assertion.
func answerWith(a *userpooltest.Authenticator, name string, out *signin.Result) map[string]string {
	return map[string]string{"USERNAME": name, "CREDENTIAL": a.Get(out.Parameters["CREDENTIAL_REQUEST_OPTIONS"])}
}

func TestAPasskeySignsIn(t *testing.T) {
	h := newHarness(t)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	u := h.User(p.ID, "alice")
	a := addPasskey(t, h, c.ID, "alice")

	out := mustPrefer(t, h, c.ID, "alice", "WEB_AUTHN")
	if !slices.Equal(out.Available, []string{"PASSWORD_SRP", "PASSWORD", "WEB_AUTHN"}) || len(out.Parameters) != 1 {
		t.Errorf("challenge %+v", out)
	}
	responses := answerWith(a, "alice", out)
	got, err := h.Respond(c.ID, "WEB_AUTHN", out.Session, responses)
	if err != nil || got.Tokens == nil {
		t.Fatal(got, err)
	}
	if sub := userpooltest.Claims(t, got.Tokens.AccessToken)["sub"]; sub != u.Sub {
		t.Errorf("signed in as %v, want %s", sub, u.Sub)
	}
	_, err = h.Respond(c.ID, "WEB_AUTHN", out.Session, responses)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")

	// Chosen with SELECT_CHALLENGE.
	asked, err := choose(h, c.ID, map[string]string{"USERNAME": "alice"})
	if err != nil {
		t.Fatal(err)
	}
	if out, err = h.Respond(c.ID, "SELECT_CHALLENGE", asked.Session, map[string]string{"USERNAME": "alice", "ANSWER": "WEB_AUTHN"}); err != nil || out.Challenge != "WEB_AUTHN" {
		t.Fatal(out, err)
	}
	if got, err = h.Respond(c.ID, "WEB_AUTHN", out.Session, answerWith(a, "alice", out)); err != nil || got.Tokens == nil {
		t.Error(got, err)
	}
	factors, err := h.Factors.GetUserAuthFactors(t.Context(), got.Tokens.AccessToken)
	if err != nil || !slices.Contains(factors.Configured, "WEB_AUTHN") {
		t.Error(factors, err)
	}
}

func TestAWrongPasskeyEndsTheSession(t *testing.T) {
	h := newHarness(t)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	h.User(p.ID, "alice")
	a := addPasskey(t, h, c.ID, "alice")
	out := mustPrefer(t, h, c.ID, "alice", "WEB_AUTHN")
	for range 7 { // no lockout: a passkey cannot be guessed
		out = mustPrefer(t, h, c.ID, "alice", "WEB_AUTHN")
		_, err := h.Respond(c.ID, "WEB_AUTHN", out.Session, map[string]string{"USERNAME": "alice", "CREDENTIAL": "{}"})
		wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	}
	_, err := h.Respond(c.ID, "WEB_AUTHN", out.Session, answerWith(a, "alice", out))
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	out = mustPrefer(t, h, c.ID, "alice", "WEB_AUTHN")
	_, err = h.Respond(c.ID, "WEB_AUTHN", out.Session, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter CREDENTIAL")
	if got, err := h.Respond(c.ID, "WEB_AUTHN", out.Session, answerWith(a, "alice", out)); err != nil || got.Tokens == nil {
		t.Error("a call without an answer used the session up:", got, err)
	}
	h.MustSignIn(c.ID, "alice")
}

// Threat: the answer of one session is sent with another one, of the same user or client or not.
func TestAPasskeysAnswerIsBoundToItsSession(t *testing.T) {
	h := newHarness(t)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	other := h.Client(p.ID, choiceClient)
	h.User(p.ID, "alice")
	h.User(p.ID, "bobby")
	a := addPasskey(t, h, c.ID, "alice")
	addPasskey(t, h, c.ID, "bobby")
	first, second := mustPrefer(t, h, c.ID, "alice", "WEB_AUTHN"), mustPrefer(t, h, c.ID, "alice", "WEB_AUTHN")
	bobs := mustPrefer(t, h, c.ID, "bobby", "WEB_AUTHN")
	answer := answerWith(a, "alice", first)

	_, err := h.Respond(c.ID, "WEB_AUTHN", second.Session, answer)
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	_, err = h.Respond(c.ID, "WEB_AUTHN", bobs.Session, answerWith(a, "bobby", bobs))
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	_, err = h.Respond(other.ID, "WEB_AUTHN", first.Session, answer)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	if got, err := h.Respond(c.ID, "WEB_AUTHN", first.Session, answer); err != nil || got.Tokens == nil {
		t.Error(got, err)
	}
}

// Threat: an answer is repeated at another process, which does not know that the session was used.
func TestAPasskeysAnswerIsGoodInOneProcessOnly(t *testing.T) {
	h := newHarness(t)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	h.User(p.ID, "alice")
	a := addPasskey(t, h, c.ID, "alice")
	here := h.Provider
	h.Options.Used = nil
	h.Restart()
	there := h.Provider
	out := mustPrefer(t, h, c.ID, "alice", "WEB_AUTHN")
	in := signin.Answer{ClientID: c.ID, Challenge: "WEB_AUTHN", Session: out.Session, Responses: answerWith(a, "alice", out)}
	results := make([]error, 8)
	var all sync.WaitGroup
	for i := range results {
		machine := []*signin.Machine{here.SignIns, there.SignIns}[i%2]
		all.Go(func() { _, results[i] = machine.RespondToAuthChallenge(t.Context(), in) })
	}
	all.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		wantFault(t, err, fault.NotAuthorized, "*")
	}
	if won != 1 {
		t.Errorf("%d of the answers won", won)
	}
}

func TestAUserWhoMayNotSignInCannotUseAPasskey(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(h *harness, poolID string) error
		text   string
	}{
		"disabled": {func(h *harness, poolID string) error { return h.Users.AdminDisableUser(h.T.Context(), poolID, "alice") }, "User is disabled."},
		"deleted":  {func(h *harness, poolID string) error { return h.Users.AdminDeleteUser(h.T.Context(), poolID, "alice") }, "Incorrect username or password."},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			p, c := passkeyPool(h, userpool.WebAuthnConfig{})
			h.User(p.ID, "alice")
			a := addPasskey(t, h, c.ID, "alice")
			out := mustPrefer(t, h, c.ID, "alice", "WEB_AUTHN")
			if err := tc.change(h, p.ID); err != nil {
				t.Fatal(err)
			}
			_, err := h.Respond(c.ID, "WEB_AUTHN", out.Session, answerWith(a, "alice", out))
			wantFault(t, err, fault.NotAuthorized, tc.text)
		})
	}
}

func TestAUserWithATemporaryPasswordIsNotOfferedPasskeys(t *testing.T) {
	h := newHarness(t)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	h.User(p.ID, "alice")
	addPasskey(t, h, c.ID, "alice")
	if err := h.Users.AdminSetUserPassword(t.Context(), p.ID, "alice", "Other-horse-8", false); err != nil {
		t.Fatal(err)
	}
	out, err := prefer(h, c.ID, "alice", "WEB_AUTHN")
	if err != nil || out.Challenge != "SELECT_CHALLENGE" || slices.Contains(out.Available, "WEB_AUTHN") {
		t.Error(out, err)
	}
}

// Threat: an attacker finds out whether a user exists, by the answers of a sign-in with a passkey or by how often it reads and
// writes.
func TestASignInWithAPasskeyHidesWhetherAUserExists(t *testing.T) {
	var w *watched
	h := newHarness(t, func(o *idp.Options) {
		w = &watched{Store: o.Store}
		o.Store = w
	})
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	h.User(p.ID, "alice")
	addPasskey(t, h, c.ID, "alice")
	h.User(p.ID, "bobby") // has no passkey
	var with, without string
	for i := 0; with == "" || without == ""; i++ {
		name := fmt.Sprintf("no%03d", i)
		out, err := choose(h, c.ID, map[string]string{"USERNAME": name})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(out.Available, "WEB_AUTHN") {
			with = name
		} else {
			without = name
		}
	}
	forged := userpooltest.NewAuthenticator(t, "https://login.example.com")
	talk := func(name string) []string {
		h.Clock.Forward(2 * time.Hour)
		h.MustSignIn(c.ID, "alice") // the caches are warm
		views, updates := w.views, w.updates
		out, err := prefer(h, c.ID, name, "WEB_AUTHN")
		lines := []string{fmt.Sprint(err, out.Challenge, out.Available, len(out.Session))}
		if out.Challenge == "WEB_AUTHN" {
			_, err = h.Respond(c.ID, "WEB_AUTHN", out.Session, answerWith(forged, name, out))
			lines = append(lines, fmt.Sprint(err))
		}
		return append(lines, fmt.Sprint(w.views-views, w.updates-updates))
	}
	for _, pair := range [][2]string{{"alice", with}, {"bobby", without}} {
		if got, want := talk(pair[1]), talk(pair[0]); !slices.Equal(got, want) {
			t.Errorf("%s: %q\n%s: %q", pair[1], got, pair[0], want)
		}
	}
}
