package identitypool

import (
	"time"

	"github.com/sluicegate/sluice/credentials/session"
)

// Pool is an identity pool's settings.
type Pool struct {
	ID       string `json:"-"` // "<region>:<uuid>"
	Name     string `json:"-"` // 1 to 128 characters; need not be unique
	Settings        // set by Create and Update

	Declared   bool      `json:"-"` // declared in the configuration
	CreatedAt  time.Time `json:"-"`
	ModifiedAt time.Time `json:"-"`
}

// Settings are the settings that UpdateIdentityPool replaces as a whole. A missing one gets its zero value.
type Settings struct {
	Guests        bool              `json:"guests,omitempty"`        // AllowUnauthenticatedIdentities
	Classic       bool              `json:"classic,omitempty"`       // AllowClassicFlow
	PublicLogins  map[string]string `json:"publicLogins,omitempty"`  // SupportedLoginProviders: key → application id
	DeveloperName string            `json:"developerName,omitempty"` // DeveloperProviderName; set once, never changed
	OIDC          []string          `json:"oidc,omitempty"`          // OpenIdConnectProviderARNs
	UserPools     []UserPool        `json:"userPools,omitempty"`     // CognitoIdentityProviders
	SAML          []string          `json:"saml,omitempty"`          // SamlProviderARNs
	Tags          map[string]string `json:"tags,omitempty"`          // IdentityPoolTags
}

// UserPool is an app client of a user pool whose ID tokens the identity pool accepts.
type UserPool struct {
	Provider        string `json:"provider"`                  // "cognito-idp.<region>.amazonaws.com/<pool id>", or the issuer without scheme
	ClientID        string `json:"clientId"`                  // the aud of the tokens
	ServerSideCheck bool   `json:"serverSideCheck,omitempty"` // ask the user pool whether the user signed out
}

// Roles are the roles that SetIdentityPoolRoles replaces as a whole.
type Roles struct {
	Authenticated string                 `json:"authenticated,omitempty"` // role ARN; "" = none
	Guest         string                 `json:"guest,omitempty"`         // role ARN; "" = none
	Mappings      map[string]RoleMapping `json:"mappings,omitempty"`      // by provider name; for a user pool "<provider>:<clientId>"
}

// RoleMapping determines the role of a provider's users.
type RoleMapping struct {
	Type      string `json:"type"`                // "Token" or "Rules"
	Ambiguous string `json:"ambiguous,omitempty"` // "AuthenticatedRole" or "Deny"
	Rules     []Rule `json:"rules,omitempty"`     // 1 to 25, in order; for Type Rules
}

// Rule gives a role to tokens whose claim matches.
type Rule struct {
	Claim string `json:"claim"` // name of the claim in the token
	Match string `json:"match"` // "Equals", "Contains", "StartsWith" or "NotEqual"
	Value string `json:"value"` // what the claim is compared with, by bytes
	Role  string `json:"role"`  // ARN
}

// TagMap determines which claims of a provider's tokens become principal tags.
type TagMap struct {
	UseDefaults bool              `json:"useDefaults,omitempty"` // username = sub, client = aud
	Tags        map[string]string `json:"tags,omitempty"`        // tag key → claim
}

// Identity is the result of DescribeIdentity: names of providers, without tokens and user ids.
type Identity struct {
	PoolID     string    // "<region>:<uuid>"
	ID         string    // IdentityId, "<region>:<uuid>"
	Providers  []string  // keys of its logins; none for a guest
	CreatedAt  time.Time // when GetId made it
	ModifiedAt time.Time // when its logins changed last
}

// Credentials are the result of the enhanced flow.
type Credentials struct {
	IdentityID string              // may differ from the one asked for, after a merge
	Session    session.Credentials // access key, secret and session token
}

// OpenIDToken is the result of the basic flow and of the developer flow.
type OpenIDToken struct {
	IdentityID string // may differ from the one asked for, after a merge
	Token      string // a JWT, RS512
}

// DeclaredPool is an identity pool in the configuration.
type DeclaredPool struct {
	ID       string   // "<region>:<uuid>"
	Name     string   // IdentityPoolName, 1 to 128 characters
	Settings Settings // replace what the API set
	Roles    Roles    // replace what the API set
}
