package token

import (
	"strings"
	"time"
	"unsafe"

	"github.com/sluicegate/sluice/authz/principal"
)

// Token is a verified token. It is shared and must not be changed. Times are seconds since 1970. Missing claims are zero
// values.
type Token struct {
	Issuer    *Issuer // the issuer as configured
	KeyID     string  // kid of the header
	Algorithm string  // alg of the header
	Type      string  // typ of the header

	Subject       string // sub
	Username      string // see Issuer.UsernameClaim
	ClientID      string // see Issuer.ClientClaim
	TokenUse      string // token_use
	JTI           string // jti
	OriginJTI     string // origin_jti: the sign-in that the token results from
	PreferredRole string // cognito:preferred_role

	Audience []string // aud
	Groups   []string // see Issuer.GroupsClaim
	Scopes   []string // scope, or scp when there is none
	Roles    []string // cognito:roles

	IssuedAt  int64 // iat
	NotBefore int64 // nbf
	ExpiresAt int64 // exp, never 0
	AuthTime  int64 // auth_time

	Claims Claims // all claims

	Unknown principal.Unknown // what the token leaves open

	fromClientID bool  // ClientID comes from client_id or Issuer.ClientClaim
	listed       int32 // number of strings in the lists
}

// Deadline returns when the token stops being valid, including the issuer's leeway. Results derived from the token must not
// be used after it.
func (t *Token) Deadline() time.Time {
	return time.Unix(t.ExpiresAt, 0).Add(t.Issuer.Leeway)
}

// Size returns the approximate number of bytes that the token keeps alive, for Cache.Put.
func (t *Token) Size() int {
	return int(unsafe.Sizeof(*t)) + t.Claims.size() + int(t.listed)*int(unsafe.Sizeof(""))
}

// fill sets the fields from the claims of a genuine token. A registered claim of the wrong type is an error, because
// another reader of the token could interpret it differently. Claims that only Cognito defines may mean something else to other
// issuers: AD FS writes auth_time in ISO 8601. Theirs are absent if they cannot be read, and what they would name is unknown.
func (t *Token) fill(r *registered, i *issuer) *Error {
	ok := true
	text := func(to *string, raw string) {
		if raw != "" && ok {
			*to, ok = stringOf(raw)
		}
	}
	if i.foreign {
		t.Unknown = r.dropUnreadable(len(i.UsernameClaim) == 0)
	}
	text(&t.Subject, r.sub)
	text(&t.JTI, r.jti)
	text(&t.OriginJTI, r.originJTI)
	text(&t.TokenUse, r.tokenUse)
	text(&t.PreferredRole, r.preferredRole)
	ok = ok && t.setClient(r, i)
	if r.authTime != "" && ok {
		t.AuthTime, ok = dateOf(r.authTime)
	}
	if len(i.UsernameClaim) > 0 {
		t.Username = t.Claims.name(i.UsernameClaim)
	} else {
		text(&t.Username, r.username)
		text(&t.Username, r.cognitoUsername)
	}
	if !ok || !t.fillLists(r, i) {
		return errClaimType
	}
	t.Unknown |= t.unknowns(r, i)
	return nil
}

// fillLists reads the claims that are lists into one slice. It returns false if a claim has the wrong type.
func (t *Token) fillLists(r *registered, i *issuer) bool {
	groups, _ := t.Claims.find(i.GroupsClaim)
	scope, scopes := scopesOf(r)
	n := countOf(r.aud) + countOf(r.roles) + countOf(groups) + scopes
	if n == 0 {
		return true
	}
	t.listed = int32(n)
	all, ok := make([]string, 0, n), true
	list := func(to *[]string, raw string, read func([]string, string) ([]string, bool)) {
		if raw == "" || !ok {
			return
		}
		start := len(all)
		if all, ok = read(all, raw); len(all) > start {
			*to = all[start:len(all):len(all)]
		}
	}
	list(&t.Audience, r.aud, appendStrings)
	list(&t.Roles, r.roles, appendStrings)
	list(&t.Scopes, scope, appendScopes)
	list(&t.Groups, groups, func(to []string, raw string) ([]string, bool) { return appendValues(to, raw), true })
	return ok
}

// scopesOf returns the claim with the scopes and an upper bound of their number.
func scopesOf(r *registered) (raw string, count int) {
	raw = r.scope
	if raw == "" {
		raw = r.scp
	}
	if raw != "" && raw[0] == '"' {
		return raw, 1 + strings.Count(raw, " ")
	}
	return raw, countOf(raw)
}

// appendScopes reads scope (RFC 8693 section 4.2: one string, separated by spaces) or scp, which other issuers write as a
// string or an array.
func appendScopes(to []string, raw string) ([]string, bool) {
	if raw[0] != '"' {
		return appendStrings(to, raw)
	}
	for scope := range strings.SplitSeq(unquote(raw), " ") { // strings.Fields would split at other white space too
		if scope != "" {
			to = append(to, scope)
		}
	}
	return to, true
}

// registered holds the JSON text of the claims that the verifier reads; empty if the token lacks one.
type registered struct {
	iss, sub, aud, exp, nbf, iat, jti, authTime, originJTI string
	tokenUse, clientID, azp, scope, scp                    string
	username, cognitoUsername, roles, preferredRole        string
	claimNames, hasGroups, appID, cid                      string
}

// registered returns the claims that the verifier reads. A claim that is null counts as absent, but for iss and exp.
func (s *scanner) registered() (r registered) {
	for _, m := range s.members {
		raw, name := s.text[m.valueStart:m.valueEnd], s.nameOf(m)
		if raw == "null" && name != "iss" && name != "exp" {
			continue // absent
		}
		switch name {
		case "iss":
			r.iss = raw
		case "sub":
			r.sub = raw
		case "aud":
			r.aud = raw
		case "exp":
			r.exp = raw
		case "nbf":
			r.nbf = raw
		case "iat":
			r.iat = raw
		case "jti":
			r.jti = raw
		case "auth_time":
			r.authTime = raw
		case "origin_jti":
			r.originJTI = raw
		case "token_use":
			r.tokenUse = raw
		case "client_id":
			r.clientID = raw
		case "azp":
			r.azp = raw
		case "appid":
			r.appID = raw
		case "cid":
			r.cid = raw
		case "scope":
			r.scope = raw
		case "scp":
			r.scp = raw
		case "username":
			r.username = raw
		case "cognito:username":
			r.cognitoUsername = raw
		case "cognito:roles":
			r.roles = raw
		case "cognito:preferred_role":
			r.preferredRole = raw
		case "_claim_names":
			r.claimNames = raw
		case "hasgroups":
			r.hasGroups = raw
		}
	}
	return r
}
