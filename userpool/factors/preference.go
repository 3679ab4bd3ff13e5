package factors

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Setting is what a request says about one factor.
type Setting struct{ Enabled, Preferred bool }

// Preference is the input of SetUserMFAPreference. A factor that is nil stays as it is.
type Preference struct {
	SMS, Token, Email *Setting // SMSMfaSettings, SoftwareTokenMfaSettings, EmailMfaSettings
	WebAuthn          *bool    // Enabled of WebAuthnMfaSettings: the user's passkeys count as two factors
}

var (
	errTwoPreferred     = fault.New(fault.InvalidParameter, "Only one MFA method can be preferred.")
	errPreferredOff     = fault.New(fault.InvalidParameter, "An MFA method that is not enabled cannot be preferred.")
	errRequired         = fault.New(fault.InvalidParameter, "MFA is required in the user pool, so passkeys cannot be disabled as an MFA method.")
	errNoneLeft         = fault.New(fault.InvalidParameter, "MFA is required in the user pool, and the user would have no MFA method left.")
	errPasskeyNoMFA     = fault.New(fault.InvalidParameter, "Passkeys are not an MFA method of the user pool. Set FactorConfiguration to MULTI_FACTOR_WITH_USER_VERIFICATION.")
	errPasskeyAlone     = fault.New(fault.InvalidParameter, "Passkeys can be an MFA method only with another one.")
	errSettingsSMSPhone = fault.New(fault.InvalidParameter, "MFAOptions can only have the DeliveryMedium SMS and the AttributeName phone_number.")
)

func errNoDelivery(factor string) error {
	return fault.New(fault.InvalidParameter, "User does not have delivery config set to turn on %s", factor)
}

// SetUserMFAPreference turns factors of the token's user on or off.
func (s *Service) SetUserMFAPreference(ctx context.Context, accessToken string, in Preference) error {
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	_, err = s.o.Users.Change(ctx, holder.Pool, holder.User.Sub, func(_ store.Tx, u *store.User) error {
		return in.apply(holder.Pool, u)
	})
	return err
}

// AdminSetUserMFAPreference is SetUserMFAPreference for any user.
func (s *Service) AdminSetUserMFAPreference(ctx context.Context, poolID, name string, in Preference) error {
	return s.o.Users.AdminChange(ctx, poolID, name, in.apply)
}

// apply changes the user's factors.
func (in Preference) apply(p *userpool.Pool, u *store.User) error {
	m, err := userpool.ReadMFA(u)
	if err != nil {
		return err
	}
	had := len(p.TurnedOn(u, &m)) > 0
	preferred := ""
	for _, f := range []struct {
		name string
		set  *Setting
	}{{userpool.SMSMFA, in.SMS}, {userpool.SoftwareToken, in.Token}, {userpool.EmailOTP, in.Email}} {
		if f.set == nil {
			continue
		}
		if err := set(p, u, &m, f.name, *f.set); err != nil {
			return err
		}
		if f.set.Preferred {
			if preferred != "" {
				return errTwoPreferred
			}
			preferred = f.name
		} else if m.Preferred == f.name {
			m.Preferred = ""
		}
	}
	if preferred != "" {
		m.Preferred = preferred
	}
	if err := setWebAuthn(p, &m, in.WebAuthn); err != nil {
		return err
	}
	if had && noneLeft(p, u, &m) {
		return errNoneLeft
	}
	return m.Write(u)
}

// noneLeft reports whether the user's next sign-in would need a factor that the user has not: it could not be made, or whoever knows the
// password could set up a factor.
func noneLeft(p *userpool.Pool, u *store.User, m *userpool.MFA) bool {
	return p.MFA.On && len(p.TurnedOn(u, m)) == 0 && len(p.Available(u, m)) == 0
}

// setWebAuthn turns on or off that the user's passkeys count as two factors; nil leaves it. They do so only with another
// factor, so that losing a passkey locks no user out.
//
// Source: API reference, WebAuthnMfaSettingsType.
func setWebAuthn(p *userpool.Pool, m *userpool.MFA, on *bool) error {
	switch {
	case on == nil:
	case *on && !p.WebAuthn.MultiFactor:
		return errPasskeyNoMFA
	case !*on && m.WebAuthn && p.MFA.On:
		return errRequired
	default:
		m.WebAuthn = *on
	}
	if m.WebAuthn && !slices.ContainsFunc(m.List(), func(factor string) bool { return factor != userpool.SMSMFA || p.MFA.SMS }) {
		return errPasskeyAlone
	}
	return nil
}

// set turns one factor on or off. Off is possible also where MFA is required, as AWS allows it to Amplify's tests (amplify-flutter,
// mfa_sms_totp_required_test.dart), if the user has one that the next sign-in can ask for.
func set(p *userpool.Pool, u *store.User, m *userpool.MFA, factor string, in Setting) error {
	on := m.On(factor)
	switch {
	case in.Preferred && !in.Enabled:
		return errPreferredOff
	case in.Enabled && !usable(p, u, m, factor):
		return errNoDelivery(factor)
	}
	if *on = in.Enabled; factor == userpool.SMSMFA && !in.Enabled {
		m.Legacy = false
	}
	return nil
}

// usable reports whether pool and user have what the factor needs. SMS needs only a number: without SMS in the pool, sign-ins leave the factor
// out. localstack_ext validated this on AWS (test_update_user_mfa_preferences).
func usable(p *userpool.Pool, u *store.User, m *userpool.MFA, factor string) bool {
	switch factor {
	case userpool.SMSMFA:
		return u.Attributes["phone_number"] != ""
	case userpool.SoftwareToken:
		return m.Verified()
	}
	return p.MFA.Email && u.Attributes["email"] != ""
}

// Option is one of MFAOptions.
type Option struct{ Medium, Attribute string }

// SetUserSettings turns SMS on for the token's user if options has it, else off.
func (s *Service) SetUserSettings(ctx context.Context, accessToken string, options []Option) error {
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	_, err = s.o.Users.Change(ctx, holder.Pool, holder.User.Sub, func(_ store.Tx, u *store.User) error {
		return applyOptions(holder.Pool, u, options)
	})
	return err
}

// AdminSetUserSettings is SetUserSettings for any user.
func (s *Service) AdminSetUserSettings(ctx context.Context, poolID, name string, options []Option) error {
	return s.o.Users.AdminChange(ctx, poolID, name, func(p *userpool.Pool, u *store.User) error { return applyOptions(p, u, options) })
}

func applyOptions(p *userpool.Pool, u *store.User, options []Option) error {
	for _, o := range options {
		if o.Medium != "SMS" || o.Attribute != "phone_number" {
			return errSettingsSMSPhone
		}
	}
	m, err := userpool.ReadMFA(u)
	if err != nil {
		return err
	}
	had := len(p.TurnedOn(u, &m)) > 0
	if err := set(p, u, &m, userpool.SMSMFA, Setting{Enabled: len(options) > 0}); err != nil {
		return err
	}
	if had && noneLeft(p, u, &m) {
		return errNoneLeft
	}
	if m.Legacy = m.SMS; !m.SMS && m.Preferred == userpool.SMSMFA {
		m.Preferred = ""
	}
	if err := setWebAuthn(p, &m, nil); err != nil {
		return err
	}
	return m.Write(u)
}
