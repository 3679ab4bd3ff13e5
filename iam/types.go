package iam

import (
	"encoding/json"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/store"
)

// Env holds properties of the request that trust policies can test.
type Env struct {
	SourceIP  string // aws:SourceIp; "" = unknown
	UserAgent string // aws:UserAgent
	Referer   string // aws:Referer
	Secure    bool   // aws:SecureTransport
	Region    string // aws:RequestedRegion; "" = the default region
}

// SessionLimits limit a session further than its role does.
type SessionLimits struct {
	Policy     string        // inline session policy; "" = none
	PolicyARNs []string      // managed session policies, at most 10
	Duration   time.Duration // 0 = the operation's default
}

// Tag is a session tag.
type Tag = principal.Tag

// AssumeRoleInput is the input of sts:AssumeRole.
type AssumeRoleInput struct {
	RoleARN        string        // of the role
	SessionName    string        // RoleSessionName, 2 to 64 characters
	Limits         SessionLimits // of the session
	Tags           []Tag         // session tags; they win over those of the role
	TransitiveKeys []string      // of Tags that chained sessions inherit
	ExternalID     string        // sts:ExternalId; "" = not given
	SourceIdentity string        // "" = not given; chained sessions keep that of the first
}

// WebIdentityInput is the input of sts:AssumeRoleWithWebIdentity.
type WebIdentityInput struct {
	RoleARN     string        // of the role
	SessionName string        // RoleSessionName, 2 to 64 characters
	Token       string        // WebIdentityToken
	ProviderID  string        // of an OAuth 2.0 access token: graph.facebook.com or www.amazon.com; "" = Token is an OpenID token
	Limits      SessionLimits // of the session
	Env         Env           // of the request
}

// FederationInput is the input of sts:GetFederationToken.
type FederationInput struct {
	Name   string        // of the federated user, 2 to 32 characters
	Limits SessionLimits // without a session policy, the session has no permissions
	Tags   []Tag         // session tags
}

// Assumed is a new session of a role, or of a federated user.
type Assumed struct {
	Credentials      session.Credentials // access key, secret and session token
	ARN              string              // of the session: arn:aws:sts::<account>:assumed-role/<role>/<session name>
	ID               string              // <role id>:<session name>
	PackedPolicySize int                 // percent of what a session token holds; 0 = neither policies nor tags
	SourceIdentity   string              // "" = none

	// Set by AssumeRoleWithWebIdentity.
	Subject  string // sub of the token
	Provider string // issuer without scheme, or ARN of the provider
	Audience string // aud of the token; several are joined with commas
}

// CallerIdentity is the result of sts:GetCallerIdentity.
type CallerIdentity struct {
	ARN     string // of the caller's principal
	UserID  string // aws:userid
	Account string // 12 digits
}

// DeclaredRole is a role in the configuration.
type DeclaredRole struct {
	Name        string                     // unique without regard to case
	Path        string                     // "" = "/"
	Description string                     // "" = none
	Trust       json.RawMessage            // document
	Policies    map[string]json.RawMessage // permission policies by name
	Attached    []string                   // ARNs of managed policies
	Boundary    json.RawMessage            // document; nil = none
	MaxSession  time.Duration              // 0 = one hour
}

// RoleUpdate holds the values that UpdateRole sets; nil keeps a value.
type RoleUpdate struct {
	Description *string // "" removes it
	MaxSession  *int    // seconds
}

// AttachedPolicy is a managed policy that is attached to a role.
type AttachedPolicy struct {
	ARN  string // PolicyArn
	Name string // PolicyName, the last part of the ARN
}

// RolePage is a page of a list of roles.
type RolePage struct {
	Roles []store.Role // ordered by name
	Next  string       // name after which the next page starts; "" = last page
}

// PolicyPage is a page of a list of managed policies.
type PolicyPage struct {
	Policies []store.Policy // ordered by ARN
	Next     string         // ARN after which the next page starts; "" = last page
}

// Scope selects managed policies for ListPolicies.
type Scope uint8

// The scopes.
const (
	ScopeAll Scope = iota
	ScopeAWS
	ScopeLocal
)
