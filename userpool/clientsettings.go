package userpool

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/risk"
)

// ClientSettings are an app client's settings, in the JSON of CreateUserPoolClient and DescribeUserPoolClient.
type ClientSettings struct {
	// The members of CreateUserPoolClient that have these names, as they were given; a member that was left out is zero. Lifetimes without
	// TokenValidityUnits are days of refresh tokens and hours of the others.
	RefreshTokenValidity            int             `json:"RefreshTokenValidity,omitempty"`
	AccessTokenValidity             int             `json:"AccessTokenValidity,omitempty"`
	IDTokenValidity                 int             `json:"IdTokenValidity,omitempty"`
	TokenValidityUnits              *ValidityUnits  `json:"TokenValidityUnits,omitempty"`
	ReadAttributes                  []string        `json:"ReadAttributes,omitempty"`
	WriteAttributes                 []string        `json:"WriteAttributes,omitempty"`
	ExplicitAuthFlows               []string        `json:"ExplicitAuthFlows,omitempty"`
	SupportedIdentityProviders      []string        `json:"SupportedIdentityProviders,omitempty"`
	CallbackURLs                    []string        `json:"CallbackURLs,omitempty"`
	LogoutURLs                      []string        `json:"LogoutURLs,omitempty"`
	DefaultRedirectURI              string          `json:"DefaultRedirectURI,omitempty"`
	AllowedOAuthFlows               []string        `json:"AllowedOAuthFlows,omitempty"`
	AllowedOAuthScopes              []string        `json:"AllowedOAuthScopes,omitempty"`
	AllowedOAuthFlowsUserPoolClient bool            `json:"AllowedOAuthFlowsUserPoolClient"`
	AnalyticsConfiguration          json.RawMessage `json:"AnalyticsConfiguration,omitempty"`
	PreventUserExistenceErrors      string          `json:"PreventUserExistenceErrors,omitempty"` // ENABLED, LEGACY, or "" for LEGACY
	EnableTokenRevocation           *bool           `json:"EnableTokenRevocation,omitempty"`
	EnablePropagateUserContext      *bool           `json:"EnablePropagateAdditionalUserContextData,omitempty"`
	AuthSessionValidity             int             `json:"AuthSessionValidity,omitempty"` // minutes, 3 to 15
	RefreshTokenRotation            *Rotation       `json:"RefreshTokenRotation,omitempty"`

	ClientType        string            `json:"ClientType,omitempty"`        // ClientDCR, or "" for a client that was not registered dynamically
	RiskConfiguration *risk.Config      `json:"RiskConfiguration,omitempty"` // of SetRiskConfiguration
	SSOSession        *SSOSessionConfig `json:"SSOSession,omitempty"`        // of SetUserPoolClientSessionConfiguration

	OAuth *oauthclient.Metadata `json:"OAuth,omitempty"` // what AWS does not have; kept by updates
}

// The types of clients: registered dynamically, and all others.
const (
	ClientDCR     = "DCR"
	ClientRegular = "REGULAR"
)

// ValidityUnits are seconds, minutes, hours or days.
type ValidityUnits struct {
	// seconds, minutes, hours or days; "" is hours, and days for refresh tokens.
	AccessToken  string `json:"AccessToken,omitempty"`
	IDToken      string `json:"IdToken,omitempty"`
	RefreshToken string `json:"RefreshToken,omitempty"`
}

// Rotation says whether a renewal replaces the refresh token, and for how many seconds the old one still works.
type Rotation struct {
	Feature                 string `json:"Feature"` // ENABLED or DISABLED
	RetryGracePeriodSeconds int    `json:"RetryGracePeriodSeconds"`
}

// ParseClientSettings reads a CreateUserPoolClient or UpdateUserPoolClient request: settings, name and whether a secret is
// wanted. The error is fault.InvalidParameter.
func ParseClientSettings(data json.RawMessage) (ClientSettings, string, bool, error) {
	var in struct {
		ClientSettings
		ClientName           string
		GenerateSecret       bool
		RefreshTokenValidity *int // distinguishes 0, which AWS treats as the default, from an absent member
	}
	if len(data) == 0 {
		return in.ClientSettings, "", false, nil
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return ClientSettings{}, "", false, fault.Wrap(fault.InvalidParameter, err, "The settings of the user pool client do not parse.")
	}
	in.ClientType = "" // not a member of the request
	if given := in.RefreshTokenValidity; given != nil {
		in.ClientSettings.RefreshTokenValidity = *given
		in.setRefreshDefault()
	}
	return in.ClientSettings, in.ClientName, in.GenerateSecret, nil
}

var (
	legacyFlows = []string{"ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH"}
	allowFlows  = []string{"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH",
		"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH", "ALLOW_CLIENT_TOKEN_AUTH"}
)

// allowedFlows returns the settings' flows as ALLOW_ values.
func (c *ClientSettings) allowedFlows() map[string]bool {
	// AWS: without ExplicitAuthFlows a client has refresh, SRP and custom authentication.
	if len(c.ExplicitAuthFlows) == 0 {
		return map[string]bool{"ALLOW_REFRESH_TOKEN_AUTH": true, "ALLOW_USER_SRP_AUTH": true, "ALLOW_CUSTOM_AUTH": true}
	}
	allowed := map[string]bool{}
	for _, f := range c.ExplicitAuthFlows {
		switch f {
		case "ADMIN_NO_SRP_AUTH":
			allowed["ALLOW_ADMIN_USER_PASSWORD_AUTH"] = true
		case "USER_PASSWORD_AUTH":
			allowed["ALLOW_USER_PASSWORD_AUTH"] = true
		case "CUSTOM_AUTH_FLOW_ONLY":
			allowed["ALLOW_CUSTOM_AUTH"] = true
		}
		if slices.Contains(legacyFlows, f) {
			// Observed at AWS: a legacy client may also use SRP and refresh tokens, even if its settings do not list them.
			allowed["ALLOW_REFRESH_TOKEN_AUTH"] = true
			allowed["ALLOW_USER_SRP_AUTH"] = allowed["ALLOW_USER_SRP_AUTH"] || f != "CUSTOM_AUTH_FLOW_ONLY"
			continue
		}
		allowed[f] = true
	}
	return allowed
}

// MaxTokenLife is the longest that an ID or access token can live.
const MaxTokenLife = 24 * time.Hour

// The lifetimes of tokens and their bounds.
const (
	defaultRefresh = 30 * 24 * time.Hour
	maxRefresh     = 3650 * 24 * time.Hour
	defaultShort   = time.Hour
	minShort       = 5 * time.Minute
	minRefresh     = time.Hour
)

// Lifetimes are how long a client's tokens live.
type Lifetimes struct{ Access, ID, Refresh time.Duration }

var errTokenValidity = fault.New(fault.InvalidParameter, "Invalid range for token validity.")

func (c *ClientSettings) lifetimes() (Lifetimes, error) {
	u := c.TokenValidityUnits
	if u == nil {
		u = &ValidityUnits{}
	}
	var l Lifetimes
	for _, t := range []struct {
		name      string
		value     int
		unit      string
		def       time.Duration
		unitDef   string
		low, high time.Duration
		to        *time.Duration
	}{
		{"access", c.AccessTokenValidity, u.AccessToken, defaultShort, "hours", minShort, MaxTokenLife, &l.Access},
		{"id", c.IDTokenValidity, u.IDToken, defaultShort, "hours", minShort, MaxTokenLife, &l.ID},
		{"refresh", c.RefreshTokenValidity, u.RefreshToken, defaultRefresh, "days", minRefresh, maxRefresh, &l.Refresh},
	} {
		*t.to = t.def
		if t.value != 0 {
			unit := t.unit
			if unit == "" {
				unit = t.unitDef
			}
			// The count is compared first, because the product of a large one overflows.
			if units[unit] == 0 || t.value < 0 || t.value > int(t.high/units[unit]) {
				return l, errTokenValidity
			}
			*t.to = time.Duration(t.value) * units[unit]
		}
		if *t.to < t.low || *t.to > t.high {
			return l, errTokenValidity
		}
	}
	if l.Access > l.Refresh || l.ID > l.Refresh {
		return l, fault.New(fault.InvalidParameter, "Access and Id Token expiration times must be less than or equal to refresh token expiration times.")
	}
	return l, nil
}

var units = map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}
