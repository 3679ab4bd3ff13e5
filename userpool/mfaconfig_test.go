package userpool_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

var (
	smsSettings = json.RawMessage(`{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}`)
	tokenOn     = &userpool.SoftwareTokenConfig{Enabled: true}
)

const (
	offWithFactor = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
	withoutFactor = "Invalid MFA Configuration given. SMS MFA, Email MFA, or Software Token MFA must be enabled."
	singleFactor  = "Cannot set WebAuthn factor configuration to SINGLE_FACTOR if MFA is required and WebAuthn is an allowed first auth factor"

	passkeysFirst = `{"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}}`
)

func TestSetUserPoolMfaConfigRefusesContradictions(t *testing.T) {
	h := newHarness(t)
	for name, tc := range map[string]struct {
		settings userpool.PoolSettings
		change   userpool.MFAChange
		kind     fault.Kind
		text     string
	}{
		"off with TOTP":             {change: userpool.MFAChange{Configuration: "OFF", Token: tokenOn}, kind: fault.InvalidParameter, text: offWithFactor},
		"off with e-mail":           {change: userpool.MFAChange{Configuration: "OFF", Email: &userpool.EmailMFAConfig{}}, kind: fault.InvalidParameter, text: offWithFactor},
		"a factor while MFA is off": {change: userpool.MFAChange{Token: tokenOn}, kind: fault.InvalidParameter, text: offWithFactor},
		"on without a factor":       {change: userpool.MFAChange{Configuration: "ON"}, kind: fault.InvalidParameter, text: withoutFactor},
		"on with a factor turned off": {change: userpool.MFAChange{Configuration: "ON", Token: &userpool.SoftwareTokenConfig{}},
			kind: fault.InvalidParameter, text: withoutFactor},
		"an empty SMS block is no factor": {change: userpool.MFAChange{Configuration: "OPTIONAL", SMS: &userpool.SMSMFAConfig{}},
			kind: fault.InvalidParameter, text: withoutFactor},
		"e-mail in the tier Lite": {settings: userpool.PoolSettings{UserPoolTier: "LITE"}, kind: fault.FeatureUnavailableInTier, text: "*",
			change: userpool.MFAChange{Configuration: "ON", Email: &userpool.EmailMFAConfig{}}},
		"e-mail with recovery by e-mail only": {settings: userpool.PoolSettings{AccountRecoverySetting: &userpool.RecoverySetting{
			RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "verified_email", Priority: 1}}}}, kind: fault.InvalidParameter, text: "*",
			change: userpool.MFAChange{Configuration: "ON", Email: &userpool.EmailMFAConfig{}}},
		"a message without the code": {change: userpool.MFAChange{Configuration: "ON", Email: &userpool.EmailMFAConfig{Message: "hello"}},
			kind: fault.InvalidParameter, text: "EmailMfaConfiguration.Message must contain {####}."},
		"codes instead of passwords": {settings: settings(t, `{"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}}`),
			change: userpool.MFAChange{Configuration: "ON", Token: tokenOn}, kind: fault.InvalidParameter,
			text: "Only PASSWORD and WEB_AUTHN (if configured) can be enabled as an auth factor if MFA is enabled"},
		"passkeys that are one factor": {settings: settings(t, passkeysFirst), kind: fault.InvalidParameter, text: singleFactor,
			change: userpool.MFAChange{Configuration: "ON", Token: tokenOn, WebAuthn: &userpool.WebAuthnConfig{FactorConfiguration: "SINGLE_FACTOR"}}},
		"passkeys that are one factor by default": {settings: settings(t, passkeysFirst), kind: fault.InvalidParameter, text: singleFactor,
			change: userpool.MFAChange{Configuration: "ON", Token: tokenOn}},
		"a value that is not known": {change: userpool.MFAChange{Configuration: "MAYBE", Token: tokenOn}, kind: fault.InvalidParameter, text: "*"},
	} {
		t.Run(name, func(t *testing.T) {
			p := h.Pool(tc.settings)
			_, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, tc.change)
			wantFault(t, err, tc.kind, tc.text)
			if got, err := h.Pools.DescribeUserPool(t.Context(), p.ID); err != nil || got.Settings.MfaConfiguration != "OFF" || got.Settings.SoftwareTokenMfaConfiguration != nil {
				t.Error("a refused change was written:", got, err)
			}
		})
	}
	_, err := h.Pools.SetUserPoolMfaConfig(t.Context(), "us-east-1_doesNotEx", userpool.MFAChange{Configuration: "OFF"})
	wantFault(t, err, fault.ResourceNotFound, "*")
}

func TestAChangeOfMFAThatNamesNothingTurnsItOff(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "ON", Token: tokenOn, Email: &userpool.EmailMFAConfig{}}); err != nil {
		t.Fatal(err)
	}
	got, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{})
	if err != nil || got.MfaConfiguration != "OFF" || got.SoftwareTokenMfaConfiguration != nil || got.EmailMfaConfiguration != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMFACanBeRequiredWithPasskeysThatAreTwoFactors(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(settings(t, passkeysFirst))
	two := &userpool.WebAuthnConfig{FactorConfiguration: "MULTI_FACTOR_WITH_USER_VERIFICATION"}
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "ON", Token: tokenOn, WebAuthn: two}); err != nil {
		t.Fatal(err)
	}
	_, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{WebAuthn: &userpool.WebAuthnConfig{FactorConfiguration: "SINGLE_FACTOR"}})
	wantFault(t, err, fault.InvalidParameter, singleFactor)
}

func TestFactorsOfAPoolStayUntilTheyAreChanged(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	set := func(c userpool.MFAChange) *userpool.PoolSettings {
		t.Helper()
		got, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, c)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	policy := func() userpool.MFAPolicy {
		t.Helper()
		got, err := h.Pools.Pool(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got.MFA
	}
	set(userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn, SMS: &userpool.SMSMFAConfig{Message: "Code {####}", Configuration: smsSettings}})
	want := userpool.MFAPolicy{Optional: true, SMS: true, Token: true, Recovery: "email"}
	if got := policy(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	if got := policy(); got != want {
		t.Errorf("after UpdateUserPool: %+v, want %+v", got, want)
	}
	set(userpool.MFAChange{Email: &userpool.EmailMFAConfig{Subject: "Code"}})
	if want.Email = true; policy() != want {
		t.Errorf("after another factor: %+v, want %+v", policy(), want)
	}
	set(userpool.MFAChange{Configuration: "ON", Email: &userpool.EmailMFAConfig{}})
	want = userpool.MFAPolicy{On: true, SMS: true, Email: true, Recovery: "email"}
	if got := policy(); got != want {
		t.Errorf("TOTP that is left out with MfaConfiguration is off: %+v, want %+v", got, want)
	}
	got := set(userpool.MFAChange{Configuration: "OFF"})
	if got.SoftwareTokenMfaConfiguration != nil || got.EmailMfaConfiguration != nil {
		t.Errorf("off: %+v", got.MFASettings)
	}
	set(userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	got = set(userpool.MFAChange{Configuration: "ON", SMS: &userpool.SMSMFAConfig{Configuration: smsSettings}})
	if got.SoftwareTokenMfaConfiguration != nil {
		t.Errorf("SMS only: %+v", got.MFASettings)
	}
	got = set(userpool.MFAChange{Configuration: "ON", SMS: &userpool.SMSMFAConfig{Configuration: smsSettings}, Token: &userpool.SoftwareTokenConfig{}})
	if got.SoftwareTokenMfaConfiguration == nil || got.SoftwareTokenMfaConfiguration.Enabled {
		t.Errorf("SMS, and TOTP named as off: %+v", got.MFASettings)
	}
}

func TestMFAThatIsRequiredNeedsAFactor(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	const text = "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
	on := userpool.PoolSettings{MfaConfiguration: "ON", AutoVerifiedAttributes: []string{"email"}}
	wantFault(t, h.Pools.UpdateUserPool(t.Context(), p.ID, "", on), fault.InvalidParameter, text)
	on.SmsConfiguration = smsSettings
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", on); err != nil {
		t.Fatal(err)
	}
	other := h.Pool(userpool.PoolSettings{})
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), other.ID, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	if err := h.Pools.UpdateUserPool(t.Context(), other.ID, "", userpool.PoolSettings{MfaConfiguration: "ON"}); err != nil {
		t.Error("a pool with TOTP needs no SMS:", err)
	}
}
