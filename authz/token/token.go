package token

import (
	"strings"
	"time"
	"unsafe"
)

// Token is a token that was verified. It is immutable: share it, do not change it. Times are seconds since 1970 and 0
// when the token has none; strings are empty and lists nil then.
type Token struct {
	Issuer    *Issuer
	KeyID     string
	Algorithm string
	Type      string // typ of the header

	Subject       string // sub
	Username      string // see Issuer.UsernameClaim
	ClientID      string // client_id, or azp when there is none
	TokenUse      string // token_use
	JTI           string // jti
	OriginJTI     string // origin_jti: the sign-in that the token goes back to
	PreferredRole string // cognito:preferred_role

	Audience []string // aud
	Groups   []string // see Issuer.GroupsClaim
	Scopes   []string // scope, or scp when there is none
	Roles    []string // cognito:roles

	IssuedAt  int64 // iat
	NotBefore int64 // nbf
	ExpiresAt int64 // exp, never 0
	AuthTime  int64 // auth_time

	Claims Claims // all of them

	fromClientID bool // ClientID is client_id's
}

// Deadline is when the token stops being valid, the issuer's leeway included. No result got with the token may be
// used from then on.
func (t *Token) Deadline() time.Time {
	return time.Unix(t.ExpiresAt, 0).Add(t.Issuer.Leeway)
}

// Size is about how many bytes the token keeps alive, for a Cache's account.
func (t *Token) Size() int {
	strings := len(t.Audience) + len(t.Groups) + len(t.Scopes) + len(t.Roles)
	return int(unsafe.Sizeof(*t)) + t.Claims.size() + strings*int(unsafe.Sizeof(""))
}

// fill sets what the claims say. It is called for genuine tokens only; a registered claim of the wrong type is an
// error all the same, because a reader elsewhere could take it for something else.
func (t *Token) fill(r *registered, i *issuer) *Error {
	ok := true
	text := func(to *string, raw string) {
		if raw != "" && ok {
			*to, ok = stringOf(raw)
		}
	}
	list := func(to *[]string, raw string) {
		if raw != "" && ok {
			*to, ok = stringsOf(raw)
		}
	}
	text(&t.Subject, r.sub)
	text(&t.JTI, r.jti)
	text(&t.OriginJTI, r.originJTI)
	text(&t.TokenUse, r.tokenUse)
	text(&t.PreferredRole, r.preferredRole)
	list(&t.Audience, r.aud)
	list(&t.Roles, r.roles)
	text(&t.ClientID, r.azp)
	if r.clientID != "" {
		text(&t.ClientID, r.clientID)
		t.fromClientID = true
	}
	if r.authTime != "" && ok {
		t.AuthTime, ok = dateOf(r.authTime)
	}
	if len(i.UsernameClaim) > 0 {
		if values, there := t.Claims.Values(i.UsernameClaim...); there && len(values) == 1 {
			t.Username = values[0]
		}
	} else {
		text(&t.Username, r.username)
		text(&t.Username, r.cognitoUsername)
	}
	if values, there := t.Claims.Values(i.GroupsClaim...); there {
		t.Groups = values
	}
	if !ok {
		return errClaimType
	}
	return t.fillScopes(r)
}

// fillScopes reads scope (RFC 8693 section 4.2: one string, blanks between), or scp as others write it: a string or an
// array.
func (t *Token) fillScopes(r *registered) *Error {
	raw := r.scope
	if raw == "" {
		raw = r.scp
	}
	if raw == "" {
		return nil
	}
	values, ok := stringsOf(raw)
	if !ok {
		return errClaimType
	}
	if raw[0] == '"' {
		text := values[0]
		values = make([]string, 0, 1+strings.Count(text, " "))
		for scope := range strings.SplitSeq(text, " ") { // blanks only: strings.Fields would also split at others
			if scope != "" {
				values = append(values, scope)
			}
		}
	}
	t.Scopes = values
	return nil
}

// registered holds the JSON text of the claims that the verifier reads; empty when a token has not got one.
type registered struct {
	iss, sub, aud, exp, nbf, iat, jti, authTime, originJTI string
	tokenUse, clientID, azp, scope, scp                    string
	username, cognitoUsername, roles, preferredRole        string
}

// registered finds them in one pass over the claims.
func (s *scanner) registered() (r registered) {
	for _, m := range s.members {
		raw := s.text[m.valueStart:m.valueEnd]
		switch s.nameOf(m) {
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
		}
	}
	return r
}
