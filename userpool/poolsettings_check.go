package userpool

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
)

// Complete fills in defaults and validates the settings: of a new pool, or, if old is not nil, of one that is updated.
func (p *PoolSettings) Complete(old *PoolSettings) error {
	if old == nil {
		schema, err := buildSchema(p.Schema)
		if err != nil {
			return err
		}
		p.Schema = schema
	} else {
		// AWS: UpdateUserPool cannot change these.
		p.Schema, p.UsernameAttributes, p.AliasAttributes = old.Schema, old.UsernameAttributes, old.AliasAttributes
		p.UsernameConfiguration = old.UsernameConfiguration
		p.keepThreat(old)
	}
	if err := p.completePolicies(); err != nil {
		return err
	}
	p.completeMessages()
	if err := p.completeSender(); err != nil {
		return err
	}
	setDefault(&p.DeletionProtection, "INACTIVE")
	setDefault(&p.MfaConfiguration, "OFF")
	setDefault(&p.UserPoolTier, "ESSENTIALS")
	if p.AdminCreateUserConfig == nil {
		p.AdminCreateUserConfig = &AdminCreateConfig{}
	}
	if p.AdminCreateUserConfig.UnusedAccountValidityDays == 0 {
		p.AdminCreateUserConfig.UnusedAccountValidityDays = p.Policies.PasswordPolicy.TemporaryPasswordValidityDays
	}
	if err := p.completeLambda(); err != nil {
		return err
	}
	return p.validate()
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// completePolicies fills in the policies that AWS always returns. An absent password policy requires every class of
// characters; one that is given keeps its false members.
func (p *PoolSettings) completePolicies() error {
	if p.Policies == nil {
		p.Policies = &Policies{}
	}
	if p.Policies.PasswordPolicy == nil {
		p.Policies.PasswordPolicy = &PasswordPolicy{RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true}
	}
	if p.Policies.SignInPolicy == nil || len(p.Policies.SignInPolicy.AllowedFirstAuthFactors) == 0 {
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

// completeMessages copies the verification template to the older members, or from them if it is absent.
func (p *PoolSettings) completeMessages() {
	t := p.VerificationMessageTemplate
	if t == nil {
		t = &VerificationTemplate{}
		p.VerificationMessageTemplate = t
	}
	setDefault(&t.DefaultEmailOption, "CONFIRM_WITH_CODE")
	for _, m := range p.mirrored() {
		if *m.newer != "" {
			*m.older = *m.newer
		} else {
			*m.newer = *m.older
		}
	}
}

// mirror is a text that is both in an older member and in the message template.
type mirror struct{ older, newer *string }

// mirrored returns the texts that two members of the settings hold. The template must be set.
func (p *PoolSettings) mirrored() []mirror {
	t := p.VerificationMessageTemplate
	return []mirror{
		{&p.SmsVerificationMessage, &t.SmsMessage},
		{&p.EmailVerificationMessage, &t.EmailMessage},
		{&p.EmailVerificationSubject, &t.EmailSubject},
	}
}

// completeSender names the sending account, which AWS always returns.
func (p *PoolSettings) completeSender() error {
	members := map[string]json.RawMessage{}
	if setJSON(p.EmailConfiguration) {
		if err := json.Unmarshal(p.EmailConfiguration, &members); err != nil {
			return fault.Wrap(fault.InvalidParameter, err, "Invalid EmailConfiguration.")
		}
	}
	if members["EmailSendingAccount"] == nil {
		members["EmailSendingAccount"] = json.RawMessage(`"COGNITO_DEFAULT"`)
	}
	data, err := json.Marshal(members)
	p.EmailConfiguration = data
	return err
}

// SetRecovery sets the recovery mechanisms that AWS gives a new pool whose request names none.
//
// Source: TestAccCognitoIDPUserPool_basic of terraform-provider-aws.
func (p *PoolSettings) SetRecovery() {
	if p.AccountRecoverySetting == nil {
		p.AccountRecoverySetting = &RecoverySetting{RecoveryMechanisms: []RecoveryMechanism{
			{Name: "verified_email", Priority: 1}, {Name: "verified_phone_number", Priority: 2}}}
	}
}

// validate refuses settings that contradict each other or are not supported.
func (p *PoolSettings) validate() error {
	invalid := func(format string, args ...any) error { return fault.New(fault.InvalidParameter, format, args...) }
	if len(p.AliasAttributes) > 0 && len(p.UsernameAttributes) > 0 {
		return invalid("Only one of the aliasAttributes or usernameAttributes can be set in a User pool.")
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
	if err := p.validateRecovery(); err != nil {
		return err
	}
	if err := p.validateSupported(); err != nil {
		return err
	}
	if err := p.validateMFA(); err != nil {
		return err
	}
	if err := p.validateWebAuthn(); err != nil {
		return err
	}
	if err := p.checkOAuth(); err != nil {
		return err
	}
	for _, a := range p.pendingAttributes() {
		if !slices.Contains(p.AutoVerifiedAttributes, a) {
			return invalid("All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes")
		}
	}
	if len(p.UserPoolTags) > 50 {
		return invalid("A user pool can have at most 50 tags.")
	}
	if _, err := p.sender(); err != nil {
		return fault.Wrap(fault.InvalidParameter, err, "Invalid EmailConfiguration.")
	}
	if _, err := p.deviceTracking(); err != nil {
		return fault.Wrap(fault.InvalidParameter, err, "Invalid DeviceConfiguration.")
	}
	return p.validateTemplates()
}

// validateSupported returns an error for a setting that is not implemented and unsafe to ignore.
func (p *PoolSettings) validateSupported() error {
	if err := p.checkThreat(); err != nil {
		return err
	}
	return p.checkFirstFactors(p.webAuthn().MultiFactor)
}

func (p *PoolSettings) validateRecovery() error {
	if p.AccountRecoverySetting == nil {
		return nil
	}
	seen, admin := map[int]bool{}, false
	for _, m := range p.AccountRecoverySetting.RecoveryMechanisms {
		if seen[m.Priority] {
			return fault.New(fault.InvalidParameter, "Invalid account recovery setting parameter. Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.")
		}
		seen[m.Priority] = true
		admin = admin || m.Name == "admin_only"
	}
	if admin && len(p.AccountRecoverySetting.RecoveryMechanisms) > 1 {
		return fault.New(fault.InvalidParameter, "Invalid account recovery setting parameter. Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.")
	}
	return nil
}

// validateTemplates refuses a text without a place for the code. As in AWS, an invitation may have none: users without a password get it.
//
// Source: terraform-provider-aws#49294; the pattern of SmsInviteMessageType.
func (p *PoolSettings) validateTemplates() error {
	texts := map[string]string{"SmsVerificationMessage": p.SmsVerificationMessage, "EmailVerificationMessage": p.EmailVerificationMessage,
		"SmsAuthenticationMessage": p.SmsAuthenticationMessage}
	if mail := p.EmailMfaConfiguration; mail != nil {
		texts["EmailMfaConfiguration.Message"] = mail.Message
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if text := texts[name]; text != "" && !strings.Contains(text, CodePlaceholder) {
			return fault.New(fault.InvalidParameter, "%s must contain %s.", name, CodePlaceholder)
		}
	}
	return nil
}
