package token

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/poolid"
)

// Limits on Issuer.Leeway: the recommended value and the maximum.
const (
	DefaultLeeway = 30 * time.Second
	maxLeeway     = 5 * time.Minute
)

// Issuer is an issuer whose tokens are accepted, and what they must say. Values are compared exactly; there are no prefixes,
// patterns or separators.
type Issuer struct {
	URL  string // the exact iss
	Keys KeySet
	// Aliases are other values of iss that mean the issuer.
	Aliases []string

	// Algorithms are the accepted signature algorithms; empty means RS256.
	Algorithms []string

	// ClientIDs are the accepted app clients. The client of an access token (token_use "access") is that of
	// ClientClaim, else its aud. The client of an ID token (token_use "id") is its aud. The client of a token without token_use is
	// its aud, else its client_id, as in API Gateway. ClientIDs must not be empty unless Audiences or AnyClient is set.
	ClientIDs []string
	// ClientClaim is the path of the claim with the client; empty means client_id, else azp, else appid or cid.
	ClientClaim []string
	// Audiences are the accepted values of aud; empty accepts any. They are for access tokens whose aud is an API
	// (RFC 9068). If ClientIDs is set too, a token must match both, and aud does not name the client of a token other
	// than an ID token.
	Audiences []string
	// AnyClient accepts every client and audience. Both lists must be empty. It is for issuers with a single purpose.
	AnyClient bool

	// TokenUse are the accepted values of token_use; empty accepts any value and none.
	TokenUse []string
	// TokenUseOptional also accepts tokens without token_use, which only Cognito writes.
	TokenUseOptional bool
	// Types are the accepted values of the header's typ, without "application/" and regardless of case (RFC 8725 section
	// 3.11); empty accepts none, and any but those of tokens that give no access, such as logout+jwt.
	Types []string

	// Leeway is the clock skew allowed for exp, nbf and iat, in whole seconds, at most five minutes. iat may always be one
	// second ahead. Use DefaultLeeway for issuers on other machines.
	Leeway time.Duration

	// GroupsClaim is the path of the groups claim through nested objects; empty means cognito:groups.
	GroupsClaim []string
	// UsernameClaim is the path of the claim with the user name; empty means cognito:username, else username.
	UsernameClaim []string
}

// issuer is an Issuer with resolved algorithms.
type issuer struct {
	Issuer
	algorithms []*algorithm
	leeway     int64 // seconds
	foreign    bool  // no user pool of Cognito or Sluice
}

func compile(config Issuer) (*issuer, error) {
	if config.URL == "" {
		return nil, errors.New("token: an issuer needs a URL")
	}
	fail := func(format string, args ...any) (*issuer, error) {
		return nil, fmt.Errorf("token: issuer %s: "+format, append([]any{config.URL}, args...)...)
	}
	algorithms, ok := algorithmSet(config.Algorithms)
	switch {
	case config.Keys == nil:
		return fail("Keys is required")
	case !ok:
		return fail("algorithms %v are not all supported; use %v", config.Algorithms, Algorithms())
	case len(config.ClientIDs) == 0 && len(config.Audiences) == 0 && !config.AnyClient:
		return fail("set ClientIDs or Audiences, or AnyClient to accept every client")
	case (len(config.ClientIDs) > 0 || len(config.Audiences) > 0) && config.AnyClient:
		return fail("AnyClient excludes ClientIDs and Audiences")
	case slices.Contains(config.ClientIDs, "") || slices.Contains(config.Audiences, "") || slices.Contains(config.TokenUse, ""):
		return fail("a client ID, audience or token use is empty")
	case config.Leeway < 0 || config.Leeway > maxLeeway:
		return fail("leeway %s is out of range; use 0 to %s", config.Leeway, maxLeeway)
	}
	if len(config.GroupsClaim) == 0 {
		config.GroupsClaim = []string{"cognito:groups"}
	}
	return &issuer{Issuer: config, algorithms: algorithms, leeway: int64(config.Leeway / time.Second),
		foreign: poolid.OfIssuer(config.URL) == ""}, nil
}

// ClaimPath parses the path of a claim in settings. A dot separates the names of nested objects, as in
// realm_access.roles; \. is a dot in a name. The name of a claim that is a URL is one name, unless
// a dot in it is written \.: then all dots of names are. ClaimPath returns nil for "".
func ClaimPath(text string) []string {
	switch {
	case text == "":
		return nil
	case strings.Contains(text, "://") && !strings.Contains(text, `\.`):
		return []string{text}
	}
	const dot = "\x00"
	names := strings.Split(strings.ReplaceAll(text, `\.`, dot), ".")
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, dot, ".")
	}
	return names
}

// Accepts checks TokenUse, ClientIDs and Audiences against a verified token. Use it to apply the narrower configuration of
// a route to a token that was verified and cached with a wider one. It returns nil or an *Error with the Reason
// UnknownIssuer, WrongTokenUse or WrongAudience.
func (i *Issuer) Accepts(t *Token) error {
	if t.Issuer.URL != i.URL {
		return errUnknownIssuer
	}
	if err := i.accepts(t); err != nil {
		return err
	}
	return nil
}

func (i *Issuer) accepts(t *Token) *Error {
	if err := i.checkUse(t.TokenUse); err != nil {
		return err
	}
	return i.checkAudience(t)
}

// checkUse checks token_use (RFC 8725 section 3.12).
func (i *Issuer) checkUse(use string) *Error {
	if len(i.TokenUse) == 0 || use == "" && i.TokenUseOptional || use != "" && slices.Contains(i.TokenUse, use) {
		return nil
	}
	switch wanted := i.TokenUse; {
	case use == "id" && len(wanted) == 1 && wanted[0] == "access":
		return errIDToken
	case use == "access" && len(wanted) == 1 && wanted[0] == "id":
		return errAccessToken
	}
	return errTokenUse
}

// checkAudience checks ClientIDs and Audiences. A missing claim never matches.
func (i *Issuer) checkAudience(t *Token) *Error {
	if len(i.ClientIDs) == 0 && len(i.Audiences) == 0 {
		if i.AnyClient {
			return nil
		}
		return errAudience
	}
	if len(i.Audiences) > 0 && !intersect(t.Audience, i.Audiences) {
		return errAudience
	}
	if len(i.ClientIDs) == 0 {
		return nil
	}
	switch {
	case t.TokenUse == "id":
		if !intersect(t.Audience, i.ClientIDs) {
			return errAudience
		}
	case t.TokenUse == "access" || len(i.Audiences) > 0:
		if t.ClientID == "" && len(i.Audiences) == 0 {
			if !intersect(t.Audience, i.ClientIDs) {
				return errAudience
			}
			return nil
		}
		if !slices.Contains(i.ClientIDs, t.ClientID) {
			return errClient
		}
	case len(t.Audience) > 0:
		if !intersect(t.Audience, i.ClientIDs) {
			return errAudience
		}
	case !t.fromClientID || !slices.Contains(i.ClientIDs, t.ClientID):
		return errClient
	}
	return nil
}

func intersect(have, want []string) bool {
	for _, h := range have {
		if slices.Contains(want, h) {
			return true
		}
	}
	return false
}
