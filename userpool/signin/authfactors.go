package signin

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// AuthFactors are the factors of a user, as GetUserAuthFactors returns them.
type AuthFactors struct {
	Username   string
	Configured []string // PASSWORD, EMAIL_OTP, SMS_OTP, WEB_AUTHN, SOFTWARE_TOKEN
	MFA        []string // UserMFASettingList
	Preferred  string   // PreferredMfaSetting; "" for none
}

// GetUserAuthFactors returns the factors of the token's user.
func (m *Machine) GetUserAuthFactors(ctx context.Context, accessToken string) (*AuthFactors, error) {
	who, err := m.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	return m.authFactors(ctx, who.Pool, &directory.Subject{Exists: true, Name: who.User.Username, User: who.User})
}

// AdminGetUserAuthFactors returns the factors of a user. The error is userpool.ErrNoUser if there is none.
func (m *Machine) AdminGetUserAuthFactors(ctx context.Context, poolID, name string) (*AuthFactors, error) {
	p, err := m.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	subject, err := m.o.Users.Find(ctx, p, name)
	if err != nil {
		return nil, err
	}
	if !subject.Exists {
		return nil, userpool.ErrNoUser
	}
	return m.authFactors(ctx, p, subject)
}

func (m *Machine) authFactors(ctx context.Context, p *userpool.Pool, subject *directory.Subject) (*AuthFactors, error) {
	mfa, err := userpool.ReadMFA(&subject.User)
	if err != nil {
		return nil, err
	}
	out := &AuthFactors{Username: subject.User.Username, MFA: mfa.List(), Preferred: mfa.Preferred}
	if m.o.Users.HasPassword(p, subject) {
		out.Configured = append(out.Configured, userpool.FirstPassword)
	}
	for _, otp := range []struct{ factor, attribute string }{{userpool.FirstEmailOTP, "email"}, {userpool.FirstSMSOTP, "phone_number"}} {
		if p.AllowsFirst(otp.factor) && m.o.Users.HasAddress(p, subject, otp.attribute) {
			out.Configured = append(out.Configured, otp.factor)
		}
	}
	has, err := m.o.Passkeys.Has(ctx, p, subject)
	if err != nil {
		return nil, err
	}
	if has {
		out.Configured = append(out.Configured, userpool.FactorWebAuthn)
	}
	if mfa.Verified() {
		out.Configured = append(out.Configured, "SOFTWARE_TOKEN")
	}
	return out, nil
}
