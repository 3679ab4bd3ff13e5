package token

import (
	"slices"
	"strings"
)

// foreignTypes are the types of JWTs that tell something to somebody and give no access: logout tokens, security events and answers of
// authorization endpoints. They lie in the logs of browsers and relying parties (RFC 8725 section 3.11).
var foreignTypes = []string{"logout+jwt", "secevent+jwt", "oauth-authz-resp+jwt"}

// logoutEvent is the member of the claim events by which a logout token is known, as typ is only recommended (OpenID Connect
// Back-Channel Logout 1.0, section 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// typeOf returns the typ of a header in lower case and without "application/", which may be omitted if the value has no other slash
// (RFC 7515 section 4.1.9).
func typeOf(t *jws) string { return strings.TrimPrefix(strings.ToLower(t.typ), "application/") }

// foreign reports whether the header says that the token gives no access.
func foreign(t *jws) bool { return t.typ != "" && slices.Contains(foreignTypes, typeOf(t)) }

// isLogout reports whether the claims are those of a logout token.
func isLogout(c *Claims) bool {
	_, has := c.Raw("events")
	if !has {
		return false
	}
	_, logout := c.find([]string{"events", logoutEvent})
	return logout
}
