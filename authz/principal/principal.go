package principal

import (
	"maps"
	"slices"
	"time"
)

// Kind is the kind of credential that a principal comes from.
type Kind uint8

const (
	Anonymous     Kind = iota // no credential
	User                      // a token of a user
	Machine                   // a token of an app client itself (client credentials grant)
	RoleSession               // temporary credentials of a role
	Root                      // the administrator's access key, or temporary credentials of the administrator itself
	FederatedUser             // temporary credentials of GetFederationToken
)

// String returns the name of the kind for logs and headers.
func (k Kind) String() string {
	switch k {
	case User:
		return "user"
	case Machine:
		return "machine"
	case RoleSession:
		return "role-session"
	case Root:
		return "root"
	case FederatedUser:
		return "federated-user"
	default:
		return "anonymous"
	}
}

// Principal is the caller of a request. Requests share it, so neither it nor its slices may be changed.
type Principal struct {
	Kind Kind // what the principal is: a user, a machine, a role session, the administrator, a federated user or no one

	// From a token.
	Issuer        string   // iss
	PoolID        string   // the user pool of Sluice or Cognito; otherwise ""
	Subject       string   // sub; the identity ID for a role session of an identity pool
	Username      string   // cognito:username or username; "" if the token has neither
	ClientID      string   // client_id, azp or the matching aud
	TokenUse      string   // "id" or "access"; "" if the issuer does not set it
	Groups        []string // cognito:groups
	Scopes        []string // the parts of scope
	Roles         []string // cognito:roles
	PreferredRole string   // cognito:preferred_role
	TokenID       string   // jti
	OriginJTI     string   // origin_jti: the token family
	SessionID     string   // the session of a browser that signed in at the edge; "" for a token that the request showed
	AuthTime      time.Time
	Unknown       Unknown // what the token leaves open; 0 = nothing

	// From a role session.
	ARN            string // arn:aws:sts::<account>:assumed-role/<role>/<session>, …:federated-user/<name>, or …:root
	RoleARN        string // including the path; of the administrator for its sessions and those of federated users
	RoleID         string // AROA…
	SessionName    string
	Account        string
	AccessKeyID    string
	IdentityID     string   // cognito-identity.amazonaws.com:sub
	IdentityPoolID string   // …:aud
	AMR            []string // …:amr
	Provider       string   // aws:FederatedProvider
	Tags           []Tag    // aws:PrincipalTag/<key>; sorted by key
	SourceIdentity string
	SessionPolicy  any     // compiled session policies of the engine; nil means none
	Logins         []Login // a sign-out of any of these ends the session

	IssuedAt  time.Time // when the credential was issued; zero if it does not say
	ExpiresAt time.Time // zero means never (root)

	// Claims returns claims of the token by their exact names. It is nil if there is no token. A list has several values;
	// anything other than a string, a number, a boolean or a list of these is returned as JSON.
	Claims Claims
}

// Temporary reports whether the principal presented temporary credentials.
func (p *Principal) Temporary() bool {
	return p.Kind == RoleSession || p.Kind == FederatedUser || p.Kind == Root && !p.ExpiresAt.IsZero()
}

// Tag is a session tag.
type Tag struct {
	Key   string // the name of the tag, without a prefix
	Value string // the value of the tag
}

// Tags returns the entries of a map as tags, sorted by key.
func Tags(tags map[string]string) []Tag {
	var list []Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, Tag{Key: key, Value: tags[key]})
	}
	return list
}

// Login is a user pool sign-in that a role session depends on.
type Login struct {
	Issuer    string    // iss of the token that the login was
	Subject   string    // sub of the token
	OriginJTI string    // origin_jti of the token; "" if it has none
	AuthTime  time.Time // when the user signed in; zero if unknown
	IssuedAt  time.Time // iat of the token for which the session was created; zero if unknown
}

// Claims gives read access to the claims of a token.
type Claims interface {
	// Lookup returns the values of a claim and whether the token has the claim. The slice must not be changed.
	Lookup(name string) ([]string, bool)
}

// UserOf returns the user whom a condition key of a provider names, in a session that AssumeRoleWithWebIdentity made for one of the
// providers that have no ARN, or "". IAM user guide, "Identify users with OIDC federation".
func (p *Principal) UserOf(provider, key string) string {
	if p.Provider != provider || len(p.Logins) != 1 {
		return ""
	}
	switch provider + ":" + key {
	case "accounts.google.com:sub", "graph.facebook.com:id", "www.amazon.com:user_id":
		return p.Logins[0].Subject
	}
	return ""
}
