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
	RoleARN        string
	SessionName    string
	Limits         SessionLimits
	Tags           []Tag
	TransitiveKeys []string
	ExternalID     string
	SourceIdentity string
}

// WebIdentityInput is the input of sts:AssumeRoleWithWebIdentity.
type WebIdentityInput struct {
	RoleARN     string
	SessionName string
	Token       string
	ProviderID  string // of an OAuth 2.0 access token: graph.facebook.com or www.amazon.com; "" = Token is an OpenID token
	Limits      SessionLimits
	Env         Env
}

// FederationInput is the input of sts:GetFederationToken.
type FederationInput struct {
	Name   string
	Limits SessionLimits
	Tags   []Tag
}

// Assumed is a new session of a role, or of a federated user.
type Assumed struct {
	Credentials      session.Credentials
	ARN              string // of the session: arn:aws:sts::<account>:assumed-role/<role>/<session name>
	ID               string // <role id>:<session name>
	PackedPolicySize int    // percent of what a session token holds; 0 = neither policies nor tags
	SourceIdentity   string

	// Set by AssumeRoleWithWebIdentity.
	Subject  string
	Provider string
	Audience string
}

// CallerIdentity is the result of sts:GetCallerIdentity.
type CallerIdentity struct {
	ARN     string
	UserID  string
	Account string
}

// DeclaredRole is a role in the configuration.
type DeclaredRole struct {
	Name        string
	Path        string // "" = "/"
	Description string
	Trust       json.RawMessage            // document
	Policies    map[string]json.RawMessage // permission policies by name
	Attached    []string                   // ARNs of managed policies
	Boundary    json.RawMessage            // document; nil = none
	MaxSession  time.Duration              // 0 = one hour
}

// RoleUpdate holds the values that UpdateRole sets; nil keeps a value.
type RoleUpdate struct {
	Description *string
	MaxSession  *int // seconds
}

// AttachedPolicy is a managed policy that is attached to a role.
type AttachedPolicy struct {
	ARN  string
	Name string
}

// RolePage is a page of a list of roles.
type RolePage struct {
	Roles []store.Role
	Next  string // name after which the next page starts; "" = last page
}

// PolicyPage is a page of a list of managed policies.
type PolicyPage struct {
	Policies []store.Policy
	Next     string // ARN after which the next page starts; "" = last page
}

// Scope selects managed policies for ListPolicies.
type Scope uint8

// The scopes.
const (
	ScopeAll Scope = iota
	ScopeAWS
	ScopeLocal
)
