package userpool

import (
	"context"
	"encoding/json"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Values of MfaConfiguration.
const (
	MFAOff      = "OFF"
	MFAOptional = "OPTIONAL"
	MFAOn       = "ON"
)

// MFASettings are the settings of second factors that SetUserPoolMfaConfig writes. SMS is a factor of a pool with an
// SmsConfiguration.
type MFASettings struct {
	// As SetUserPoolMfaConfig got them; nil = never set.
	SmsConfiguration              json.RawMessage      `json:"SmsConfiguration,omitempty"`
	EmailMfaConfiguration         *EmailMFAConfig      `json:"EmailMfaConfiguration,omitempty"`
	SoftwareTokenMfaConfiguration *SoftwareTokenConfig `json:"SoftwareTokenMfaConfiguration,omitempty"` // nil unless the last change named it
}

// EmailMFAConfig has the texts of e-mail messages with a code of a sign-in. Empty texts are AWS's.
type EmailMFAConfig struct {
	// The texts of the mail with a code; "" = AWS's.
	Message string `json:"Message,omitempty"`
	Subject string `json:"Subject,omitempty"`
}

// SoftwareTokenConfig says whether TOTP is a second factor.
type SoftwareTokenConfig struct {
	// Whether users may have TOTP as a second factor.
	Enabled bool `json:"Enabled"`
}

// MFAPolicy is what a pool says about second factors.
type MFAPolicy struct {
	// Every user needs a second factor, or those who have one; neither: nobody.
	On, Optional      bool
	SMS, Email, Token bool   // the factors of the pool
	Recovery          string // the attribute that reset codes go to first, which gets no MFA codes unless the user asks; "" for none
}

func (p *PoolSettings) mfaPolicy() MFAPolicy {
	m := MFAPolicy{On: p.MfaConfiguration == MFAOn, Optional: p.MfaConfiguration == MFAOptional,
		SMS: setJSON(p.SmsConfiguration), Email: p.EmailMfaConfiguration != nil && p.UserPoolTier != TierLite,
		Token: p.SoftwareTokenMfaConfiguration != nil && p.SoftwareTokenMfaConfiguration.Enabled}
	if r := p.AccountRecoverySetting; r != nil && len(r.RecoveryMechanisms) > 0 {
		if order := r.order(); len(order) > 0 {
			m.Recovery = order[0]
		}
	}
	return m
}

// CheckMFA returns AWS's error if the settings require a second factor and the pool has none. An SmsConfiguration is enough,
// whatever the text says: TestAccCognitoIDPUserPool_update of terraform-provider-aws auto-verifies e-mail addresses only.
func (p *PoolSettings) CheckMFA() error {
	if m := p.mfaPolicy(); !(m.On || m.Optional) || m.Token || m.Email {
		return nil
	}
	if !setJSON(p.SmsConfiguration) {
		return fault.New(fault.InvalidParameter, "SMS configuration and Auto verification for phone_number are required when MFA is required/optional")
	}
	return nil
}

// validateMFA refuses factors that contradict other settings.
func (p *PoolSettings) validateMFA() error {
	switch p.MfaConfiguration {
	case MFAOff, MFAOptional, MFAOn:
	default:
		return fault.New(fault.InvalidParameter, "MfaConfiguration is OFF, OPTIONAL or ON.")
	}
	if setJSON(p.SmsConfiguration) {
		var sms struct {
			SnsCallerArn string
			ExternalID   string `json:"ExternalId"`
			SnsRegion    string
		}
		if err := json.Unmarshal(p.SmsConfiguration, &sms); err != nil {
			return fault.Wrap(fault.InvalidParameter, err, "Invalid SmsConfiguration.")
		}
	}
	if p.EmailMfaConfiguration == nil {
		return nil
	}
	if err := p.needsEssentials("Email MFA"); err != nil {
		return err
	}
	if r := p.AccountRecoverySetting; r != nil && len(r.RecoveryMechanisms) == 1 && r.RecoveryMechanisms[0].Name == "verified_email" {
		return fault.New(fault.InvalidParameter, "Invalid account recovery setting parameter. Account Recovery Setting cannot use verified_email as the only recovery mechanism when Email MFA is configured.")
	}
	return nil
}

// keepMFA keeps the factors, which UpdateUserPool does not have. While MFA is not OFF it also keeps SMS, which AWS does not
// take back.
func (p *PoolSettings) keepMFA(old *PoolSettings) {
	p.EmailMfaConfiguration, p.SoftwareTokenMfaConfiguration = old.EmailMfaConfiguration, old.SoftwareTokenMfaConfiguration
	if p.MfaConfiguration != MFAOff && !setJSON(p.SmsConfiguration) {
		p.SmsConfiguration = old.SmsConfiguration
	}
}

// MFAChange is the input of SetUserPoolMfaConfig. A nil member was not given.
type MFAChange struct {
	Configuration string // "" if it was not given
	SMS           *SMSMFAConfig
	Email         *EmailMFAConfig
	Token         *SoftwareTokenConfig
	WebAuthn      *WebAuthnConfig // independent of the factors
}

// SMSMFAConfig is the SmsMfaConfiguration of SetUserPoolMfaConfig.
type SMSMFAConfig struct {
	Message       string          // SmsAuthenticationMessage
	Configuration json.RawMessage // SmsConfiguration
}

// enables reports whether the change turns a factor on.
func (c *MFAChange) enables() bool {
	return (c.SMS != nil && setJSON(c.SMS.Configuration)) || c.Email != nil || (c.Token != nil && c.Token.Enabled)
}

var (
	errMFAOffWithFactor = fault.New(fault.InvalidParameter, "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.")
	errMFAWithoutFactor = fault.New(fault.InvalidParameter, "Invalid MFA Configuration given. SMS MFA, Email MFA, or Software Token MFA must be enabled.")
	errSinglePasskey    = fault.New(fault.InvalidParameter, "Cannot set WebAuthn factor configuration to SINGLE_FACTOR if MFA is required and WebAuthn is an allowed first auth factor")
)

// SetUserPoolMfaConfig changes the second factors of a pool and returns the new settings. If the change names
// MfaConfiguration, the pool has no TOTP and no e-mail unless the change names them; otherwise factors that it leaves out stay. A
// change that names nothing turns MFA off.
//
// Source of the rules and texts: aws-sdk-js#4186, go-to-k/cdkd#1923 and go-to-k/cdkd#2064, and the acceptance tests of Terraform's
// aws_cognito_user_pool, which find no TOTP in the pool after a change without it.
func (s *Service) SetUserPoolMfaConfig(ctx context.Context, id string, c MFAChange) (*PoolSettings, error) {
	var out PoolSettings
	err := s.ChangePool(ctx, id, func(_ *store.Pool, p PoolSettings) (PoolSettings, error) {
		err := p.setMFA(c)
		out = p
		return p, err
	})
	return &out, err
}

func (p *PoolSettings) setMFA(c MFAChange) error {
	if c == (MFAChange{}) {
		p.MfaConfiguration, p.EmailMfaConfiguration, p.SoftwareTokenMfaConfiguration = MFAOff, nil, nil
		return p.validate()
	}
	named := c.Configuration != ""
	if named {
		p.MfaConfiguration = c.Configuration
		p.EmailMfaConfiguration, p.SoftwareTokenMfaConfiguration = nil, nil
	}
	off := p.MfaConfiguration == MFAOff || p.MfaConfiguration == ""
	switch {
	case off && (c.SMS != nil || c.Email != nil || c.Token != nil):
		return errMFAOffWithFactor
	case !off && named && !c.enables():
		return errMFAWithoutFactor
	}
	if c.SMS != nil {
		setIfGiven(&p.SmsAuthenticationMessage, c.SMS.Message)
		if setJSON(c.SMS.Configuration) {
			p.SmsConfiguration = c.SMS.Configuration
		}
	}
	if c.Email != nil {
		p.EmailMfaConfiguration = c.Email
	}
	if c.Token != nil {
		p.SoftwareTokenMfaConfiguration = c.Token
	}
	if c.WebAuthn != nil {
		p.WebAuthnConfiguration = c.WebAuthn
		if err := p.checkSingleFactor(); err != nil {
			return err
		}
	}
	if w := p.webAuthn(); p.MfaConfiguration == MFAOn && w.Enabled && !w.MultiFactor {
		return errSinglePasskey
	}
	if err := p.validate(); err != nil {
		return err
	}
	if m := p.mfaPolicy(); !off && !m.SMS && !m.Email && !m.Token {
		return errMFAWithoutFactor
	}
	return nil
}

func setIfGiven(s *string, value string) {
	if value != "" {
		*s = value
	}
}
