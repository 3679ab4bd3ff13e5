package userpool

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/store"
)

// The second factors, as UserMFASettingList and the challenges name them.
const (
	SMSMFA        = "SMS_MFA"
	SoftwareToken = "SOFTWARE_TOKEN_MFA"
	EmailOTP      = "EMAIL_OTP"
)

// MFA is a user's second factors, which the store keeps in User.MFA.
type MFA struct {
	SMS       bool   `json:"sms,omitempty"`       // the user wants codes by SMS
	Email     bool   `json:"email,omitempty"`     // the user wants codes by e-mail
	Token     bool   `json:"token,omitempty"`     // the user wants TOTP
	Preferred string `json:"preferred,omitempty"` // one of those; "" for none
	WebAuthn  bool   `json:"webAuthn,omitempty"`  // the user's passkeys count as two factors, where the pool has that
	Legacy    bool   `json:"legacy,omitempty"`    // SMS was set by SetUserSettings, so MFAOptions shows it

	Secret   []byte `json:"secret,omitempty"`   // of the verified TOTP, sealed
	Device   string `json:"device,omitempty"`   // FriendlyDeviceName
	LastStep int64  `json:"lastStep,omitempty"` // the newest TOTP step that was accepted; no step up to it is accepted again
	Pending  []byte `json:"pending,omitempty"`  // secret of AssociateSoftwareToken that is not verified yet, sealed
}

// ReadMFA returns the second factors of the user.
func ReadMFA(u *store.User) (MFA, error) { return ParseMFA(u.MFA) }

// ParseMFA returns the second factors of the user whose record has the text.
func ParseMFA(text json.RawMessage) (MFA, error) {
	var m MFA
	if len(text) == 0 {
		return m, nil
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("userpool: MFA of a user: %w", err)
	}
	return m, nil
}

// Write sets the user's record.
func (m *MFA) Write(u *store.User) error {
	data, err := json.Marshal(m) //nolint:gosec // G117: Secret is sealed
	if err != nil {
		return fmt.Errorf("userpool: MFA of user %s: %w", u.Sub, err)
	}
	if u.MFA = data; string(data) == "{}" {
		u.MFA = nil
	}
	return nil
}

// Verified reports whether the user has a verified TOTP.
func (m *MFA) Verified() bool { return len(m.Secret) > 0 }

// List returns UserMFASettingList: the factors that the user turned on.
func (m *MFA) List() []string {
	var list []string
	for _, f := range []string{SMSMFA, SoftwareToken, EmailOTP} {
		if *m.On(f) {
			list = append(list, f)
		}
	}
	return list
}

// On returns the switch of the factor.
func (m *MFA) On(factor string) *bool {
	switch factor {
	case SMSMFA:
		return &m.SMS
	case SoftwareToken:
		return &m.Token
	}
	return &m.Email
}

// TurnedOn returns the factors that the user turned on and can use. A verified TOTP works even if the pool has turned TOTP off.
func (p *Pool) TurnedOn(u *store.User, m *MFA) (list []string) {
	if m.SMS && p.MFA.SMS && u.Attributes["phone_number"] != "" {
		list = append(list, SMSMFA)
	}
	if m.Token && m.Verified() {
		list = append(list, SoftwareToken)
	}
	if m.Email && p.MFA.Email && u.Attributes["email"] != "" {
		list = append(list, EmailOTP)
	}
	return list
}

// Available returns the factors that a user without settings can use: a verified TOTP, and addresses that reset codes do not
// go to first.
func (p *Pool) Available(u *store.User, m *MFA) (list []string) {
	if p.MFA.SMS && u.Attributes["phone_number"] != "" && p.MFA.Recovery != "phone_number" {
		list = append(list, SMSMFA)
	}
	if m.Verified() {
		list = append(list, SoftwareToken)
	}
	if p.MFA.Email && u.Attributes["email"] != "" && p.MFA.Recovery != "email" {
		list = append(list, EmailOTP)
	}
	return list
}

// RecoveryOf returns the attributes that a reset code may go to, best first: verified addresses of the pool's recovery
// mechanisms that do not get the user's MFA codes. Without AccountRecoverySetting, as in pools that older versions made, an
// address may get both.
//
// Source: API reference, AccountRecoverySetting of CreateUserPool.
func (p *Pool) RecoveryOf(u *store.User) (list []string, err error) {
	m, err := ReadMFA(u)
	if err != nil {
		return nil, err
	}
	var used []string
	if r := p.Settings.AccountRecoverySetting; r != nil && len(r.RecoveryMechanisms) > 0 && (p.MFA.On || p.MFA.Optional) {
		if used = p.TurnedOn(u, &m); len(used) == 0 && p.MFA.On {
			used = p.Available(u, &m)
		}
	}
	for _, a := range p.Recovery {
		factor := map[string]string{"phone_number": SMSMFA, "email": EmailOTP}[a]
		if Verified(u.Attributes, a) && !slices.Contains(used, factor) {
			list = append(list, a)
		}
	}
	return list, nil
}
