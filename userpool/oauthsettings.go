package userpool

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/assurance"
)

// OAuthSettings are the settings of a pool for its OAuth endpoints, and those that are stored and returned without effect:
// KeyConfiguration and IssuerConfiguration.
type OAuthSettings struct {
	// As CreateUserPool got them; nil = left out.
	KeyConfiguration    json.RawMessage `json:"KeyConfiguration,omitempty"`
	IssuerConfiguration json.RawMessage `json:"IssuerConfiguration,omitempty"`
	AcrConfiguration    json.RawMessage `json:"AcrConfiguration,omitempty"`
	DcrConfiguration    *DCRConfig      `json:"DcrConfiguration,omitempty"`
}

// DCRConfig is the DcrConfiguration of a pool: dynamic client registration. A list that is empty differs from one that is left
// out.
type DCRConfig struct {
	EnableStatus            string   `json:"EnableStatus,omitempty"` // Enabled or Disabled; "" is Enabled
	OpenDcrEnabled          bool     `json:"OpenDcrEnabled"`
	AuthenticatedGrantTypes []string `json:"AuthenticatedGrantTypes,omitzero"`
	OpenDcrGrantTypes       []string `json:"OpenDcrGrantTypes,omitzero"`
	AllowedScopes           []string `json:"AllowedScopes,omitzero"`
}

// DCR is the resolved configuration of dynamic client registration. The grants have Cognito's names: code, client_credentials.
type DCR struct {
	// Whether clients may register dynamically.
	Enabled       bool
	Open          bool     // registration needs no initial access token
	Authenticated []string // grants of clients that register with a token; none refuses all
	OpenGrants    []string // grants of clients that register without one
	Scopes        []string // in addition to openid, email, phone and profile
}

// resolve returns the configuration with its defaults. A nil receiver is dynamic registration turned off.
func (c *DCRConfig) resolve() DCR {
	if c == nil {
		return DCR{}
	}
	return DCR{Enabled: strings.EqualFold(c.EnableStatus, "Enabled"), Open: c.OpenDcrEnabled,
		Authenticated: c.AuthenticatedGrantTypes, OpenGrants: c.OpenDcrGrantTypes, Scopes: c.AllowedScopes}
}

// complete fills in the defaults that AWS returns.
func (c *DCRConfig) complete() {
	if c == nil {
		return
	}
	setDefault(&c.EnableStatus, "Enabled")
	if c.AuthenticatedGrantTypes == nil {
		c.AuthenticatedGrantTypes = []string{FlowCode, FlowClientCredentials}
	}
	if c.OpenDcrGrantTypes == nil {
		c.OpenDcrGrantTypes = []string{FlowCode}
	}
}

// Flows of AllowedOAuthFlows.
const (
	FlowCode              = "code"
	FlowImplicit          = "implicit"
	FlowClientCredentials = "client_credentials"
)

// ScopeRegister is the scope of the initial access tokens of dynamic client registration. No resource server has it.
const ScopeRegister = "aws.cognito/dcr/register"

// ScopeAdmin lets a token call the operations on the user's own account.
const ScopeAdmin = "aws.cognito.signin.user.admin"

// standardScopes are those that need no resource server.
var standardScopes = []string{"openid", "email", "phone", "profile", ScopeAdmin}

// ReservedScopes is the beginning of identifiers of resource servers that only AWS may use.
const ReservedScopes = "aws.cognito"

// checkOAuth validates the settings for the OAuth endpoints.
func (p *PoolSettings) checkOAuth() error {
	names, err := assurance.ReadNames(p.AcrConfiguration)
	if err == nil && names != assurance.Default { // answers show the default names in every tier, and tools send them back
		err = p.needsEssentials("Custom Authentication Context Class Reference")
	}
	if err != nil {
		return err
	}
	p.DcrConfiguration.complete()
	if p.DcrConfiguration.resolve().Enabled {
		return p.needsEssentials("Dynamic Client Registration")
	}
	return nil
}

// CustomScopes returns the scopes of the pool's resource servers as tokens carry them.
func CustomScopes(servers []store.ResourceServer) []string {
	var scopes []string
	for _, s := range servers {
		for _, scope := range s.Scopes {
			scopes = append(scopes, s.ID+"/"+scope.Name)
		}
	}
	return scopes
}

// Grants returns the scopes that the client may get: its AllowedOAuthScopes without those whose resource server or scope has been
// deleted.
func (c *Client) Grants(p *Pool) []string {
	var scopes []string
	for _, scope := range c.Settings.AllowedOAuthScopes {
		if scope == ScopeRegister || slices.Contains(standardScopes, scope) || slices.Contains(p.Scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// UserScopes returns the scopes that a user can grant to the client now: not those of a resource server that is gone, and not the one
// for registering clients, which is for clients that act for themselves.
func (c *Client) UserScopes(p *Pool) []string {
	return slices.DeleteFunc(c.Grants(p), func(scope string) bool { return scope == ScopeRegister })
}

// SignsInDevices reports whether users may let devices in to the client: it has the device grant, and does not only have users of
// identity providers, who cannot sign in for a device.
func (c *Client) SignsInDevices() bool {
	names := c.Settings.SupportedIdentityProviders
	return c.Settings.OAuth.HasDeviceGrant() && (len(names) == 0 || slices.Contains(names, ProviderCognito))
}

// checkReferences refuses identity providers that the pool does not have, and scopes that no resource server of it has.
//
// Source of the text: awsdocs/aws-cloudformation-user-guide#564.
func (s *Service) checkReferences(tx store.Tx, poolID string, c *ClientSettings) error {
	if err := s.o.CheckProviders(tx, poolID, c.SupportedIdentityProviders); err != nil {
		return err
	}
	servers, err := tx.ResourceServers.List(poolID)
	if err != nil {
		return err
	}
	custom := CustomScopes(servers)
	for _, scope := range c.AllowedOAuthScopes {
		if scope != ScopeRegister && !slices.Contains(standardScopes, scope) && !slices.Contains(custom, scope) {
			return fault.New(fault.ScopeDoesNotExist, "Invalid scope requested: %s", scope)
		}
	}
	return nil
}

// DomainNames are the host names of a pool's domains; "" for one that the pool does not have.
type DomainNames struct{ Prefix, Custom string }

// Host returns the host name of the custom domain, else that of the prefix domain, "" without any.
func (d DomainNames) Host() string {
	if d.Custom != "" {
		return d.Custom
	}
	return d.Prefix
}

// checkDomains refuses the tier LITE for a pool one of whose domains has managed login.
func (p *PoolSettings) checkDomains(tx store.Tx, poolID string) error {
	if p.UserPoolTier != TierLite {
		return nil
	}
	list, err := tx.Domains.OfPool(poolID)
	if err == nil && slices.ContainsFunc(list, func(d store.Domain) bool { return d.Version > 1 }) {
		err = p.needsEssentials("Managed Login Version 2")
	}
	return err
}

// domainNames returns the host names of the pool's domains.
func (s *Service) domainNames(poolID string, domains []store.Domain) DomainNames {
	var names DomainNames
	for _, d := range domains {
		if d.Custom {
			names.Custom = d.Name
		} else {
			names.Prefix = s.o.DomainHost(poolID, d.Name)
		}
	}
	return names
}

// Forget drops a pool from the cache after a change of its domains or resource servers.
func (s *Service) Forget(poolID string) { s.pools.drop(poolID) }
