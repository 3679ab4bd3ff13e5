package signin_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/totp"
)

const invalidSession = "Invalid session for the user."

// setUp enrolls TOTP in MFA_SETUP, and returns the secret and the Session for the answer.
func (b *mfaBench) setUp(session string) (secret, verified string) {
	b.T.Helper()
	secret, associated, err := b.SignIns.AssociateSoftwareToken(b.T.Context(), session)
	if err == nil {
		verified, err = b.SignIns.VerifySoftwareToken(b.T.Context(), associated, b.code(secret, 0), "")
	}
	if err != nil {
		b.T.Fatal(err)
	}
	return secret, verified
}

// Threat: a Session of MFA_SETUP from before the user enrolled replaces the user's TOTP and signs in.
func TestSessionsOfMFASetupEndWhenTheUserHasAFactor(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	ctx := t.Context()
	fresh := b.begin("alice", "MFA_SETUP").Session
	own, associated, err := b.SignIns.AssociateSoftwareToken(ctx, b.begin("alice", "MFA_SETUP").Session)
	if err != nil {
		t.Fatal(err)
	}
	secret, verified := b.setUp(b.begin("alice", "MFA_SETUP").Session)
	done, err := b.Respond(b.client, "MFA_SETUP", verified, map[string]string{"USERNAME": "alice"})
	wantTokens(t, done, err)

	_, _, err = b.SignIns.AssociateSoftwareToken(ctx, fresh)
	wantFault(t, err, fault.NotAuthorized, invalidSession)
	_, err = b.SignIns.VerifySoftwareToken(ctx, associated, b.code(own, 0), "")
	wantFault(t, err, fault.NotAuthorized, invalidSession)
	b.Clock.Forward(2 * totp.Step)
	done, err = b.totp("alice", b.begin("alice", "SOFTWARE_TOKEN_MFA"), b.code(secret, 0))
	wantTokens(t, done, err)
}

// Threat: the Session of VerifySoftwareToken signs in with a TOTP that was verified by another sign-in, or associates another one.
func TestASessionOfVerifySoftwareTokenProvesOnlyItsTOTP(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	_, first := b.setUp(b.begin("alice", "MFA_SETUP").Session)
	if err := b.Factors.AdminDeleteSoftwareToken(t.Context(), b.pool, "alice"); err != nil {
		t.Fatal(err)
	}
	_, second := b.setUp(b.begin("alice", "MFA_SETUP").Session)
	_, err := b.Respond(b.client, "MFA_SETUP", first, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.NotAuthorized, invalidSession)
	_, _, err = b.SignIns.AssociateSoftwareToken(t.Context(), second)
	wantFault(t, err, fault.NotAuthorized, invalidSession)
}

// Threat: a Session of MFA_SETUP is renewed without end.
func TestARenewedSessionOfMFASetupExpiresWithTheFirst(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	session := b.begin("alice", "MFA_SETUP").Session
	for range 2 {
		b.Clock.Forward(80 * time.Second)
		var err error
		if _, session, err = b.SignIns.AssociateSoftwareToken(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	}
	b.Clock.Forward(21 * time.Second) // AuthSessionValidity is three minutes
	_, _, err := b.SignIns.AssociateSoftwareToken(t.Context(), session)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
}

// Threat: MFA_SETUP is answered for a user whose second factor is another one by now.
func TestTheTOTPOfASetupIsNotTheFactorThatTheUserPrefers(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn, SMS: smsMFAConfig})
	b.User(b.pool, "alice")
	_, verified := b.setUp(b.begin("alice", "MFA_SETUP").Session)
	if err := b.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: b.pool, Username: "alice",
		Attributes: []userpool.Attribute{attr("phone_number", "+15550001111")}}); err != nil {
		t.Fatal(err)
	}
	b.prefer("alice", factors.Preference{SMS: preferred})
	_, err := b.Respond(b.client, "MFA_SETUP", verified, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.NotAuthorized, invalidSession)
}
