package userpool

import (
	"cmp"
	"slices"

	"github.com/sluicegate/sluice/fault"
)

// AddOns are the settings of threat protection in UserPoolAddOns.
type AddOns struct {
	AdvancedSecurityMode            string `json:"AdvancedSecurityMode"` // OFF, AUDIT or ENFORCED
	AdvancedSecurityAdditionalFlows *struct {
		CustomAuthMode string `json:"CustomAuthMode,omitempty"` // AUDIT or ENFORCED
	} `json:"AdvancedSecurityAdditionalFlows,omitempty"`
}

// Protection returns the mode of threat protection: OFF, AUDIT or ENFORCED.
func (p *PoolSettings) Protection() string {
	if p.UserPoolAddOns == nil {
		return "OFF"
	}
	return cmp.Or(p.UserPoolAddOns.AdvancedSecurityMode, "OFF")
}

// checkAddOns checks UserPoolAddOns. AWS: threat protection needs the tier PLUS.
func (p *PoolSettings) checkAddOns() error {
	a := p.UserPoolAddOns
	if a == nil {
		return nil
	}
	if !slices.Contains([]string{"", "OFF", "AUDIT", "ENFORCED"}, a.AdvancedSecurityMode) {
		return fault.New(fault.InvalidParameter, "Invalid AdvancedSecurityMode.")
	}
	flows := a.AdvancedSecurityAdditionalFlows
	if flows != nil && !slices.Contains([]string{"", "AUDIT", "ENFORCED"}, flows.CustomAuthMode) {
		return fault.New(fault.InvalidParameter, "Invalid CustomAuthMode.")
	}
	if p.Protection() != "OFF" || flows != nil && flows.CustomAuthMode != "" {
		return p.needsPlus("Threat Protection")
	}
	return nil
}

// NeedProtection returns fault.UserPoolAddOnNotEnabled unless the pool has threat protection.
func (p *Pool) NeedProtection() error {
	if p.Settings.Protection() != "OFF" {
		return nil
	}
	return fault.New(fault.UserPoolAddOnNotEnabled, "User pool add-ons are not enabled for this user pool.")
}
