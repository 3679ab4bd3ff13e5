package risk

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// Config says what threat protection does, in the JSON of SetRiskConfiguration. A nil part has no effect.
type Config struct {
	CompromisedCredentials *Compromised `json:"CompromisedCredentialsRiskConfiguration,omitempty"` // passwords that others know
	AccountTakeover        *Takeover    `json:"AccountTakeoverRiskConfiguration,omitempty"`        // sign-ins that look like someone else's
	Exceptions             *Exceptions  `json:"RiskExceptionConfiguration,omitempty"`              // by address, before anything else
	ModifiedAt             time.Time    `json:"ModifiedAt,omitzero"`                               // LastModifiedDate; zero = declared
}

// Compromised is for passwords that are publicly known.
type Compromised struct {
	EventFilter []string `json:"EventFilter,omitempty"` // SIGN_IN, PASSWORD_CHANGE, SIGN_UP; none means all
	Actions     struct {
		EventAction string `json:"EventAction"` // BLOCK or NO_ACTION
	} `json:"Actions"`
}

// Takeover is for sign-ins that do not look like those of the user.
type Takeover struct {
	NotifyConfiguration *Notify `json:"NotifyConfiguration,omitempty"` // required if an action has Notify
	Actions             struct {
		LowAction    *Action `json:"LowAction,omitempty"`    // at low risk; nil = nothing happens
		MediumAction *Action `json:"MediumAction,omitempty"` // at medium risk; nil = nothing happens
		HighAction   *Action `json:"HighAction,omitempty"`   // at high risk; nil = nothing happens
	} `json:"Actions"`
}

// Action is what happens at one level of risk.
type Action struct {
	Notify      bool   `json:"Notify"`      // send a message to the user
	EventAction string `json:"EventAction"` // BLOCK, MFA_IF_CONFIGURED, MFA_REQUIRED or NO_ACTION
}

// Notify has the messages to users.
type Notify struct {
	From          string `json:"From,omitempty"`          // sender's address; "" = the default of the mail settings
	ReplyTo       string `json:"ReplyTo,omitempty"`       // address for answers; "" = none
	SourceARN     string `json:"SourceArn"`               // of an SES identity; kept, not used
	BlockEmail    *Email `json:"BlockEmail,omitempty"`    // for sign-ins that were refused; nil = none is sent
	NoActionEmail *Email `json:"NoActionEmail,omitempty"` // for sign-ins that were let in; nil = none is sent
	MFAEmail      *Email `json:"MfaEmail,omitempty"`      // for sign-ins that had to prove a second factor; nil = none is sent
}

// Email is one message.
type Email struct {
	Subject  string `json:"Subject"`            // with placeholders such as {ip-address}
	HTMLBody string `json:"HtmlBody,omitempty"` // "" = TextBody only
	TextBody string `json:"TextBody,omitempty"` // "" = HTMLBody only
}

// Exceptions has the addresses that are always or never refused.
type Exceptions struct {
	BlockedIPRangeList []string `json:"BlockedIPRangeList,omitempty"` // CIDR or single addresses, at most 200; refused in the mode ENFORCED
	SkippedIPRangeList []string `json:"SkippedIPRangeList,omitempty"` // likewise; never assessed
}

// The actions of risk configurations.
const (
	Block           = "BLOCK"
	MFAIfConfigured = "MFA_IF_CONFIGURED"
	MFARequired     = "MFA_REQUIRED"
	NoAction        = "NO_ACTION"
)

// maxRanges bounds each list of IP ranges.
const maxRanges = 200

// Check refuses what the API model cannot express, and, for declared settings, what it can.
func (c *Config) Check() error {
	if c == nil {
		return nil
	}
	invalid := func(text string) error { return fault.New(fault.InvalidParameter, "%s", text) }
	if p := c.CompromisedCredentials; p != nil {
		if p.Actions.EventAction != Block && p.Actions.EventAction != NoAction {
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

func (t *Takeover) check() error {
	if t == nil {
		return nil
	}
	notifies := false
	for _, a := range []*Action{t.Actions.LowAction, t.Actions.MediumAction, t.Actions.HighAction} {
		if a == nil {
			continue
		}
		if !slices.Contains([]string{Block, MFAIfConfigured, MFARequired, NoAction}, a.EventAction) {
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

// Resolved is a risk configuration with its IP ranges parsed.
type Resolved struct {
	*Config
	Blocked, Skipped []netip.Prefix // the lists of Exceptions; Blocked counts first
}

// Resolve parses the ranges, which Check has accepted. It returns nil for no configuration.
func (c *Config) Resolve() *Resolved {
	if c == nil || c.CompromisedCredentials == nil && c.AccountTakeover == nil && c.Exceptions == nil {
		return nil // AWS: SetRiskConfiguration, with nothing but the ids an app client inherits from the user pool again
	}
	r := &Resolved{Config: c}
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

// Has reports whether passwords are checked at the event.
func (c *Compromised) Has(event string) bool {
	return len(c.EventFilter) == 0 || slices.Contains(c.EventFilter, event)
}
