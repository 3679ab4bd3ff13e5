package userpool

import "github.com/sluicegate/sluice/fault"

// The tiers of user pools, in ascending order.
const (
	TierLite       = "LITE"
	TierEssentials = "ESSENTIALS"
	TierPlus       = "PLUS"
)

// needsEssentials returns fault.FeatureUnavailableInTier if the pool's tier is LITE. feature is AWS's name of the feature,
// such as "Passwordless Sign-In".
func (p *PoolSettings) needsEssentials(feature string) error {
	if p.UserPoolTier == TierLite {
		return p.unavailable(feature)
	}
	return nil
}

// needsPlus returns fault.FeatureUnavailableInTier if the pool's tier is not PLUS.
func (p *PoolSettings) needsPlus(feature string) error {
	if p.UserPoolTier != TierPlus {
		return p.unavailable(feature)
	}
	return nil
}

// Source of the text: terraform-provider-aws#40734 and amplify-backend#2805.
func (p *PoolSettings) unavailable(feature string) error {
	return fault.New(fault.FeatureUnavailableInTier, "The following features need to be disabled for the %s pricing tier configured: %s", p.UserPoolTier, feature)
}

// NeedsPlus returns fault.FeatureUnavailableInTier if the tier is not PLUS.
func (p *PoolSettings) NeedsPlus(feature string) error { return p.needsPlus(feature) }

// NeedsEssentials returns fault.FeatureUnavailableInTier if the tier is LITE.
func (p *PoolSettings) NeedsEssentials(feature string) error { return p.needsEssentials(feature) }

// NeedsEssentials returns fault.FeatureUnavailableInTier if the pool's tier is LITE.
func (p *Pool) NeedsEssentials(feature string) error { return p.Settings.needsEssentials(feature) }
