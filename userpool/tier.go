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
		return fault.New(fault.FeatureUnavailableInTier, toDisable, p.UserPoolTier, feature)
	}
	return nil
}

// needsPlus returns fault.FeatureUnavailableInTier if the pool's tier is not PLUS.
func (p *PoolSettings) needsPlus(feature string) error {
	if p.UserPoolTier != TierPlus {
		return fault.New(fault.FeatureUnavailableInTier, toDisable, p.UserPoolTier, feature)
	}
	return nil
}

// The texts for settings of a pool, and for everything else.
//
// Source: terraform-provider-aws#40734, amplify-backend#2805; cdk-preflight, measured on AWS.
const (
	toDisable    = "The following features need to be disabled for the %s pricing tier configured: %s"
	notAvailable = "The following feature is not available for the %s pricing tier configured: %s"
)

// NeedsPlus returns fault.FeatureUnavailableInTier if the tier is not PLUS.
func (p *PoolSettings) NeedsPlus(feature string) error {
	if p.UserPoolTier == TierPlus {
		return nil
	}
	return fault.New(fault.FeatureUnavailableInTier, notAvailable, p.UserPoolTier, feature)
}

// NeedsEssentials returns fault.FeatureUnavailableInTier if the tier is LITE.
func (p *PoolSettings) NeedsEssentials(feature string) error {
	if p.UserPoolTier != TierLite {
		return nil
	}
	return fault.New(fault.FeatureUnavailableInTier, notAvailable, p.UserPoolTier, feature)
}

// NeedsEssentials returns fault.FeatureUnavailableInTier if the pool's tier is LITE.
func (p *Pool) NeedsEssentials(feature string) error { return p.Settings.NeedsEssentials(feature) }
