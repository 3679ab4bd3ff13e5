package userpool

import (
	"encoding/json"
	"fmt"

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
	data, err := json.Marshal(m)
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
