package signin_test

import (
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/factors"
)

// Threat: a user of a pool that requires MFA turns every factor off, and signs in with the password alone. AWS lets the user turn
// them off.
func TestThreatFactorsThatAreTurnedOffAreStillAskedForWhereMFAIsRequired(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn, SMS: smsMFAConfig})
	off := &factors.Setting{}
	b.User(b.pool, "alice", attr("phone_number", "+15550001111"))
	b.User(b.pool, "bob")
	b.User(b.pool, "carol", attr("phone_number", "+15550002222"))
	secret := b.enroll("bob")
	b.enroll("alice")
	access := map[string]string{}
	for _, name := range []string{"alice", "carol"} {
		b.prefer(name, factors.Preference{Token: off})
		access[name] = b.MustSignIn(b.client, name).AccessToken
	}
	set, err := b.totp("bob", b.begin("bob", "SOFTWARE_TOKEN_MFA"), b.code(secret, 0))
	wantTokens(t, set, err)
	access["bob"] = set.Tokens.AccessToken
	b.prefer("alice", factors.Preference{Token: enabled, SMS: preferred})
	if _, err := b.Pools.SetUserPoolMfaConfig(t.Context(), b.pool, userpool.MFAChange{Configuration: "ON", Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	for name, next := range map[string]string{"alice": "SELECT_MFA_TYPE", "bob": "SOFTWARE_TOKEN_MFA", "carol": "SMS_MFA"} {
		if err := b.Factors.SetUserMFAPreference(t.Context(), access[name], factors.Preference{SMS: off, Token: off}); err != nil {
			t.Error(name, err)
		}
		if err := b.Factors.SetUserSettings(t.Context(), access[name], nil); err != nil {
			t.Error(name, err)
		}
		u, err := b.Users.AdminGetUser(t.Context(), b.pool, name)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := userpool.ParseMFA(u.MFA); err != nil || len(m.List()) > 0 || m.Preferred != "" {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
		b.begin(name, next)
	}
	if err := b.Users.AdminDeleteUserAttributes(t.Context(), b.pool, "carol", []string{"phone_number"}); err != nil {
		t.Fatal(err)
	}
	b.begin("carol", "MFA_SETUP")
}
