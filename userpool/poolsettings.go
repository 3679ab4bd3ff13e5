package userpool

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/userpool/risk"
)

// PoolSettings are a pool's settings. The JSON is that of CreateUserPool and DescribeUserPool, member for member, so that
// server/cognitoidp converts by encoding and decoding.
type PoolSettings struct {
	// The members of CreateUserPool that have these names, as they were given; a member that was left out is zero, and has AWS's default.
	Policies                    *Policies             `json:"Policies,omitempty"`
	DeletionProtection          string                `json:"DeletionProtection,omitempty"` // ACTIVE or INACTIVE
	AutoVerifiedAttributes      []string              `json:"AutoVerifiedAttributes,omitempty"`
	AliasAttributes             []string              `json:"AliasAttributes,omitempty"`
	UsernameAttributes          []string              `json:"UsernameAttributes,omitempty"`
	SmsVerificationMessage      string                `json:"SmsVerificationMessage,omitempty"`
	EmailVerificationMessage    string                `json:"EmailVerificationMessage,omitempty"`
	EmailVerificationSubject    string                `json:"EmailVerificationSubject,omitempty"`
	VerificationMessageTemplate *VerificationTemplate `json:"VerificationMessageTemplate,omitempty"`
	SmsAuthenticationMessage    string                `json:"SmsAuthenticationMessage,omitempty"`
	UserAttributeUpdateSettings *UpdateSettings       `json:"UserAttributeUpdateSettings,omitempty"`
	MfaConfiguration            string                `json:"MfaConfiguration,omitempty"`
	AdminCreateUserConfig       *AdminCreateConfig    `json:"AdminCreateUserConfig,omitempty"`
	Schema                      []SchemaAttribute     `json:"Schema,omitempty"` // whole: standard and custom
	UsernameConfiguration       *UsernameConfig       `json:"UsernameConfiguration,omitempty"`
	AccountRecoverySetting      *RecoverySetting      `json:"AccountRecoverySetting,omitempty"`
	UserPoolTags                map[string]string     `json:"UserPoolTags,omitempty"`
	UserPoolTier                string                `json:"UserPoolTier,omitempty"`

	LambdaConfig        *LambdaConfig   `json:"LambdaConfig,omitempty"`        // nil = no triggers
	EmailConfiguration  json.RawMessage `json:"EmailConfiguration,omitempty"`  // Pool.Sender has the members that have an effect
	DeviceConfiguration json.RawMessage `json:"DeviceConfiguration,omitempty"` // see Pool.Devices

	// Of other operations; nil or empty = never set.
	UserPoolAddOns       *AddOns            `json:"UserPoolAddOns,omitempty"`
	RiskConfiguration    *risk.Config       `json:"RiskConfiguration,omitempty"`    // of SetRiskConfiguration
	SessionConfiguration *SessionConfig     `json:"SessionConfiguration,omitempty"` // of SetUserPoolSessionConfiguration
	LogConfigurations    []LogConfiguration `json:"LogConfigurations,omitempty"`    // of SetLogDeliveryConfiguration
	Replicas             []Replica          `json:"Replicas,omitempty"`             // of CreateUserPoolReplica
	MFASettings
	WebAuthnConfiguration *WebAuthnConfig `json:"WebAuthnConfiguration,omitempty"` // set by SetUserPoolMfaConfig

	OAuthSettings
}

// Policies are the password and sign-in policy.
type Policies struct {
	// nil = AWS's default.
	PasswordPolicy *PasswordPolicy `json:"PasswordPolicy,omitempty"`
	SignInPolicy   *SignInPolicy   `json:"SignInPolicy,omitempty"`
}

// PasswordPolicy holds the requirements for passwords. Lengths are in characters.
type PasswordPolicy struct {
	MinimumLength                 int  `json:"MinimumLength"` // 6 to 99; 0 is 8
	RequireUppercase              bool `json:"RequireUppercase"`
	RequireLowercase              bool `json:"RequireLowercase"`
	RequireNumbers                bool `json:"RequireNumbers"`
	RequireSymbols                bool `json:"RequireSymbols"`
	PasswordHistorySize           int  `json:"PasswordHistorySize,omitempty"`
	TemporaryPasswordValidityDays int  `json:"TemporaryPasswordValidityDays"` // 0 is 7
}

// SignInPolicy names the factors a sign-in may begin with.
type SignInPolicy struct {
	// PASSWORD, EMAIL_OTP, SMS_OTP and WEB_AUTHN; nil is PASSWORD.
	AllowedFirstAuthFactors []string `json:"AllowedFirstAuthFactors,omitempty"`
}

// VerificationTemplate holds the texts of messages with a code. "{####}" is replaced by the code.
type VerificationTemplate struct {
	// The texts of messages with codes and links; "" = AWS's. DefaultEmailOption is CONFIRM_WITH_CODE or CONFIRM_WITH_LINK.
	SmsMessage         string `json:"SmsMessage,omitempty"`
	EmailMessage       string `json:"EmailMessage,omitempty"`
	EmailSubject       string `json:"EmailSubject,omitempty"`
	EmailMessageByLink string `json:"EmailMessageByLink,omitempty"`
	EmailSubjectByLink string `json:"EmailSubjectByLink,omitempty"`
	DefaultEmailOption string `json:"DefaultEmailOption,omitempty"`
}

// UpdateSettings names the attributes that keep their old value until the new one is verified.
type UpdateSettings struct {
	AttributesRequireVerificationBeforeUpdate []string `json:"AttributesRequireVerificationBeforeUpdate,omitzero"` // AWS shows an empty list
}

// AdminCreateConfig configures users whom an administrator creates.
type AdminCreateConfig struct {
	// As in CreateUserPool. UnusedAccountValidityDays is the deprecated form of TemporaryPasswordValidityDays; 0 = left out.
	AllowAdminCreateUserOnly  bool            `json:"AllowAdminCreateUserOnly"`
	UnusedAccountValidityDays int             `json:"UnusedAccountValidityDays,omitempty"`
	InviteMessageTemplate     *InviteTemplate `json:"InviteMessageTemplate,omitempty"`
}

// InviteTemplate holds the texts of invitations. "{username}" and "{####}" are replaced by name and temporary password.
type InviteTemplate struct {
	// The texts of invitations; "" = AWS's.
	SMSMessage   string `json:"SMSMessage,omitempty"`
	EmailMessage string `json:"EmailMessage,omitempty"`
	EmailSubject string `json:"EmailSubject,omitempty"`
}

// UsernameConfig says how user names compare.
type UsernameConfig struct {
	// Whether names that differ in case only are different.
	CaseSensitive bool `json:"CaseSensitive"`
}

// RecoverySetting says how a forgotten password is replaced.
type RecoverySetting struct {
	// In any order; nil = AWS's default.
	RecoveryMechanisms []RecoveryMechanism `json:"RecoveryMechanisms,omitempty"`
}

// RecoveryMechanism is verified_email, verified_phone_number or admin_only with its priority, 1 first.
type RecoveryMechanism struct {
	// verified_email, verified_phone_number or admin_only; 1 is the first to be tried.
	Name     string `json:"Name"`
	Priority int    `json:"Priority"`
}

// ParsePoolSettings returns settings and name of a CreateUserPool or UpdateUserPool request. It ignores unknown members, as
// AWS does. The error is fault.InvalidParameter.
func ParsePoolSettings(data json.RawMessage) (PoolSettings, string, error) {
	var in struct {
		PoolSettings
		PoolName string
	}
	if len(data) == 0 {
		return in.PoolSettings, "", nil
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return PoolSettings{}, "", fault.Wrap(fault.InvalidParameter, err, "The settings of the user pool do not parse.")
	}
	return in.PoolSettings, in.PoolName, nil
}

// CodePlaceholder is the placeholder of the code or temporary password in the texts of messages.
const CodePlaceholder = "{####}"

// Sender is the From and Reply-To of a pool's e-mail, both empty for the server's own.
type Sender struct{ From, ReplyTo string }

func (p *PoolSettings) sender() (Sender, error) {
	if !setJSON(p.EmailConfiguration) {
		return Sender{}, nil
	}
	var c struct{ From, ReplyToEmailAddress string }
	err := json.Unmarshal(p.EmailConfiguration, &c)
	return Sender{message.OneLine(c.From), message.OneLine(c.ReplyToEmailAddress)}, err
}

// pendingAttributes returns the attributes that keep their old value until the new one is verified.
func (p *PoolSettings) pendingAttributes() []string {
	if p.UserAttributeUpdateSettings == nil {
		return nil
	}
	return p.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate
}

// order returns the attributes that a reset code may go to, best first; none if only an administrator can reset.
func (r *RecoverySetting) order() []string {
	if r == nil || len(r.RecoveryMechanisms) == 0 {
		return []string{"phone_number", "email"} // AWS: an absent setting prefers SMS
	}
	ms := slices.Clone(r.RecoveryMechanisms)
	slices.SortStableFunc(ms, func(a, b RecoveryMechanism) int { return a.Priority - b.Priority })
	var order []string
	for _, m := range ms {
		switch m.Name {
		case "verified_email":
			order = append(order, "email")
		case "verified_phone_number":
			order = append(order, "phone_number")
		}
	}
	return order
}

// setJSON reports whether a member holds anything. Absent, null and {} do not.
func setJSON(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", "{}":
		return false
	}
	return true
}
