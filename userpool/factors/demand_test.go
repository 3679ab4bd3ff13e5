package factors_test

import (
	"slices"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/factors"
)

func TestWhichFactorASignInRequires(t *testing.T) {
	const sms, token, email = userpool.SMSMFA, userpool.SoftwareToken, userpool.EmailOTP
	optional, on := userpool.MFAPolicy{Optional: true, SMS: true, Email: true, Token: true}, userpool.MFAPolicy{On: true, SMS: true, Email: true, Token: true}
	recovery := on
	recovery.Recovery = "email"
	tokenOnly := userpool.MFAPolicy{On: true}
	both := map[string]string{"email": "a@example.com", "phone_number": "+15550001111"}
	mail := map[string]string{"email": "a@example.com"}
	secret := []byte("sealed")
	forced, forcedAgain := factors.Risk{Forced: true}, factors.Risk{Forced: true, Except: email}
	for name, tc := range map[string]struct {
		pool  userpool.MFAPolicy
		attrs map[string]string
		mfa   userpool.MFA
		risk  factors.Risk
		want  factors.Demand
		kind  fault.Kind
	}{
		"off":                         {attrs: both, mfa: userpool.MFA{SMS: true}},
		"optional, nothing turned on": {pool: optional, attrs: both, mfa: userpool.MFA{Secret: secret}},
		"optional, forced":            {pool: optional, mfa: userpool.MFA{Secret: secret}, risk: forced, want: factors.Demand{Challenge: token}},
		"optional, forced after a code by e-mail":  {pool: optional, attrs: both, mfa: userpool.MFA{Email: true, Preferred: email, SMS: true}, risk: forcedAgain, want: factors.Demand{Challenge: sms}},
		"optional, forced, and only e-mail again":  {pool: optional, attrs: mail, risk: forcedAgain},
		"an exception without force":               {pool: optional, attrs: mail, mfa: userpool.MFA{Email: true}, risk: factors.Risk{Except: email}, want: factors.Demand{Challenge: email}},
		"optional, forced, two addresses":          {pool: optional, attrs: both, risk: forced, want: factors.Demand{Challenge: factors.SelectType, Choices: []string{sms, email}}},
		"optional, forced without a factor":        {pool: optional, risk: forced},
		"one turned on":                            {pool: optional, attrs: both, mfa: userpool.MFA{Email: true}, want: factors.Demand{Challenge: email}},
		"several turned on":                        {pool: optional, attrs: both, mfa: userpool.MFA{SMS: true, Email: true}, want: factors.Demand{Challenge: factors.SelectType, Choices: []string{sms, email}}},
		"one preferred":                            {pool: optional, attrs: both, mfa: userpool.MFA{SMS: true, Email: true, Preferred: email}, want: factors.Demand{Challenge: email}},
		"turned on, and the address is gone":       {pool: optional, attrs: mail, mfa: userpool.MFA{SMS: true, Preferred: sms}},
		"a verified TOTP in a pool without TOTP":   {pool: userpool.MFAPolicy{Optional: true, SMS: true}, mfa: userpool.MFA{Token: true, Secret: secret}, want: factors.Demand{Challenge: token}},
		"TOTP turned on, and deleted":              {pool: optional, mfa: userpool.MFA{Token: true}},
		"on, a verified TOTP":                      {pool: on, mfa: userpool.MFA{Secret: secret}, want: factors.Demand{Challenge: token}},
		"on, TOTP and an address":                  {pool: on, attrs: mail, mfa: userpool.MFA{Secret: secret}, want: factors.Demand{Challenge: factors.SelectType, Choices: []string{token, email}}},
		"on, one address":                          {pool: on, attrs: mail, want: factors.Demand{Challenge: email}},
		"on, two addresses":                        {pool: on, attrs: both, want: factors.Demand{Challenge: sms}},
		"on, TOTP and two addresses":               {pool: on, attrs: both, mfa: userpool.MFA{Secret: secret}, want: factors.Demand{Challenge: factors.SelectType, Choices: []string{sms, token, email}}},
		"on, the address of password resets":       {pool: recovery, attrs: both, want: factors.Demand{Challenge: sms}},
		"on, the address of resets that is wanted": {pool: recovery, attrs: mail, mfa: userpool.MFA{Email: true}, want: factors.Demand{Challenge: email}},
		"on, nothing":                              {pool: recovery, attrs: mail, want: factors.Demand{Challenge: factors.Setup, Choices: []string{sms, token}}},
		"on, nothing that the user could set up":   {pool: tokenOnly, kind: fault.MFAMethodNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			u := &store.User{Attributes: tc.attrs}
			if err := tc.mfa.Write(u); err != nil {
				t.Fatal(err)
			}
			got, err := factors.DemandOf(&userpool.Pool{MFA: tc.pool}, u, tc.risk)
			if got.Challenge != tc.want.Challenge || !slices.Equal(got.Choices, tc.want.Choices) {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			if (tc.kind == "") != (err == nil) || (err != nil && fault.KindOf(err) != tc.kind) {
				t.Error(err)
			}
		})
	}
}
