package factors_test

import (
	"slices"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestPreferencesThatAreRefused(t *testing.T) {
	h := userpooltest.New(t)
	on, first := &factors.Setting{Enabled: true}, &factors.Setting{Enabled: true, Preferred: true}
	sms := &userpool.SMSMFAConfig{Configuration: []byte(`{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}`)}
	yes := true
	for name, tc := range map[string]struct {
		pool  userpool.MFAChange
		phone string
		given []factors.Preference
		text  string
	}{
		"SMS without a phone":          {pool: userpool.MFAChange{Configuration: "OPTIONAL", SMS: sms}, given: []factors.Preference{{SMS: on}}, text: "User does not have delivery config set to turn on SMS_MFA"},
		"a factor that the pool lacks": {pool: userpool.MFAChange{Configuration: "OPTIONAL", SMS: sms}, phone: "+15550001111", given: []factors.Preference{{Email: on}}, text: "User does not have delivery config set to turn on EMAIL_OTP"},
		"TOTP that is not verified":    {pool: userpool.MFAChange{Configuration: "OPTIONAL", SMS: sms}, given: []factors.Preference{{Token: first}}, text: "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA"},
		"preferred and off":            {pool: userpool.MFAChange{Configuration: "OPTIONAL", SMS: sms}, given: []factors.Preference{{SMS: &factors.Setting{Preferred: true}}}, text: "*"},
		"two preferred": {pool: userpool.MFAChange{Configuration: "OPTIONAL", SMS: sms, Email: &userpool.EmailMFAConfig{}}, phone: "+15550001111",
			given: []factors.Preference{{SMS: first, Email: first}}, text: "*"},
		"passkeys that are no MFA": {pool: userpool.MFAChange{Configuration: "OPTIONAL", SMS: sms}, given: []factors.Preference{{WebAuthn: &yes}}, text: "*"},
	} {
		t.Run(name, func(t *testing.T) {
			p := h.Pool(userpool.PoolSettings{})
			if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, tc.pool); err != nil {
				t.Fatal(err)
			}
			attrs := []userpool.Attribute{{Name: "email", Value: "a@example.com"}}
			if tc.phone != "" {
				attrs = append(attrs, userpool.Attribute{Name: "phone_number", Value: tc.phone})
			}
			h.User(p.ID, "alice", attrs...)
			var err error
			for i, given := range tc.given {
				if err = h.Factors.AdminSetUserMFAPreference(t.Context(), p.ID, "alice", given); err != nil && i < len(tc.given)-1 {
					t.Fatal(err)
				}
			}
			userpooltest.WantFault(t, err, fault.InvalidParameter, tc.text)
		})
	}
}

// The next sign-in could not be made, or whoever knows the password could set up a factor.
func TestThreatTheOnlyFactorStaysOnWhereMFAIsRequired(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{AccountRecoverySetting: &userpool.RecoverySetting{
		RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "verified_phone_number", Priority: 1}}}})
	sms := &userpool.SMSMFAConfig{Configuration: []byte(`{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}`)}
	configure := func(mode string) {
		if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: mode, SMS: sms}); err != nil {
			t.Fatal(err)
		}
	}
	configure("OPTIONAL")
	h.User(p.ID, "alice", userpool.Attribute{Name: "phone_number", Value: "+15550001111"}, userpool.Attribute{Name: "phone_number_verified", Value: "true"})
	access := h.MustSignIn(h.Client(p.ID, userpooltest.AllFlows).ID, "alice").AccessToken
	set := func(enabled bool) error {
		return h.Factors.SetUserMFAPreference(t.Context(), access, factors.Preference{SMS: &factors.Setting{Enabled: enabled}})
	}
	if err := set(true); err != nil {
		t.Fatal(err)
	}
	configure("ON")
	const text = "MFA is required in the user pool, and the user would have no MFA method left."
	userpooltest.WantFault(t, set(false), fault.InvalidParameter, text)
	userpooltest.WantFault(t, h.Factors.SetUserSettings(t.Context(), access, nil), fault.InvalidParameter, text)
	configure("OPTIONAL")
	if err := set(false); err != nil {
		t.Error(err)
	}
}

// localstack_ext validated this on AWS (test_update_user_mfa_preferences). A sign-in does not ask for such a factor.
func TestSMSCanBeTurnedOnInAPoolWithoutSMS(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "alice", userpool.Attribute{Name: "phone_number", Value: "+15550001111"}, userpool.Attribute{Name: "phone_number_verified", Value: "true"})
	set := h.MustSignIn(c.ID, "alice")
	if err := h.Factors.SetUserMFAPreference(t.Context(), set.AccessToken, factors.Preference{SMS: &factors.Setting{Enabled: true}}); err != nil {
		t.Error(err)
	}
	if err := h.Factors.AdminSetUserMFAPreference(t.Context(), p.ID, "alice", factors.Preference{SMS: &factors.Setting{Enabled: true, Preferred: true}}); err != nil {
		t.Error(err)
	}
	u, err := h.Users.AdminGetUser(t.Context(), p.ID, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if m, err := userpool.ParseMFA(u.MFA); err != nil || !slices.Equal(m.List(), []string{userpool.SMSMFA}) || m.Preferred != userpool.SMSMFA {
		t.Errorf("%+v, %v", m, err)
	}
	if r, err := h.SignIn(c.ID, "alice", userpooltest.Password); err != nil || r.Tokens == nil {
		t.Error(r, err)
	}
	if err := h.Factors.AdminSetUserSettings(t.Context(), p.ID, "alice", []factors.Option{{Medium: "SMS", Attribute: "phone_number"}}); err != nil {
		t.Error(err)
	}
}

// Losing the passkey would lock the user out: the pool sends no SMS.
func TestAPasskeyNeedsAnotherFactorThatThePoolHas(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "OPTIONAL", Token: &userpool.SoftwareTokenConfig{Enabled: true},
		WebAuthn: &userpool.WebAuthnConfig{FactorConfiguration: "MULTI_FACTOR_WITH_USER_VERIFICATION"}}); err != nil {
		t.Fatal(err)
	}
	h.User(p.ID, "alice", userpool.Attribute{Name: "phone_number", Value: "+15550001111"})
	yes := true
	err := h.Factors.AdminSetUserMFAPreference(t.Context(), p.ID, "alice", factors.Preference{SMS: &factors.Setting{Enabled: true}, WebAuthn: &yes})
	userpooltest.WantFault(t, err, fault.InvalidParameter, "Passkeys can be an MFA method only with another one.")
}
