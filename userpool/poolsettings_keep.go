package userpool

// keep fills in the members that an UpdateUserPool request leaves out and that AWS then keeps. All other members return to
// their defaults. A structure that is given replaces the whole structure.
//
// Source: docs/updates.md, which names the report or page behind each member.
func (p *PoolSettings) keep(old *PoolSettings) {
	p.keepPolicies(old)
	p.keepTemplate(old)
	setDefault(&p.DeletionProtection, old.DeletionProtection)
	setDefault(&p.MfaConfiguration, old.MfaConfiguration)
	p.keepMFA(old)
	setDefault(&p.UserPoolTier, old.UserPoolTier)
	if p.AccountRecoverySetting == nil {
		p.AccountRecoverySetting = old.AccountRecoverySetting
	}
	if p.UserAttributeUpdateSettings == nil {
		p.UserAttributeUpdateSettings = old.UserAttributeUpdateSettings
	}
	if p.UserPoolTags == nil {
		p.UserPoolTags = old.UserPoolTags
	}
	if p.WebAuthnConfiguration == nil {
		p.WebAuthnConfiguration = old.WebAuthnConfiguration // not a member of UpdateUserPool
	}
	if !setJSON(p.EmailConfiguration) {
		p.EmailConfiguration = old.EmailConfiguration
	}
	if !setJSON(p.KeyConfiguration) {
		p.KeyConfiguration = old.KeyConfiguration
	}
	if !setJSON(p.IssuerConfiguration) {
		p.IssuerConfiguration = old.IssuerConfiguration
	}
}

// keepPolicies keeps each of the two policies by itself. A sign-in policy without factors counts as left out. A kept password
// policy takes the days of UnusedAccountValidityDays, the older member for TemporaryPasswordValidityDays, if they are given.
func (p *PoolSettings) keepPolicies(old *PoolSettings) {
	given := Policies{}
	if p.Policies != nil {
		given = *p.Policies
	}
	if old.Policies != nil {
		if given.PasswordPolicy == nil && old.Policies.PasswordPolicy != nil {
			kept := *old.Policies.PasswordPolicy
			if c := p.AdminCreateUserConfig; c != nil && c.UnusedAccountValidityDays != 0 {
				kept.TemporaryPasswordValidityDays = c.UnusedAccountValidityDays
			}
			given.PasswordPolicy = &kept
		}
		if given.SignInPolicy == nil || len(given.SignInPolicy.AllowedFirstAuthFactors) == 0 {
			given.SignInPolicy = old.Policies.SignInPolicy
		}
	}
	p.Policies = &given
}

// keepTemplate keeps the template of messages. The older members, which mirror it, change the kept template one by one.
func (p *PoolSettings) keepTemplate(old *PoolSettings) {
	if p.VerificationMessageTemplate != nil || old.VerificationMessageTemplate == nil {
		return
	}
	kept := *old.VerificationMessageTemplate
	p.VerificationMessageTemplate = &kept
	for _, m := range p.mirrored() {
		if *m.older != "" {
			*m.newer = *m.older
		}
	}
}

// keepThreat keeps settings that have their own operations and that UpdateUserPool does not have.
func (p *PoolSettings) keepThreat(old *PoolSettings) {
	if p.RiskConfiguration == nil {
		p.RiskConfiguration = old.RiskConfiguration
	}
	if p.SessionConfiguration == nil {
		p.SessionConfiguration = old.SessionConfiguration
	}
	if p.LogConfigurations == nil {
		p.LogConfigurations = old.LogConfigurations
	}
	if p.Replicas == nil {
		p.Replicas = old.Replicas
	}
}

// keepOthers keeps what UpdateUserPoolClient does not have: the settings of other operations, and how the client was made.
func (c *ClientSettings) keepOthers(old *ClientSettings) {
	c.ClientType = old.ClientType
	if c.RiskConfiguration == nil {
		c.RiskConfiguration = old.RiskConfiguration
	}
	if c.SSOSession == nil {
		c.SSOSession = old.SSOSession
	}
	if c.OAuth == nil {
		c.OAuth = old.OAuth
	}
}

// keep fills in the members that an UpdateUserPoolClient request leaves out and that AWS then keeps. The number of a
// refresh token's lifetime is kept with its unit: the same number of another unit is another lifetime.
//
// Source: docs/updates.md.
func (c *ClientSettings) keep(old *ClientSettings) {
	if c.AuthSessionValidity == 0 {
		c.AuthSessionValidity = old.AuthSessionValidity
	}
	if c.EnableTokenRevocation == nil {
		c.EnableTokenRevocation = old.EnableTokenRevocation
	}
	units := ValidityUnits{}
	if c.TokenValidityUnits != nil {
		units = *c.TokenValidityUnits
	}
	was := ""
	if old.TokenValidityUnits != nil {
		was = old.TokenValidityUnits.RefreshToken
	}
	if c.RefreshTokenValidity != 0 || units.RefreshToken != "" && units.RefreshToken != was {
		return
	}
	c.RefreshTokenValidity, units.RefreshToken = old.RefreshTokenValidity, was
	if units != (ValidityUnits{}) {
		c.TokenValidityUnits = &units
	}
}
