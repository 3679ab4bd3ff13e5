package principal

import (
	"maps"
	"slices"
	"time"
)

// Kind says what sort of credential made the principal.
type Kind uint8

const (
	Anonymous   Kind = iota // no credential was shown
	User                    // a token of a user
	Machine                 // a token of an app client for itself (client credentials)
	RoleSession             // temporary credentials of a role
	Root                    // the administrator's key
)

// String names the kind as logs and headers show it.
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
	default:
		return "anonymous"
	}
}

// Principal is who asks. It is shared between requests: nobody writes to it, its slices or its maps after it was made.
type Principal struct {
	Kind Kind

	// Of a token.
	Issuer        string   // iss
	PoolID        string   // of a user pool that Sluice or Cognito runs; "" else
	Subject       string   // sub; for a role session the identity id, if an identity pool made it
	Username      string   // cognito:username or username; "" when the token has none
	ClientID      string   // client_id, azp or the matching aud
	TokenUse      string   // "id" or "access"; "" for issuers without it
	Groups        []string // cognito:groups
	Scopes        []string // scope, split
	Roles         []string // cognito:roles
	PreferredRole string   // cognito:preferred_role
	TokenID       string   // jti
	OriginJTI     string   // origin_jti: the refresh family
	AuthTime      time.Time

	// Of a role session.
	ARN            string   // arn:aws:sts::<account>:assumed-role/<role>/<session>, or …:root
	RoleARN        string   // with path
	RoleID         string   // AROA…
	SessionName    string   //
	Account        string   //
	AccessKeyID    string   //
	IdentityID     string   // cognito-identity.amazonaws.com:sub
	IdentityPoolID string   // …:aud
	AMR            []string // …:amr
	Provider       string   // aws:FederatedProvider
	Tags           []Tag    // aws:PrincipalTag/<key>, by their keys
	SourceIdentity string   //
	SessionPolicy  any      // compiled session policies, owned by the engine; nil = none
	Logins         []Login  // whose sign-out ends the session

	IssuedAt  time.Time
	ExpiresAt time.Time // zero = never (root)

	// Claims looks a claim of the token up by its exact name; nil when there is no token. The values of a list are given
	// one by one; anything that is not text, number, boolean or a list of them is given as JSON text.
	Claims Claims
}

// Tag is a session tag.
type Tag struct {
	Key   string
	Value string
}

// Tags gives a map's tags in the order of their keys.
func Tags(tags map[string]string) []Tag {
	var list []Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, Tag{Key: key, Value: tags[key]})
	}
	return list
}

// Login is a user-pool sign-in that stands behind a role session.
type Login struct {
	Issuer    string
	Subject   string
	OriginJTI string
	AuthTime  time.Time // when the user signed in; zero if unknown
	IssuedAt  time.Time // iat of the token that the session was got with; zero if unknown
}

// Claims is read access to a token's claims.
type Claims interface {
	// Lookup returns the values of a claim and whether it is there. The slice must not be changed.
	Lookup(name string) ([]string, bool)
}
