package signin_test

import (
	"slices"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// passkeyMFA is a pool where a passkey can count as two factors, and alice with a passkey and a TOTP.
func passkeyMFA(t *testing.T, configuration string) (*mfaBench, *userpooltest.Authenticator) {
	t.Helper()
	h := newHarness(t)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{FactorConfiguration: "MULTI_FACTOR_WITH_USER_VERIFICATION"})
	b := &mfaBench{h, p.ID, c.ID}
	h.User(p.ID, "alice")
	a := addPasskey(t, h, c.ID, "alice")
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	b.enroll("alice")
	if configuration == "OPTIONAL" {
		return b, a
	}
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: configuration, Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	return b, a
}

func webAuthn(on bool) factors.Preference { return factors.Preference{WebAuthn: &on} }

// AWS: passkey sign-in is available to a user with MFA if the user turned passkey MFA on, and then it meets the demand.
func TestAPasskeyIsTwoFactorsForAUserWhoTurnedThatOn(t *testing.T) {
	for _, configuration := range []string{"OPTIONAL", "ON"} {
		t.Run(configuration, func(t *testing.T) {
			b, a := passkeyMFA(t, configuration)
			out, err := prefer(b.harness, b.client, "alice", "WEB_AUTHN")
			if err != nil || out.Challenge != "SELECT_CHALLENGE" || slices.Contains(out.Available, "WEB_AUTHN") {
				t.Errorf("before passkey MFA is on: %+v, %v", out, err)
			}
			b.prefer("alice", webAuthn(true))
			if m := b.mfa("alice"); !m.WebAuthn || !slices.Equal(m.List(), []string{"SOFTWARE_TOKEN_MFA"}) {
				t.Errorf("kept: %+v", m)
			}
			out = mustPrefer(t, b.harness, b.client, "alice", "WEB_AUTHN")
			done, err := b.Respond(b.client, "WEB_AUTHN", out.Session, answerWith(a, "alice", out))
			wantTokens(t, done, err)
			b.begin("alice", "SOFTWARE_TOKEN_MFA") // a password still needs the second factor
		})
	}
}

// Threat: a passkey without user verification, or one of a user who turned passkey MFA off meanwhile, is taken as two factors.
func TestAPasskeyThatIsOneFactorDoesNotReplaceMFA(t *testing.T) {
	b, a := passkeyMFA(t, "OPTIONAL")
	b.prefer("alice", webAuthn(true))
	out := mustPrefer(t, b.harness, b.client, "alice", "WEB_AUTHN")
	a.Flags = userpooltest.UserPresent
	_, err := b.Respond(b.client, "WEB_AUTHN", out.Session, answerWith(a, "alice", out))
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	a.Flags |= userpooltest.UserVerified
	out = mustPrefer(t, b.harness, b.client, "alice", "WEB_AUTHN")
	b.prefer("alice", webAuthn(false))
	_, err = b.Respond(b.client, "WEB_AUTHN", out.Session, answerWith(a, "alice", out))
	wantFault(t, err, fault.NotAuthorized, invalidSession)
}

func TestPasskeyMFANeedsAnotherFactor(t *testing.T) {
	b, _ := passkeyMFA(t, "OPTIONAL")
	b.prefer("alice", webAuthn(true))
	err := b.Factors.AdminSetUserMFAPreference(t.Context(), b.pool, "alice", factors.Preference{Token: &factors.Setting{}})
	wantFault(t, err, fault.InvalidParameter, "Passkeys can be an MFA method only with another one.")
	off := false
	if err := b.Factors.AdminSetUserMFAPreference(t.Context(), b.pool, "alice", factors.Preference{Token: &factors.Setting{}, WebAuthn: &off}); err != nil {
		t.Error(err)
	}
	wantFault(t, b.Factors.AdminSetUserMFAPreference(t.Context(), b.pool, "alice", webAuthn(true)), fault.InvalidParameter,
		"Passkeys can be an MFA method only with another one.")
	on := true
	b.prefer("alice", factors.Preference{Token: enabled, WebAuthn: &on})
	if err := b.Factors.AdminDeleteSoftwareToken(t.Context(), b.pool, "alice"); err != nil {
		t.Fatal(err)
	}
	if b.mfa("alice").WebAuthn {
		t.Error("passkey MFA is still on without another factor")
	}
}

// Threat: passkeys are offered only to users, not to names that no user has, in a pool that requires MFA.
func TestPasskeyMFADoesNotRevealUsers(t *testing.T) {
	b, _ := passkeyMFA(t, "ON")
	var offered, not *signin.Result
	for i := 0; offered == nil || not == nil; i++ {
		out, err := choose(b.harness, b.client, map[string]string{"USERNAME": "nobody" + string(rune('a'+i))})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(out.Available, "WEB_AUTHN") {
			offered = out
		} else {
			not = out
		}
	}
	b.prefer("alice", webAuthn(true))
	out, err := choose(b.harness, b.client, map[string]string{"USERNAME": "alice"})
	if err != nil || !slices.Equal(out.Available, offered.Available) {
		t.Errorf("%v for alice, %v for an unknown name, %v", out, offered, err)
	}
}

func (b *mfaBench) mfa(name string) userpool.MFA {
	b.T.Helper()
	u := b.record(name)
	m, err := userpool.ReadMFA(&u)
	if err != nil {
		b.T.Fatal(err)
	}
	return m
}
