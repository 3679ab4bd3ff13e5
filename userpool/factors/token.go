package factors

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/totp"
)

// purposeSecret seals secrets of TOTP; the additional data is pool and user.
const purposeSecret = "software token secret"

var (
	errTokenOff   = fault.New(fault.SoftwareTokenMFANotFound, "Software Token MFA has not been enabled by the userPool")
	errNoToken    = fault.New(fault.SoftwareTokenMFANotFound, "Software Token MFA does not exist for the user.")
	errTokenUsed  = fault.New(fault.ExpiredCode, "Your software token has already been used once.")
	errEnroll     = fault.New(fault.EnableSoftwareTokenMFA, "Code mismatch and fail enable Software Token MFA")
	errNoPending  = fault.New(fault.InvalidParameter, "There is no software token to verify. Call AssociateSoftwareToken first.")
	errDeviceName = fault.New(fault.InvalidParameter, "The FriendlyDeviceName is too long.")
)

// maxDeviceName limits FriendlyDeviceName, in bytes. The API model allows 131,072 characters.
const maxDeviceName = 1024

func secretData(u *store.User) []byte { return []byte(u.PoolID + "\n" + u.Sub) }

// Secret returns a new TOTP secret for the user: as text for the authenticator app, and sealed. It changes nothing.
func (s *Service) Secret(p *userpool.Pool, u *store.User) (text string, sealed []byte, err error) {
	if !p.MFA.Token {
		return "", nil, errTokenOff
	}
	secret, err := totp.NewSecret(s.base.Rand)
	if err != nil {
		return "", nil, err
	}
	sealed, err = s.base.Seal.Seal(purposeSecret, secret, secretData(u))
	return totp.Text(secret), sealed, err
}

// Sealed returns a TOTP secret as the user's record keeps it. It is for a user who brings the secret from another system.
func (s *Service) Sealed(u *store.User, secret []byte) ([]byte, error) {
	return s.base.Seal.Seal(purposeSecret, secret, secretData(u))
}

// SecretSeal returns the purpose and the additional data with which the TOTP secrets of a user are sealed.
func SecretSeal(u *store.User) (purpose string, additional []byte) {
	return purposeSecret, secretData(u)
}

// Enroll makes the sealed secret the user's TOTP if the code is right. It returns fault.EnableSoftwareTokenMFA for a wrong or
// used code. It is called inside a change of the user.
func (s *Service) Enroll(u *store.User, sealed []byte, code, device string) error {
	if len(device) > maxDeviceName {
		return errDeviceName
	}
	m, err := userpool.ReadMFA(u)
	if err != nil {
		return err
	}
	secret, err := s.base.Seal.Open(purposeSecret, sealed, secretData(u))
	if err != nil {
		return fmt.Errorf("factors: secret of user %s: %w", u.Sub, err)
	}
	last := int64(0)
	if m.Verified() {
		have, err := s.base.Seal.Open(purposeSecret, m.Secret, secretData(u))
		if err != nil {
			return fmt.Errorf("factors: secret of user %s: %w", u.Sub, err)
		}
		if string(have) == string(secret) {
			last = m.LastStep // a repeated call with one session
		}
	}
	step, err := totp.Match(secret, code, s.base.Now(), last)
	if err != nil && !errors.Is(err, totp.ErrUsed) {
		return err
	}
	if step == 0 {
		return errEnroll
	}
	m.Secret, m.Device, m.LastStep, m.Pending = sealed, device, step, nil
	return m.Write(u)
}

// MatchToken reports whether the code is right for the user's TOTP. For a right one it returns the write that the sign-in
// must make: it fails with fault.ExpiredCode if a step as new was accepted meanwhile. A code that was used before is
// fault.ExpiredCode, a user without TOTP fault.SoftwareTokenMFANotFound.
func (s *Service) MatchToken(u *store.User, code string) (ok bool, write func(store.Tx, *store.User) error, err error) {
	m, err := userpool.ReadMFA(u)
	if err != nil {
		return false, nil, err
	}
	if !m.Verified() {
		return false, nil, errNoToken
	}
	secret, err := s.base.Seal.Open(purposeSecret, m.Secret, secretData(u))
	if err != nil {
		return false, nil, fmt.Errorf("factors: secret of user %s: %w", u.Sub, err)
	}
	step, err := totp.Match(secret, code, s.base.Now(), m.LastStep)
	if errors.Is(err, totp.ErrUsed) {
		return false, nil, errTokenUsed
	}
	if step == 0 || err != nil {
		return false, nil, err
	}
	return true, func(_ store.Tx, u *store.User) error { return accept(u, m.Secret, step) }, nil
}

// accept records the step of a code that was right for the sealed secret.
func accept(u *store.User, sealed []byte, step int64) error {
	m, err := userpool.ReadMFA(u)
	switch {
	case err != nil:
		return err
	case string(m.Secret) != string(sealed):
		return errNoToken // replaced or deleted meanwhile
	case step <= m.LastStep:
		return errTokenUsed
	}
	m.LastStep = step
	return m.Write(u)
}

// AssociateSoftwareToken returns a new secret for the token's user. It replaces one that was not verified. A verified one
// stays in use until the new one is verified.
func (s *Service) AssociateSoftwareToken(ctx context.Context, accessToken string) (secret string, err error) {
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return "", tokens.WithoutNoUser(err)
	}
	text, sealed, err := s.Secret(holder.Pool, &holder.User)
	if err != nil {
		return "", err
	}
	_, err = s.o.Users.Change(ctx, holder.Pool, holder.User.Sub, func(_ store.Tx, u *store.User) error {
		m, err := userpool.ReadMFA(u)
		if err != nil {
			return err
		}
		m.Pending = sealed
		return m.Write(u)
	})
	return text, tokens.WithoutNoUser(err)
}

// VerifySoftwareToken makes the secret of AssociateSoftwareToken the user's TOTP if the code is right.
func (s *Service) VerifySoftwareToken(ctx context.Context, accessToken, code, device string) error {
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	if !holder.Pool.MFA.Token {
		return errTokenOff
	}
	_, err = s.o.Users.Change(ctx, holder.Pool, holder.User.Sub, func(_ store.Tx, u *store.User) error {
		m, err := userpool.ReadMFA(u)
		if err != nil {
			return err
		}
		if m.Pending == nil {
			return errNoPending
		}
		return s.Enroll(u, m.Pending, code, device)
	})
	return err
}

// AdminDeleteSoftwareToken deletes a user's TOTP. A user without one is not an error.
func (s *Service) AdminDeleteSoftwareToken(ctx context.Context, poolID, name string) error {
	return s.o.Users.AdminChange(ctx, poolID, name, func(_ *userpool.Pool, u *store.User) error {
		m, err := userpool.ReadMFA(u)
		if err != nil {
			return err
		}
		m.Secret, m.Pending, m.Device, m.LastStep, m.Token = nil, nil, "", 0, false
		if m.Preferred == userpool.SoftwareToken {
			m.Preferred = ""
		}
		m.WebAuthn = m.WebAuthn && len(m.List()) > 0
		return m.Write(u)
	})
}
