package token

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Clock skew: what a configuration should ask for unless it says otherwise, and the most that it may.
const (
	DefaultLeeway = 30 * time.Second
	maxLeeway     = 5 * time.Minute
)

// Issuer is one issuer whose tokens are accepted, and what they must say. The lists are compared exactly: no prefixes,
// patterns or separators.
type Issuer struct {
	URL  string // the exact iss
	Keys KeySet

	// Algorithms names what its tokens may be signed with; empty means RS256 only.
	Algorithms []string

	// ClientIDs are the accepted app clients. An access token (token_use "access") is asked for client_id, or azp when it
	// has none, or aud when it has neither; an ID token (token_use "id") for aud. A token without token_use is judged as
	// API Gateway does: aud when it is there, client_id otherwise. Empty is refused unless Audiences or AnyClient is set.
	ClientIDs []string
	// Audiences, when set, must have one of aud besides (RFC 9068 access tokens whose aud is an API). A token without
	// token_use is then asked for its client only if ClientIDs is set too.
	Audiences []string
	// AnyClient accepts every client and audience when both lists are empty: for an issuer that has one purpose only.
	AnyClient bool

	// TokenUse are the accepted values of token_use; empty accepts any.
	TokenUse []string
	// TokenUseOptional accepts a token that has no token_use: issuers other than Cognito write none.
	TokenUseOptional bool
	// Types are the accepted typ header values without "application/", in any case (RFC 8725 section 3.11); empty accepts
	// any and none.
	Types []string

	// Leeway is the clock skew allowed for exp, nbf and iat; whole seconds, at most five minutes. Zero is none, save for
	// one second that iat may lie ahead. Issuers elsewhere should be given DefaultLeeway.
	Leeway time.Duration

	// GroupsClaim is where the groups stand, a path through nested objects; empty means cognito:groups.
	GroupsClaim []string
	// UsernameClaim is where the user's name stands; empty means cognito:username, then username.
	UsernameClaim []string
}

// issuer is an Issuer made ready.
type issuer struct {
	Issuer
	algorithms []*algorithm
	leeway     int64 // seconds
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
		return fail("no key set")
	case !ok:
		return fail("algorithms %v: only %v are there", config.Algorithms, Algorithms())
	case len(config.ClientIDs) == 0 && len(config.Audiences) == 0 && !config.AnyClient:
		return fail("neither client ids nor audiences; say so if any client is meant")
	case (len(config.ClientIDs) > 0 || len(config.Audiences) > 0) && config.AnyClient:
		return fail("any client, and a list of them")
	case slices.Contains(config.ClientIDs, "") || slices.Contains(config.Audiences, "") || slices.Contains(config.TokenUse, ""):
		return fail("an empty client id, audience or token use")
	case config.Leeway < 0 || config.Leeway > maxLeeway:
		return fail("a leeway of %s, at most %s is allowed", config.Leeway, maxLeeway)
	}
	if len(config.GroupsClaim) == 0 {
		config.GroupsClaim = []string{"cognito:groups"}
	}
	return &issuer{Issuer: config, algorithms: algorithms, leeway: int64(config.Leeway / time.Second)}, nil
}

// Accepts judges a genuine token of this issuer by TokenUse, ClientIDs and Audiences, as Verify has done already: for
// whoever verifies and caches once with a wide configuration and then asks a narrower one, such as a route's. The error
// is an *Error with WrongTokenUse, WrongAudience, or UnknownIssuer for a token of another issuer.
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

// checkUse enforces token_use, RFC 8725 section 3.12: kinds of token must not stand in for each other.
func (i *Issuer) checkUse(use string) *Error {
	if len(i.TokenUse) == 0 || use == "" && i.TokenUseOptional || use != "" && slices.Contains(i.TokenUse, use) {
		return nil
	}
	return errTokenUse
}

// checkAudience enforces ClientIDs and Audiences. A claim that is missing never matches.
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
