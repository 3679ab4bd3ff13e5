package cognitoidp

import (
	"context"
	"net/mail"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
)

// checkPool refuses what AWS refuses in the requests that create or update a pool. Declared pools may have it, and so may those that
// older versions made. id is the pool that is updated, "" for a new one.
//
// Source: cdk-preflight, measured on AWS; for MinimumLength aws/aws-cdk#6971.
func (s *server) checkPool(ctx context.Context, id string, p *userpool.PoolSettings, mails *wire.EmailConfigurationType) error {
	invalid := func(text string) error { return fault.New(fault.InvalidParameter, "%s", text) }
	if err := rpc.CheckTags(p.UserPoolTags); err != nil {
		return err
	}
	if p.Policies != nil {
		if pp := p.Policies.PasswordPolicy; pp != nil && pp.MinimumLength == 0 {
			return invalid("1 validation error detected: Value '0' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: Member must have value greater than or equal to 6")
		}
		if f := firstFactors(p.Policies); len(f) > 0 && !slices.Contains(f, userpool.FirstPassword) {
			return invalid("Password should be configured as one of the allowed first auth factors.")
		}
	}
	if p.AccountRecoverySetting != nil {
		seen := map[string]bool{}
		for _, m := range p.AccountRecoverySetting.RecoveryMechanisms {
			if seen[m.Name] {
				return invalid("Invalid account recovery setting parameter. Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.")
			}
			seen[m.Name] = true
		}
	}
	if mails != nil && api.Value(mails.From) != "" {
		if _, err := mail.ParseAddress(*mails.From); err != nil {
			return invalid("Provided From email address is invalid")
		}
	}
	return s.checkInvitation(ctx, id, p)
}

// Patterns of texts with the temporary password, as AWS's messages have them.
const (
	smsPattern   = `(?s).*\{####\}(?s).*`
	emailPattern = `[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*`
)

// checkInvitation refuses an invitation without a place for the temporary password. In a pool with passwordless factors it needs none.
//
// Source: cdk-preflight, measured on AWS; terraform-provider-aws#49294.
func (s *server) checkInvitation(ctx context.Context, id string, p *userpool.PoolSettings) error {
	if p.AdminCreateUserConfig == nil || p.AdminCreateUserConfig.InviteMessageTemplate == nil {
		return nil
	}
	policies := p.Policies
	if id != "" && len(firstFactors(policies)) == 0 { // the pool keeps its factors
		pool, err := s.pools.Pool(ctx, id)
		if err != nil {
			return err
		}
		policies = pool.Settings.Policies
	}
	if slices.ContainsFunc(firstFactors(policies), func(f string) bool { return f != userpool.FirstPassword }) {
		return nil
	}
	texts := p.AdminCreateUserConfig.InviteMessageTemplate
	for _, t := range []struct{ name, text, pattern string }{
		{"emailMessage", texts.EmailMessage, emailPattern}, {"smsMessage", texts.SMSMessage, smsPattern},
	} {
		if t.text != "" && !strings.Contains(t.text, userpool.CodePlaceholder) {
			return fault.New(fault.InvalidParameter, "1 validation error detected: Value '%s' at 'adminCreateUserConfig.inviteMessage.%s' failed to satisfy constraint: "+
				"Member must satisfy regular expression pattern: %s", t.text, t.name, t.pattern)
		}
	}
	return nil
}

func firstFactors(p *userpool.Policies) []string {
	if p == nil || p.SignInPolicy == nil {
		return nil
	}
	return p.SignInPolicy.AllowedFirstAuthFactors
}
