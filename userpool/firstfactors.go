package userpool

import (
	"slices"

	"github.com/sluicegate/sluice/fault"
)

// The values of AllowedFirstAuthFactors, together with FactorWebAuthn: what a choice-based sign-in may begin with. FirstPassword
// allows SRP too.
const (
	FirstPassword = "PASSWORD"
	FirstEmailOTP = "EMAIL_OTP"
	FirstSMSOTP   = "SMS_OTP"
)

// OTPFactor returns the first factor whose codes go to the attribute, email or phone_number.
func OTPFactor(attribute string) string {
	if attribute == "phone_number" {
		return FirstSMSOTP
	}
	return FirstEmailOTP
}

// AllowsFirst reports whether a choice-based sign-in may begin with the factor.
func (p *Pool) AllowsFirst(factor string) bool {
	return slices.Contains(p.Settings.Policies.SignInPolicy.AllowedFirstAuthFactors, factor)
}

// OTPAttribute returns the attribute that codes of the user's first factors go to, "" if the user cannot sign in by a code.
// The phone comes first.
func (p *Pool) OTPAttribute(attrs map[string]string) string {
	for _, a := range []string{"phone_number", "email"} {
		if attrs[a] != "" && p.AllowsFirst(OTPFactor(a)) {
			return a
		}
	}
	return ""
}

// checkFirstFactors validates AllowedFirstAuthFactors with the tier and with MfaConfiguration. A user who must prove a second
// factor cannot begin with a code. passkeyIsMFA says whether a passkey counts as two factors.
//
// Source of the texts: cdkd#1975 and terraform-provider-aws#50110, both measured on AWS. Developer guide, "Passwordless
// sign-in": passkeys cannot be the only first factor.
func (p *PoolSettings) checkFirstFactors(passkeyIsMFA bool) error {
	invalid := func(text string) error { return fault.New(fault.InvalidParameter, "%s", text) }
	factors := p.Policies.SignInPolicy.AllowedFirstAuthFactors
	required := p.MfaConfiguration == "ON"
	for _, f := range factors {
		switch {
		case f == FirstPassword:
			continue
		case f != FirstEmailOTP && f != FirstSMSOTP && f != FactorWebAuthn:
			return fault.New(fault.InvalidParameter, "Invalid value in AllowedFirstAuthFactors.")
		}
		if err := p.needsEssentials("Passwordless Sign-In"); err != nil {
			return err
		}
		switch {
		case required && f != FactorWebAuthn:
			return invalid("Only PASSWORD and WEB_AUTHN (if configured) can be enabled as an auth factor if MFA is enabled")
		case required && !passkeyIsMFA:
			return invalid("WEB_AUTHN cannot be used as an auth factor when MFA is enabled if not configured for MFA.")
		}
	}
	if !slices.ContainsFunc(factors, func(f string) bool { return f != FactorWebAuthn }) {
		return invalid("WEB_AUTHN cannot be the only value of AllowedFirstAuthFactors.")
	}
	return nil
}
