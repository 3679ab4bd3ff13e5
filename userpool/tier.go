package userpool

import (
	"cmp"
	"slices"

	"github.com/sluicegate/sluice/fault"
)

// The tiers of user pools, also called feature plans.
const (
	tierEssentials = "ESSENTIALS"
	tierPlus       = "PLUS"
)

// needTier returns fault.FeatureUnavailableInTier unless the pool is in one of the tiers.
func (p *PoolSettings) needTier(feature string, tiers ...string) error {
	tier := cmp.Or(p.UserPoolTier, tierEssentials)
	if slices.Contains(tiers, tier) {
		return nil
	}
	return fault.New(fault.FeatureUnavailableInTier, "%s is not available in the tier %s of the user pool.", feature, tier)
}

// checkThreat checks the settings of password history, threat protection and sessions.
func (p *PoolSettings) checkThreat() error {
	for _, check := range []func() error{
		p.checkHistorySize, p.checkAddOns, p.RiskConfiguration.check,
		func() error { return p.SessionConfiguration.check(p) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// MaxPasswordHistory is the largest PasswordHistorySize.
const MaxPasswordHistory = 24

// checkHistorySize checks PasswordHistorySize. AWS: the tier must be ESSENTIALS or PLUS.
func (p *PoolSettings) checkHistorySize() error {
	switch n := p.Policies.PasswordPolicy.PasswordHistorySize; {
	case n < 0 || n > MaxPasswordHistory:
		return fault.New(fault.InvalidParameter, "PasswordHistorySize must be between 0 and %d.", MaxPasswordHistory)
	case n > 0:
		return p.needTier("PasswordHistorySize", tierEssentials, tierPlus)
	}
	return nil
}
