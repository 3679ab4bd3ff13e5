package userpool

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
)

// PoolSettings are a pool's settings. The JSON is that of CreateUserPool and DescribeUserPool, member for member, so that
// server/cognitoidp converts by encoding and decoding.
type PoolSettings struct {
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
	MfaConfiguration            string                `json:"MfaConfiguration,omitempty"` // OFF or OPTIONAL
	AdminCreateUserConfig       *AdminCreateConfig    `json:"AdminCreateUserConfig,omitempty"`
	Schema                      []SchemaAttribute     `json:"Schema,omitempty"` // whole: standard and custom
	UsernameConfiguration       *UsernameConfig       `json:"UsernameConfiguration,omitempty"`
	AccountRecoverySetting      *RecoverySetting      `json:"AccountRecoverySetting,omitempty"`
	UserPoolTags                map[string]string     `json:"UserPoolTags,omitempty"`
	UserPoolTier                string                `json:"UserPoolTier,omitempty"`

	EmailConfiguration json.RawMessage `json:"EmailConfiguration,omitempty"` // Pool.Sender has what is used of it
	LambdaConfig       json.RawMessage `json:"LambdaConfig,omitempty"`       // refused unless empty

	KeptSettings
}

// Policies are the password and sign-in policy.
type Policies struct {
	PasswordPolicy *PasswordPolicy `json:"PasswordPolicy,omitempty"`
	SignInPolicy   *SignInPolicy   `json:"SignInPolicy,omitempty"`
}

// PasswordPolicy says what a password must hold. Lengths are in characters.
type PasswordPolicy struct {
	MinimumLength                 int  `json:"MinimumLength"` // 6 to 99; 0 = 8
	RequireUppercase              bool `json:"RequireUppercase"`
	RequireLowercase              bool `json:"RequireLowercase"`
	RequireNumbers                bool `json:"RequireNumbers"`
	RequireSymbols                bool `json:"RequireSymbols"`
	PasswordHistorySize           int  `json:"PasswordHistorySize,omitempty"`
	TemporaryPasswordValidityDays int  `json:"TemporaryPasswordValidityDays"` // 0 = 7
}

// SignInPolicy names the factors a sign-in may begin with.
type SignInPolicy struct {
	AllowedFirstAuthFactors []string `json:"AllowedFirstAuthFactors,omitempty"`
}

// VerificationTemplate holds the texts of messages with a code. "{####}" stands for the code.
type VerificationTemplate struct {
	SmsMessage         string `json:"SmsMessage,omitempty"`
	EmailMessage       string `json:"EmailMessage,omitempty"`
	EmailSubject       string `json:"EmailSubject,omitempty"`
	EmailMessageByLink string `json:"EmailMessageByLink,omitempty"`
	EmailSubjectByLink string `json:"EmailSubjectByLink,omitempty"`
	DefaultEmailOption string `json:"DefaultEmailOption,omitempty"`
}

// UpdateSettings names the attributes whose old value stays until the new one is verified.
type UpdateSettings struct {
	AttributesRequireVerificationBeforeUpdate []string `json:"AttributesRequireVerificationBeforeUpdate,omitempty"`
}

// AdminCreateConfig is about users that an administrator makes.
type AdminCreateConfig struct {
	AllowAdminCreateUserOnly  bool            `json:"AllowAdminCreateUserOnly"`
	UnusedAccountValidityDays int             `json:"UnusedAccountValidityDays,omitempty"`
	InviteMessageTemplate     *InviteTemplate `json:"InviteMessageTemplate,omitempty"`
}

// InviteTemplate holds the texts of invitations. "{username}" and "{####}" stand for name and temporary password.
type InviteTemplate struct {
	SMSMessage   string `json:"SMSMessage,omitempty"`
	EmailMessage string `json:"EmailMessage,omitempty"`
	EmailSubject string `json:"EmailSubject,omitempty"`
}

// UsernameConfig says how user names compare.
type UsernameConfig struct {
	CaseSensitive bool `json:"CaseSensitive"`
}

// RecoverySetting says how a forgotten password is replaced.
type RecoverySetting struct {
	RecoveryMechanisms []RecoveryMechanism `json:"RecoveryMechanisms,omitempty"`
}

// RecoveryMechanism is verified_email, verified_phone_number or admin_only with its priority, 1 first.
type RecoveryMechanism struct {
	Name     string `json:"Name"`
	Priority int    `json:"Priority"`
}

// ParsePoolSettings reads a CreateUserPool or UpdateUserPool request: settings and name. Members it does not know are
// ignored, as the service does. The error is fault.InvalidParameter.
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

// complete fills in defaults and judges the settings of a new pool, or of one that is updated when old is not nil.
func (p *PoolSettings) complete(old *PoolSettings) error {
	if old == nil {
		schema, err := buildSchema(p.Schema)
		if err != nil {
			return err
		}
		p.Schema = schema
	} else {
		// AWS: UpdateUserPool cannot change these; members that a client left out stay.
		p.Schema, p.UsernameAttributes, p.AliasAttributes = old.Schema, old.UsernameAttributes, old.AliasAttributes
		p.UsernameConfiguration = old.UsernameConfiguration
	}
	if err := p.completePolicies(); err != nil {
		return err
	}
	p.completeMessages()
	setDefault(&p.DeletionProtection, "INACTIVE")
	setDefault(&p.MfaConfiguration, "OFF")
	setDefault(&p.UserPoolTier, "ESSENTIALS")
	if p.AdminCreateUserConfig == nil {
		p.AdminCreateUserConfig = &AdminCreateConfig{}
	}
	if p.AdminCreateUserConfig.UnusedAccountValidityDays == 0 {
		p.AdminCreateUserConfig.UnusedAccountValidityDays = p.Policies.PasswordPolicy.TemporaryPasswordValidityDays
	}
	return p.judge()
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// completePolicies fills in what AWS always returns. A policy that was given keeps its false members: only an absent
// block means "everything required".
func (p *PoolSettings) completePolicies() error {
	if p.Policies == nil {
		p.Policies = &Policies{}
	}
	if p.Policies.PasswordPolicy == nil {
		p.Policies.PasswordPolicy = &PasswordPolicy{RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true}
	}
	if p.Policies.SignInPolicy == nil {
		p.Policies.SignInPolicy = &SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD"}}
	}
	pp := p.Policies.PasswordPolicy
	if pp.MinimumLength == 0 {
		pp.MinimumLength = 8
	}
	if pp.MinimumLength < 6 || pp.MinimumLength > 99 {
		return fault.New(fault.InvalidParameter, "1 validation error detected: Value '%d' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: Member must have value greater than or equal to 6", pp.MinimumLength)
	}
	if pp.TemporaryPasswordValidityDays < 0 || pp.TemporaryPasswordValidityDays > 365 {
		return fault.New(fault.InvalidParameter, "Invalid TemporaryPasswordValidityDays.")
	}
	if pp.PasswordHistorySize != 0 {
		return fault.New(fault.NotImplemented, "PasswordHistorySize is not implemented.")
	}
	unused := 0
	if p.AdminCreateUserConfig != nil {
		unused = p.AdminCreateUserConfig.UnusedAccountValidityDays
	}
	switch given := pp.TemporaryPasswordValidityDays; {
	case given == 0 && unused != 0:
		pp.TemporaryPasswordValidityDays = unused
	case given == 0:
		pp.TemporaryPasswordValidityDays = 7
	case unused != 0 && unused != given:
		return fault.New(fault.InvalidParameter, "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
	}
	return nil
}

// completeMessages mirrors the verification template in the older members and back.
func (p *PoolSettings) completeMessages() {
	t := p.VerificationMessageTemplate
	if t == nil {
		t = &VerificationTemplate{}
		p.VerificationMessageTemplate = t
	}
	setDefault(&t.DefaultEmailOption, "CONFIRM_WITH_CODE")
	for _, pair := range []struct{ older, newer *string }{
		{&p.SmsVerificationMessage, &t.SmsMessage},
		{&p.EmailVerificationMessage, &t.EmailMessage},
		{&p.EmailVerificationSubject, &t.EmailSubject},
	} {
		if *pair.newer != "" {
			*pair.older = *pair.newer
		} else {
			*pair.newer = *pair.older
		}
	}
}

// judge refuses what contradicts itself, and what would be accepted only to be ignored where ignoring it is unsafe.
func (p *PoolSettings) judge() error {
	invalid := func(format string, args ...any) error { return fault.New(fault.InvalidParameter, format, args...) }
	if len(p.AliasAttributes) > 0 && len(p.UsernameAttributes) > 0 {
		return invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
	}
	for _, list := range []struct {
		name    string
		given   []string
		allowed []string
	}{
		{"AliasAttributes", p.AliasAttributes, []string{"phone_number", "email", "preferred_username"}},
		{"UsernameAttributes", p.UsernameAttributes, []string{"phone_number", "email"}},
		{"AutoVerifiedAttributes", p.AutoVerifiedAttributes, []string{"phone_number", "email"}},
	} {
		for _, v := range list.given {
			if !slices.Contains(list.allowed, v) {
				return invalid("Invalid value in %s.", list.name)
			}
		}
	}
	if err := p.judgeRecovery(); err != nil {
		return err
	}
	switch p.MfaConfiguration {
	case "ON":
		return fault.New(fault.NotImplemented, "MfaConfiguration ON is not implemented: a pool that demands a second factor would not get one.")
	case "OFF", "OPTIONAL":
	default:
		return invalid("Invalid MfaConfiguration value.")
	}
	if setJSON(p.LambdaConfig) {
		return fault.New(fault.NotImplemented, "LambdaConfig is not implemented: triggers would not run.")
	}
	if setJSON(p.UserPoolAddOns) {
		var addOns struct{ AdvancedSecurityMode string }
		if err := json.Unmarshal(p.UserPoolAddOns, &addOns); err != nil {
			return fault.Wrap(fault.InvalidParameter, err, "Invalid UserPoolAddOns.")
		}
		if addOns.AdvancedSecurityMode != "" && addOns.AdvancedSecurityMode != "OFF" {
			return fault.New(fault.NotImplemented, "AdvancedSecurityMode is not implemented: nothing would be protected.")
		}
	}
	for _, f := range p.Policies.SignInPolicy.AllowedFirstAuthFactors {
		if f != "PASSWORD" {
			return fault.New(fault.NotImplemented, "The first factor %s is not implemented.", f)
		}
	}
	if p.UserAttributeUpdateSettings != nil {
		for _, a := range p.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate {
			if !slices.Contains(p.AutoVerifiedAttributes, a) {
				return invalid("Attributes to be verified before update must be auto-verified: %s.", a)
			}
		}
	}
	if len(p.UserPoolTags) > 50 {
		return invalid("A user pool can have at most 50 tags.")
	}
	if _, err := p.sender(); err != nil {
		return fault.Wrap(fault.InvalidParameter, err, "Invalid EmailConfiguration.")
	}
	return p.judgeTemplates()
}

func (p *PoolSettings) judgeRecovery() error {
	if p.AccountRecoverySetting == nil {
		return nil
	}
	seen, admin := map[int]bool{}, false
	for _, m := range p.AccountRecoverySetting.RecoveryMechanisms {
		if seen[m.Priority] {
			return fault.New(fault.InvalidParameter, "Account Recovery Setting priorities must be unique.")
		}
		seen[m.Priority] = true
		admin = admin || m.Name == "admin_only"
	}
	if admin && len(p.AccountRecoverySetting.RecoveryMechanisms) > 1 {
		return fault.New(fault.InvalidParameter, "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.")
	}
	return nil
}

// judgeTemplates refuses a text that would go out without its code.
func (p *PoolSettings) judgeTemplates() error {
	texts := map[string]string{"SmsVerificationMessage": p.SmsVerificationMessage, "EmailVerificationMessage": p.EmailVerificationMessage}
	if t := p.AdminCreateUserConfig.InviteMessageTemplate; t != nil {
		texts["InviteMessageTemplate.SMSMessage"], texts["InviteMessageTemplate.EmailMessage"] = t.SMSMessage, t.EmailMessage
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if text := texts[name]; text != "" && !strings.Contains(text, CodePlaceholder) {
			return fault.New(fault.InvalidParameter, "%s must contain %s.", name, CodePlaceholder)
		}
	}
	return nil
}

// CodePlaceholder stands for the code or temporary password in the texts of messages.
const CodePlaceholder = "{####}"

// Sender is the From and Reply-To of a pool's e-mail, both empty for the server's own.
type Sender struct{ From, ReplyTo string }

func (p *PoolSettings) sender() (Sender, error) {
	if !setJSON(p.EmailConfiguration) {
		return Sender{}, nil
	}
	var c struct{ From, ReplyToEmailAddress string }
	err := json.Unmarshal(p.EmailConfiguration, &c)
	return Sender{c.From, c.ReplyToEmailAddress}, err
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

// setJSON reports whether a kept member holds anything: absent, null and {} do not.
func setJSON(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", "{}":
		return false
	}
	return true
}
