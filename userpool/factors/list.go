package factors

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// List has the factors of a user, as GetUserAuthFactors returns them.
type List struct {
	Username   string   // as the pool has it, not the alias that found the user
	Configured []string // PASSWORD, EMAIL_OTP, SMS_OTP, WEB_AUTHN, SOFTWARE_TOKEN
	MFA        []string // UserMFASettingList
	Preferred  string   // PreferredMfaSetting; "" for none
}

// GetUserAuthFactors returns the factors of the token's user.
func (s *Service) GetUserAuthFactors(ctx context.Context, accessToken string) (*List, error) {
	who, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	return s.authFactors(ctx, who.Pool, &directory.Subject{Exists: true, Name: who.User.Username, User: who.User})
}

// AdminGetUserAuthFactors returns the factors of a user. The error is userpool.ErrNoUser if there is none.
func (s *Service) AdminGetUserAuthFactors(ctx context.Context, poolID, name string) (*List, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	subject, err := s.o.Users.Find(ctx, p, name)
	if err != nil {
		return nil, err
	}
	if !subject.Exists {
		return nil, userpool.ErrNoUser
	}
	return s.authFactors(ctx, p, subject)
}

func (s *Service) authFactors(ctx context.Context, p *userpool.Pool, subject *directory.Subject) (*List, error) {
	second, err := userpool.ReadMFA(&subject.User)
	if err != nil {
		return nil, err
	}
	out := &List{Username: subject.User.Username, MFA: second.List(), Preferred: second.Preferred}
	if s.o.Users.HasPassword(p, subject) {
		out.Configured = append(out.Configured, userpool.FirstPassword)
	}
	for _, otp := range []struct{ factor, attribute string }{{userpool.FirstEmailOTP, "email"}, {userpool.FirstSMSOTP, "phone_number"}} {
		if p.AllowsFirst(otp.factor) && s.o.Users.HasAddress(p, subject, otp.attribute) {
			out.Configured = append(out.Configured, otp.factor)
		}
	}
	has, err := s.o.Passkeys.Has(ctx, p, subject)
	if err != nil {
		return nil, err
	}
	if has {
		out.Configured = append(out.Configured, userpool.FactorWebAuthn)
	}
	if second.Verified() {
		out.Configured = append(out.Configured, "SOFTWARE_TOKEN")
	}
	return out, nil
}
