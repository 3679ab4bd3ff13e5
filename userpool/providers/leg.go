package providers

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Question is what a user's sign-in asks of a provider, and what must be known when the answer comes. Its JSON is kept, sealed, until
// then.
type Question struct {
	Base  string    // the URL of the pool's domain, without a slash at its end
	State string    // goes to the provider as state or RelayState, and comes back
	Asked time.Time // when the user went to the provider

	// What the client and the login page want the provider to know.
	LoginHint string
	Lang      string
	Prompt    []string
	Acr       []string // values of acr_values that the provider knows
	MaxAge    *int     // seconds since the user signed in there; nil = any

	// Unsolicited says that nothing was asked: the provider began the sign-in.
	Unsolicited bool

	// What Ask draws and Read compares.
	Nonce     string
	Verifier  string // of PKCE
	RequestID string // of SAML
	Issuer    string // that the answer must name, RFC 9207; "" = it need not name one
}

// NotBefore returns the earliest time at which the user may have signed in at the provider. It returns false if any will do.
func (q *Question) NotBefore() (time.Time, bool) {
	switch {
	case q.ForcesSignIn():
		return q.Asked, true
	case q.MaxAge != nil:
		return q.Asked.Add(-time.Duration(*q.MaxAge) * time.Second), true
	}
	return time.Time{}, false
}

// ForcesSignIn reports whether the user must sign in at the provider although they may be signed in there.
func (q *Question) ForcesSignIn() bool { return slices.Contains(q.Prompt, "login") }

// Leg is the way to ask providers of some types. Its methods may be called from any goroutine.
type Leg interface {
	// Ask returns where the browser goes to sign in at the provider. It sets the last members of the question.
	Ask(ctx context.Context, p *Provider, q *Question) (location string, err error)
	// Read checks the answer to a question, as the parameters of the query or form that the browser brings.
	Read(ctx context.Context, p *Provider, q *Question, answer url.Values) (*Proof, error)
}

// Refusal is an error that is returned to the client. Errors of legs of any other kind are internal.
type Refusal struct {
	Code        string // of OAuth 2.0, such as invalid_request
	Description string // error_description; "" = none
	Down        bool   // the provider does not answer
	Sub         string // of the user who is refused; "" = not known
	Cause       error  // for the log; may be nil
}

// Error returns the code, the description and the cause.
func (r *Refusal) Error() string {
	text := "providers: " + r.Code + ": " + r.Description
	if r.Cause != nil {
		text += ": " + r.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Details that Cognito does not have.
const (
	AuthMethod = "token_endpoint_auth_method" // how the client authenticates; "" is client_secret_post, as Cognito does
	SendNonce  = "send_nonce"                 // false: the provider refuses a nonce
	SendPKCE   = "send_pkce"                  // false: the provider refuses a code_challenge
)

// Several returns the values of an attribute that has several as one text: [a,b], each as in a form.
//
// Source: the developer guide, "Mapping IdP attributes to profiles and tokens".
func Several(values []string) string {
	encoded := make([]string, len(values))
	for i, value := range values {
		encoded[i] = strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(value), "~", "%7E"), "%2A", "*")
	}
	return "[" + strings.Join(encoded, ",") + "]"
}
