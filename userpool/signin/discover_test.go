package signin_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// discoverable returns the pages of a pool that takes passkeys, with a user alice who has one.
func discoverable(t *testing.T, h *harness) (*pages, *userpooltest.Authenticator) {
	t.Helper()
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	h.User(p.ID, "alice")
	return &pages{h, p.ID, c}, addPasskey(t, h, c.ID, "alice")
}

func (p *pages) askAnyone() *signin.Result {
	p.T.Helper()
	out, err := p.begin("USER_AUTH", map[string]string{"PREFERRED_CHALLENGE": "WEB_AUTHN"})
	if err != nil || out.Challenge != "WEB_AUTHN" || out.Session == "" {
		p.T.Fatal(out, err)
	}
	return out
}

func (p *pages) show(a *userpooltest.Authenticator, asked *signin.Result) (*signin.Result, error) {
	return p.answer(asked, map[string]string{"CREDENTIAL": a.Get(asked.Parameters["CREDENTIAL_REQUEST_OPTIONS"])})
}

func TestAPasskeySaysWhoSignsIn(t *testing.T) {
	h := newHarness(t)
	p, a := discoverable(t, h)
	asked := p.askAnyone()
	var options struct{ AllowCredentials []any }
	if err := json.Unmarshal([]byte(asked.Parameters["CREDENTIAL_REQUEST_OPTIONS"]), &options); err != nil || len(options.AllowCredentials) != 0 {
		t.Errorf("options %s, %v", asked.Parameters["CREDENTIAL_REQUEST_OPTIONS"], err)
	}
	out, err := p.show(a, asked)
	done := wantAuthentication(t, out, err)
	if done.User.Username != "alice" || done.Level() != 3 || !slices.Equal(done.Methods(), []string{"swk"}) {
		t.Errorf("%s, level %d, methods %q", done.User.Username, done.Level(), done.Methods())
	}
	_, err = p.show(a, asked)
	wantFault(t, err, fault.NotAuthorized, wrong) // each challenge once
	asked = p.askAnyone()
	_, err = p.answer(asked, map[string]string{})
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter CREDENTIAL")
}

// Threats: the passkey of another pool, of a deleted or disabled user, with another user's handle or none, and a session that is
// used for something else.
func TestAPasskeyThatIsNoUsersSignsNobodyIn(t *testing.T) {
	h := newHarness(t)
	p, a := discoverable(t, h)
	otherPool, fromThere := discoverable(t, h)
	bobby := h.User(p.pool, "bobby")
	hers := addPasskey(t, h, p.client.ID, "bobby")

	_, err := p.show(fromThere, p.askAnyone())
	wantFault(t, err, fault.NotAuthorized, wrong)
	for _, handle := range [][]byte{[]byte(bobby.Sub), nil, []byte("\x00"), []byte("00000000-0000-0000-0000-000000000000"), []byte(bobby.Sub + " ")} {
		swapped := *a
		swapped.Handle = handle
		_, err = p.show(&swapped, p.askAnyone())
		wantFault(t, err, fault.NotAuthorized, wrong)
	}
	asked := p.askAnyone()
	_, err = otherPool.answer(asked, map[string]string{"CREDENTIAL": fromThere.Get(asked.Parameters["CREDENTIAL_REQUEST_OPTIONS"])})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	_, err = p.answer(asked, map[string]string{"USERNAME": "bobby", "CREDENTIAL": a.Get(asked.Parameters["CREDENTIAL_REQUEST_OPTIONS"])})
	wantFault(t, err, fault.NotAuthorized, wrong)
	_, err = p.answer(&signin.Result{Challenge: "SELECT_CHALLENGE", Session: asked.Session}, map[string]string{"USERNAME": "alice", "ANSWER": "PASSWORD", "PASSWORD": password})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	_, err = h.Respond(p.client.ID, "WEB_AUTHN", asked.Session, answerWith(a, "alice", asked))
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	_, err = choose(h, p.client.ID, map[string]string{"PREFERRED_CHALLENGE": "WEB_AUTHN"})
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter USERNAME")

	if err := h.Users.AdminDisableUser(t.Context(), p.pool, "bobby"); err != nil {
		t.Fatal(err)
	}
	_, err = p.show(hers, p.askAnyone())
	wantFault(t, err, fault.NotAuthorized, "User is disabled.")
	if err := h.Users.AdminDeleteUser(t.Context(), p.pool, "bobby"); err != nil {
		t.Fatal(err)
	}
	_, err = p.show(hers, p.askAnyone())
	wantFault(t, err, fault.NotAuthorized, wrong)
	if err := h.Users.AdminSetUserPassword(t.Context(), p.pool, "alice", "Other-horse-8", false); err != nil {
		t.Fatal(err)
	}
	_, err = p.show(a, p.askAnyone())
	wantFault(t, err, fault.NotAuthorized, wrong) // a temporary password can only be replaced
}

// A second factor that the pool demands is asked after a discovered passkey that is one factor only.
func TestADiscoveredPasskeyIsOneFactorAsAChosenOneIs(t *testing.T) {
	h := newHarness(t)
	p, a := discoverable(t, h)
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.pool, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	b := &mfaBench{h, p.pool, p.client.ID}
	b.enroll("alice")
	_, err := p.show(a, p.askAnyone())
	wantFault(t, err, fault.NotAuthorized, wrong) // not offered to a user with MFA, as in AWS
}
