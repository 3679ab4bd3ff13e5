package userpool_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
)

func TestFirstFactors(t *testing.T) {
	h := newHarness(t)
	for name, tc := range map[string]struct {
		text    string
		kind    fault.Kind // "" for accepted
		message string
	}{
		"all": {`{"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"]}}}`, "", ""},
		"codes in the lowest tier": {`{"UserPoolTier": "LITE", "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}}`,
			fault.FeatureUnavailableInTier, "The following features need to be disabled for the LITE pricing tier configured: Passwordless Sign-In"},
		"the password in the lowest tier": {`{"UserPoolTier": "LITE", "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}}`, "", ""},
		"passkeys only":                   {`{"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["WEB_AUTHN"]}}}`, fault.InvalidParameter, "WEB_AUTHN cannot be the only value of AllowedFirstAuthFactors."},
		"an unknown one":                  {`{"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "FACE"]}}}`, fault.InvalidParameter, "Invalid value in AllowedFirstAuthFactors."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Pools.CreateUserPool(t.Context(), "x", settings(t, tc.text))
			if tc.kind == "" && err != nil {
				t.Error(err)
			} else if tc.kind != "" {
				wantFault(t, err, tc.kind, tc.message)
			}
		})
	}
}
