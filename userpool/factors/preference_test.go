package factors_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestPreferencesThatAreRefused(t *testing.T) {
	h := userpooltest.New(t)
	on, off, first := &factors.Setting{Enabled: true}, &factors.Setting{}, &factors.Setting{Enabled: true, Preferred: true}
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
		"off while MFA is required": {pool: userpool.MFAChange{Configuration: "ON", SMS: sms}, phone: "+15550001111", given: []factors.Preference{{SMS: on}, {SMS: off}}, text: "*"},
		"passkeys that are no MFA":  {pool: userpool.MFAChange{Configuration: "OPTIONAL", SMS: sms}, given: []factors.Preference{{WebAuthn: &yes}}, text: "*"},
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
