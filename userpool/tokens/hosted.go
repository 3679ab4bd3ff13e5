package tokens

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/sluicegate/sluice/userpool"
)

// Hosted is what the tokens of the OAuth endpoints have that those of the API do not: an access token with version and granted
// scopes, and an ID token only with the scope openid, whose claims the scopes limit.
type Hosted struct {
	Nonce    string // of the ID token; "" for none
	Resource string // the aud of the access token; "" for none
	Short    bool   // there is no refresh token, as in the implicit flow; the family ends with its tokens
}

// claimScopes are the attributes that a scope other than profile releases.
var claimScopes = map[string]string{
	"email": "email", "email_verified": "email",
	"phone_number": "phone", "phone_number_verified": "phone",
}

// Released reports whether ID token and userInfo have the claim of an attribute: the client may read it, and the scopes release it.
// The scope openid alone releases all. Together with profile, email or phone, email and phone release their attributes, and profile
// the others.
//
// Source: the developer guide, "Scopes, M2M, and resource servers".
func Released(scopes []string, c *userpool.Client, name string) bool {
	if !c.MayRead(name) {
		return false
	}
	if name == "sub" || !slices.ContainsFunc(scopes, func(scope string) bool { return scope == "profile" || scope == "email" || scope == "phone" }) {
		return true
	}
	scope := claimScopes[name]
	if scope == "" {
		scope = "profile"
	}
	return slices.Contains(scopes, scope)
}

// releases is Released for tokens of the OAuth endpoints, and says what the client may read for those of the API.
func (c *content) releases(name string) bool {
	if c.hosted == nil {
		return c.client.MayRead(name)
	}
	return Released(c.scopes, c.client, name)
}

// accessHash is the value of at_hash (OpenID Connect Core section 3.1.3.6) for tokens that SHA-256 signs.
func accessHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
