package userpool

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// RiskConfig says what threat protection does, in the JSON of SetRiskConfiguration. A nil part has no effect.
type RiskConfig struct {
	CompromisedCredentials *CompromisedConfig `json:"CompromisedCredentialsRiskConfiguration,omitempty"`
	AccountTakeover        *TakeoverConfig    `json:"AccountTakeoverRiskConfiguration,omitempty"`
	Exceptions             *ExceptionConfig   `json:"RiskExceptionConfiguration,omitempty"`
	ModifiedAt             time.Time          `json:"ModifiedAt,omitzero"`
}

// CompromisedConfig is for passwords that are publicly known.
type CompromisedConfig struct {
	EventFilter []string `json:"EventFilter,omitempty"` // SIGN_IN, PASSWORD_CHANGE, SIGN_UP; none means all
	Actions     struct {
		EventAction string `json:"EventAction"` // BLOCK or NO_ACTION
	} `json:"Actions"`
}

// TakeoverConfig is for sign-ins that do not look like those of the user.
type TakeoverConfig struct {
	NotifyConfiguration *NotifyConfig `json:"NotifyConfiguration,omitempty"`
	Actions             struct {
		LowAction    *TakeoverAction `json:"LowAction,omitempty"`
		MediumAction *TakeoverAction `json:"MediumAction,omitempty"`
		HighAction   *TakeoverAction `json:"HighAction,omitempty"`
	} `json:"Actions"`
}

// TakeoverAction is what happens at one level of risk.
type TakeoverAction struct {
	Notify      bool   `json:"Notify"`      // send a message to the user
	EventAction string `json:"EventAction"` // BLOCK, MFA_IF_CONFIGURED, MFA_REQUIRED or NO_ACTION
}

// NotifyConfig has the messages to users.
type NotifyConfig struct {
	From          string       `json:"From,omitempty"`
	ReplyTo       string       `json:"ReplyTo,omitempty"`
	SourceARN     string       `json:"SourceArn"`
	BlockEmail    *NotifyEmail `json:"BlockEmail,omitempty"`
	NoActionEmail *NotifyEmail `json:"NoActionEmail,omitempty"`
	MFAEmail      *NotifyEmail `json:"MfaEmail,omitempty"`
}

// NotifyEmail is one message.
type NotifyEmail struct {
	Subject  string `json:"Subject"`
	HTMLBody string `json:"HtmlBody,omitempty"`
	TextBody string `json:"TextBody,omitempty"`
}

// ExceptionConfig has the addresses that are always or never refused.
type ExceptionConfig struct {
	BlockedIPRangeList []string `json:"BlockedIPRangeList,omitempty"`
	SkippedIPRangeList []string `json:"SkippedIPRangeList,omitempty"`
}

// The actions of risk configurations.
const (
	ActionBlock           = "BLOCK"
	ActionMFAIfConfigured = "MFA_IF_CONFIGURED"
	ActionMFARequired     = "MFA_REQUIRED"
	ActionNone            = "NO_ACTION"
)

// maxRanges bounds each list of IP ranges.
const maxRanges = 200

// check refuses what the API model cannot express, and, for declared settings, what it can.
func (c *RiskConfig) check() error {
	if c == nil {
		return nil
	}
	invalid := func(text string) error { return fault.New(fault.InvalidParameter, "%s", text) }
	if p := c.CompromisedCredentials; p != nil {
		if p.Actions.EventAction != ActionBlock && p.Actions.EventAction != ActionNone {
			return invalid("Invalid CompromisedCredentialsRiskConfiguration.Actions.EventAction.")
		}
		for _, e := range p.EventFilter {
			if !slices.Contains([]string{"SIGN_IN", "PASSWORD_CHANGE", "SIGN_UP"}, e) {
				return invalid("Invalid EventFilter.")
			}
		}
	}
	if err := c.AccountTakeover.check(); err != nil {
		return err
	}
	if x := c.Exceptions; x != nil {
		for _, list := range [][]string{x.BlockedIPRangeList, x.SkippedIPRangeList} {
			if len(list) > maxRanges {
				return invalid("A list of IP ranges can have at most 200 entries.")
			}
			for _, text := range list {
				if _, err := ParseRange(text); err != nil {
					return invalid("Invalid IP range " + text + ".")
				}
			}
		}
	}
	return nil
}

func (t *TakeoverConfig) check() error {
	if t == nil {
		return nil
	}
	notifies := false
	for _, a := range []*TakeoverAction{t.Actions.LowAction, t.Actions.MediumAction, t.Actions.HighAction} {
		if a == nil {
			continue
		}
		if !slices.Contains([]string{ActionBlock, ActionMFAIfConfigured, ActionMFARequired, ActionNone}, a.EventAction) {
			return fault.New(fault.InvalidParameter, "Invalid AccountTakeoverRiskConfiguration.Actions.EventAction.")
		}
		notifies = notifies || a.Notify
	}
	if notifies && t.NotifyConfiguration == nil {
		return fault.New(fault.InvalidParameter, "NotifyConfiguration is required when Notify is true.")
	}
	return nil
}

// ParseRange parses an IP range in CIDR form. An address without a prefix length is a range of one address.
func ParseRange(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// Risk is a risk configuration with its IP ranges parsed.
type Risk struct {
	*RiskConfig
	Blocked, Skipped []netip.Prefix
}

// resolve parses the ranges, which check has accepted. It returns nil for no configuration.
func (c *RiskConfig) resolve() *Risk {
	if c == nil {
		return nil
	}
	r := &Risk{RiskConfig: c}
	if c.Exceptions == nil {
		return r
	}
	for _, list := range []struct {
		texts []string
		to    *[]netip.Prefix
	}{{c.Exceptions.BlockedIPRangeList, &r.Blocked}, {c.Exceptions.SkippedIPRangeList, &r.Skipped}} {
		for _, text := range list.texts {
			if p, err := ParseRange(text); err == nil {
				*list.to = append(*list.to, p)
			}
		}
	}
	return r
}

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

// needProtection returns fault.UserPoolAddOnNotEnabled unless the pool has threat protection.
func (p *PoolSettings) needProtection() error {
	if p.Protection() != "OFF" {
		return nil
	}
	return fault.New(fault.UserPoolAddOnNotEnabled, "User pool add-ons are not enabled for this user pool.")
}

// NeedProtection returns fault.UserPoolAddOnNotEnabled unless the pool has threat protection.
func (p *Pool) NeedProtection() error { return p.Settings.needProtection() }

// SetRiskConfiguration replaces the risk configuration of a pool, or of an app client if clientID is set.
func (s *Service) SetRiskConfiguration(ctx context.Context, poolID, clientID string, c RiskConfig) (RiskConfig, error) {
	c.ModifiedAt = s.base.Now()
	if err := c.check(); err != nil {
		return c, err
	}
	if clientID == "" {
		return c, s.changePool(ctx, poolID, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
			settings.RiskConfiguration = &c
			return settings, settings.needProtection()
		})
	}
	p, _, err := s.ClientOf(ctx, poolID, clientID)
	if err != nil {
		return c, err
	}
	if err := p.NeedProtection(); err != nil {
		return c, err
	}
	_, err = s.changeClient(ctx, poolID, clientID, "", func(old *ClientSettings) ClientSettings {
		next := *old
		next.RiskConfiguration = &c
		return next
	})
	return c, err
}

// RiskConfiguration returns the risk configuration of a pool, or of an app client if clientID is set. It is empty if none
// was set.
func (s *Service) RiskConfiguration(ctx context.Context, poolID, clientID string) (RiskConfig, error) {
	p, err := s.Pool(ctx, poolID)
	if err != nil {
		return RiskConfig{}, err
	}
	c := p.Settings.RiskConfiguration
	if clientID != "" {
		_, client, err := s.ClientOf(ctx, poolID, clientID)
		if err != nil {
			return RiskConfig{}, err
		}
		c = client.Settings.RiskConfiguration
	}
	if err := p.NeedProtection(); err != nil || c == nil {
		return RiskConfig{}, err
	}
	return *c, nil
}

// Has reports whether passwords are checked at the event.
func (c *CompromisedConfig) Has(event string) bool {
	return len(c.EventFilter) == 0 || slices.Contains(c.EventFilter, event)
}
