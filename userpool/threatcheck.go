package userpool

import "github.com/sluicegate/sluice/fault"

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

// maxPasswordHistory is the largest PasswordHistorySize.
const maxPasswordHistory = 24

// checkHistorySize checks PasswordHistorySize. AWS: the tier must be ESSENTIALS or PLUS.
func (p *PoolSettings) checkHistorySize() error {
	switch n := p.Policies.PasswordPolicy.PasswordHistorySize; {
	case n < 0 || n > maxPasswordHistory:
		return fault.New(fault.InvalidParameter, "PasswordHistorySize must be between 0 and %d.", maxPasswordHistory)
	case n > 0:
		return p.needsEssentials("Password History")
	}
	return nil
}
