package signin

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/risk"
	"github.com/sluicegate/sluice/userpool/threat"
)

var errNoFactor = errors.New("no factor to set up")

// The order of a sign-in: first factor, state of the user, new password, second factor, trigger, device.
func TestNextKeepsTheOrderOfFactors(t *testing.T) {
	totp := mfaDemand{challenge: softwareTokenMFA}
	several := mfaDemand{challenge: selectMFAType, choices: []string{smsMFA, softwareTokenMFA}}
	known, instead := deviceView{remembered: true}, deviceView{remembered: true, skipsMFA: true}
	for name, tc := range map[string]struct {
		in        situation
		challenge string
		err       error
	}{
		"USER_AUTH lets the user choose":                  {in: situation{flow: userAuth}, challenge: selectChallenge},
		"USER_AUTH asks what the user chose":              {in: situation{flow: userAuth, chosen: emailOTP}, challenge: emailOTP},
		"PASSWORD_SRP leads to its proof":                 {in: situation{flow: userAuth, chosen: passwordVerifier}, challenge: passwordVerifier},
		"MFA follows a password":                          {in: situation{flow: userAuth, proved: []Factor{Password}, mfa: totp}, challenge: softwareTokenMFA},
		"no MFA follows a code instead of a password":     {in: situation{flow: userAuth, proved: []Factor{EmailOTP}}},
		"a code does not replace MFA":                     {in: situation{flow: userAuth, proved: []Factor{EmailOTP}, mfa: totp}, err: errSession},
		"an SMS does not replace MFA":                     {in: situation{flow: userAuth, proved: []Factor{SMSOTP}, mfa: totp}, err: errSession},
		"a code does not replace MFA that cannot be met":  {in: situation{flow: userAuth, proved: []Factor{EmailOTP}, mfa: mfaDemand{err: errNoFactor}}, err: errSession},
		"MFA follows a passkey":                           {in: situation{flow: userAuth, proved: []Factor{WebAuthn}, mfa: totp}, challenge: softwareTokenMFA},
		"a passkey that verified the user is two factors": {in: situation{flow: userAuth, proved: []Factor{WebAuthn}, verified: true, mfa: mfaDemand{challenge: softwareTokenMFA, webAuthn: true}}},
		"a passkey that the user does not take as MFA":    {in: situation{flow: userAuth, proved: []Factor{WebAuthn}, verified: true, mfa: totp}, challenge: softwareTokenMFA},
		"a passkey that did not verify the user":          {in: situation{flow: userAuth, proved: []Factor{WebAuthn}, mfa: mfaDemand{challenge: softwareTokenMFA, webAuthn: true}}, challenge: softwareTokenMFA},
		"verified means nothing without a passkey":        {in: situation{proved: []Factor{Password}, verified: true, mfa: mfaDemand{challenge: softwareTokenMFA, webAuthn: true}}, challenge: softwareTokenMFA},
		"a code of MFA is no first factor":                {in: situation{flow: userAuth, proved: []Factor{EmailMFA}, mfa: totp}, challenge: selectChallenge},
		"one proof of MFA is enough":                      {in: situation{proved: []Factor{Password, SMSMFA}, mfa: several}},
		"several factors are offered":                     {in: situation{proved: []Factor{Password}, mfa: several}, challenge: selectMFAType},
		"the chosen factor is asked":                      {in: situation{proved: []Factor{Password}, mfa: several, chosen: smsMFA}, challenge: smsMFA},
		"a factor that was not offered cannot be chosen":  {in: situation{proved: []Factor{Password}, mfa: several, chosen: mfaSetup}, challenge: selectMFAType},
		"a code goes to the address of a set-up":          {in: situation{proved: []Factor{Password}, mfa: mfaDemand{challenge: mfaSetup}, chosen: emailOTP, address: true}, challenge: emailOTP},
		"a set-up without an address is asked again":      {in: situation{proved: []Factor{Password}, mfa: mfaDemand{challenge: mfaSetup}, chosen: emailOTP}, challenge: mfaSetup},
		"a risk that demands MFA and finds no factor":     {in: situation{proved: []Factor{Password}, mfa: mfaDemand{risk: risk.MFARequired}}, err: threat.ErrBlocked},
		"a risk that demands MFA lets nobody set it up":   {in: situation{proved: []Factor{Password}, mfa: mfaDemand{challenge: mfaSetup, risk: risk.MFARequired}}, err: threat.ErrBlocked},
		"a risk asks for MFA where there is a factor":     {in: situation{proved: []Factor{Password}, mfa: mfaDemand{risk: risk.MFAIfConfigured}}},
		"a risk demands MFA after a code too":             {in: situation{flow: userAuth, proved: []Factor{EmailOTP}, mfa: mfaDemand{challenge: softwareTokenMFA, risk: risk.MFAIfConfigured}}, challenge: softwareTokenMFA},
		"a device does not replace the MFA of a risk":     {in: situation{proved: []Factor{Password}, mfa: mfaDemand{challenge: softwareTokenMFA, risk: risk.MFARequired}, device: instead}, challenge: softwareTokenMFA},
		"a passkey of two factors meets a risk":           {in: situation{flow: userAuth, proved: []Factor{WebAuthn}, verified: true, mfa: mfaDemand{webAuthn: true, risk: risk.MFARequired}}},
		"MFA without a factor fails":                      {in: situation{proved: []Factor{Password}, mfa: mfaDemand{err: errNoFactor}}, err: errNoFactor},
		"a new password comes before MFA": {in: situation{proved: []Factor{Password}, mfa: totp, status: userpool.StatusForceChange},
			challenge: newPasswordRequired},
		"a remembered device is proved":              {in: situation{proved: []Factor{Password}, device: known}, challenge: deviceSRP},
		"a device does not replace MFA by itself":    {in: situation{proved: []Factor{Password}, mfa: totp, device: known}, challenge: softwareTokenMFA},
		"a device is not proved after MFA":           {in: situation{proved: []Factor{Password, SoftwareToken}, mfa: totp, device: known}},
		"a device is proved instead of MFA":          {in: situation{proved: []Factor{Password}, mfa: totp, device: instead}, challenge: deviceSRP},
		"SRP of a device leads to its proof":         {in: situation{proved: []Factor{Password}, device: known, chosen: deviceVerifier}, challenge: deviceVerifier},
		"a device replaces no first factor":          {in: situation{flow: userAuth, proved: []Factor{Device}, device: instead}, challenge: selectChallenge},
		"a proved device ends the sign-in":           {in: situation{proved: []Factor{Password, Device}, mfa: totp, device: instead}},
		"CUSTOM_AUTH asks the trigger first":         {in: situation{flow: customAuth, mfa: totp}, challenge: triggerDecides},
		"the trigger asks a custom challenge":        {in: situation{flow: customAuth, decision: &decision{challenge: customChallenge}}, challenge: customChallenge},
		"the trigger asks the password":              {in: situation{flow: customAuth, decision: &decision{challenge: passwordVerifier}}, challenge: passwordVerifier},
		"the trigger cannot ask MFA":                 {in: situation{flow: customAuth, decision: &decision{challenge: softwareTokenMFA}}, err: userpool.ErrWrongPassword},
		"a trigger that decides nothing fails":       {in: situation{flow: customAuth, decision: &decision{}}, err: userpool.ErrWrongPassword},
		"the trigger issues tokens without MFA":      {in: situation{flow: customAuth, mfa: totp, decision: &decision{issue: true}}},
		"MFA follows a password in CUSTOM_AUTH":      {in: situation{flow: customAuth, proved: []Factor{Password}, mfa: totp}, challenge: softwareTokenMFA},
		"then the trigger is asked":                  {in: situation{flow: customAuth, proved: []Factor{Password, SoftwareToken}, mfa: totp}, challenge: triggerDecides},
		"a password alone is not CUSTOM_AUTH":        {in: situation{flow: customAuth, proved: []Factor{Password}}, challenge: triggerDecides},
		"a device comes after the trigger":           {in: situation{flow: customAuth, device: known, decision: &decision{issue: true}}, challenge: deviceSRP},
		"the trigger is not asked after it accepted": {in: situation{flow: customAuth, proved: []Factor{Custom, Device}, device: known}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.in.enabled = true
			if tc.in.status == "" {
				tc.in.status = userpool.StatusConfirmed
			}
			challenge, err := next(tc.in)
			if challenge != tc.challenge || !errors.Is(err, tc.err) {
				t.Errorf("%q, %v, want %q, %v", challenge, err, tc.challenge, tc.err)
			}
		})
	}
}
