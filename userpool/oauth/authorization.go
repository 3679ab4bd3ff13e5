package oauth

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

// The response types.
const (
	TypeCode  = "code"
	TypeToken = "token" // the implicit flow
)

// Local is the name of the provider for users with a password, or another factor, of the pool itself.
const Local = "COGNITO"

// The values of prompt.
const (
	PromptNone          = "none"
	PromptLogin         = "login"
	PromptConsent       = "consent"
	PromptSelectAccount = "select_account"
)

// Authorization is a checked authorization request.
type Authorization struct {
	Pool   *userpool.Pool   // as the request found it; must not be changed
	Client *userpool.Client // of the pool

	RedirectURI   string   // registered for the client
	RedirectGiven bool     // the request has it; else it is the client's default
	ResponseType  string   // TypeCode or TypeToken
	ResponseMode  string   // query, fragment or form_post
	State         string   // goes back to the client as it came; "" for none
	Nonce         string   // goes into the ID token as it came; "" for none
	Scopes        []string // that the client may have; at least one
	Challenge     string   // of PKCE, S256; "" for none
	Resource      string   // RFC 8707; the aud of the access token; "" for none

	Provider  string   // the identity provider that the request chooses; "" leaves it to the user
	LoginHint string   // login_hint: the name that the page fills in
	Lang      string   // Cognito's lang, such as "de"; "" leaves it to the browser
	Prompt    []string // values of prompt, OpenID Connect Core 1.0 section 3.1.2.1; nil for none
	MaxAge    *int     // seconds since the user signed in, max_age; nil for any
	Acr       []string // acr_values as they are
	Levels    []int    // of acr_values, those that are known: the first that the user can reach is demanded

	Subject string // the user whom the client expects, from id_token_hint; "" for any

	// AsksConsent says that the caller asks the user before the app gets the answer, if NeedsConsent reports so.
	AsksConsent bool

	// Visit is where the browser is, for the session; the caller may set it.
	Visit userpool.Visit
	// Account is the id of an Account that the user chose, for Resume; "" = none.
	Account string

	iss string // of RFC 9207; "" for none
}

// Prompts reports whether prompt has the value.
func (a *Authorization) Prompts(value string) bool { return slices.Contains(a.Prompt, value) }

// OpenID reports whether the scope openid was granted, which brings an ID token.
func (a *Authorization) OpenID() bool { return slices.Contains(a.Scopes, "openid") }

// Refuse returns an error that goes to the redirect URI. Its text may be anything; characters that OAuth 2.0 does not allow are left out.
func (a *Authorization) Refuse(code, description string) *RedirectError {
	return a.refuse(printable(code, maxCode), printable(description, maxDescription))
}

// Limits of the texts of foreign errors, in bytes.
const (
	maxCode        = 64
	maxDescription = 1024
)

// printable returns the characters of a text that an error of RFC 6749 section 4.1.2.1 may have.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, text)
	return text[:min(len(text), most)]
}

// NeedsConsent reports whether the user must allow what the request asks for. Operators vouch for the clients that they made; a client that
// registered itself could be anyone's, and a link to it would be enough to have a code of the signed-in user.
func (a *Authorization) NeedsConsent() bool {
	return a.Client.Settings.ClientType == userpool.ClientDCR
}

// Deny returns the error for a user who does not allow it.
func (a *Authorization) Deny() *RedirectError { return a.refuse(AccessDenied, "") }

// Fail returns the error for a request that could not be answered because of err, which is not the client's.
func (a *Authorization) Fail(err error) *RedirectError {
	if fault.Is(err, fault.Unavailable) {
		return a.refuse(TemporarilyUnavailable, "")
	}
	return a.refuse(ServerError, "")
}
