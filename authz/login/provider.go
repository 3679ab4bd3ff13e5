package login

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// Provider signs users in: an OpenID provider, or a user pool of this process. Its errors are *Refused if the provider has
// decided, and any other error if it could not be asked.
type Provider interface {
	// Authorize returns the URL at which the browser signs in.
	Authorize(ctx context.Context, r Authorization) (string, error)
	// Redeem exchanges a code for tokens.
	Redeem(ctx context.Context, r Redemption) (*Tokens, error)
	// Refresh gets new tokens. The answer may lack an ID token and a refresh token; the old ones then stay in use.
	Refresh(ctx context.Context, refreshToken string) (*Tokens, error)
	// Revoke ends a refresh token. The session has ended already, so an error is only logged.
	Revoke(ctx context.Context, refreshToken string) error
	// Logout returns the URL at which the browser ends its session at the provider and then comes back; "" if the provider
	// has none.
	Logout(ctx context.Context, idToken, back string) (string, error)
	// NamesIssuer reports whether all answers of the provider have the parameter iss (RFC 9207).
	NamesIssuer(ctx context.Context) (bool, error)
}

// Authorization is a request for a code.
type Authorization struct {
	RedirectURI, State, Nonce string // as the query has them; Nonce comes back in the ID token
	Verifier                  string // code_verifier of PKCE (RFC 7636), of which the query has the challenge
}

// Redemption is the exchange of a code.
type Redemption struct {
	Code, RedirectURI string // the code as it came back, and the URI of its Authorization
	Verifier          string // code_verifier of PKCE (RFC 7636)
}

// Tokens are what a provider answers.
type Tokens struct {
	ID, Access, Refresh string        // as the token endpoint names them; "" for one that did not come
	Scopes              []string      // that were granted
	ExpiresIn           time.Duration // of the access token; 0 if unknown
}

// Refused is the decision of a provider against a request.
type Refused struct {
	Code string // as in RFC 6749, such as access_denied or invalid_grant
}

// Error returns the code.
func (r *Refused) Error() string { return "login: the provider refused: " + r.Code }

// ErrNotSetUp is the error of a provider that does not accept this site's requests, so that sign-ins are impossible. The error that wraps it
// says what to change.
var ErrNotSetUp = errors.New("login: the settings of the site and of its provider do not match")

// Unregistered is the error of a provider whose app client does not have the callback of this site. The site's host is the browser's
// choice, so it may be a name that the operator never meant to serve.
type Unregistered struct{ Client, RedirectURI string }

// Error says what to register.
func (u *Unregistered) Error() string {
	return fmt.Sprintf("login: the app client %s does not have the callback %q; if that is a site of yours, add it to the client's CallbackURLs", u.Client, u.RedirectURI)
}

// Challenge returns the code_challenge of a verifier, by the method S256 (RFC 7636 section 4.2).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
