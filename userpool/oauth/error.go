package oauth

import (
	"net/url"

	"github.com/sluicegate/sluice/fault"
)

// The error codes of RFC 6749, OpenID Connect Core and RFC 8707.
const (
	InvalidRequest          = "invalid_request"
	InvalidScope            = "invalid_scope"
	InvalidTarget           = "invalid_target"
	InvalidGrant            = "invalid_grant"
	UnauthorizedClient      = "unauthorized_client"
	UnsupportedResponseType = "unsupported_response_type"
	ServerError             = "server_error"
	TemporarilyUnavailable  = "temporarily_unavailable"
	AccessDenied            = "access_denied"
	LoginRequired           = "login_required"
	ConsentRequired         = "consent_required"
	InteractionRequired     = "interaction_required"
	RequestNotSupported     = "request_not_supported"
	RequestURINotSupported  = "request_uri_not_supported"
)

// Error is an error that the protocol reports to the client.
type Error struct {
	Code        string // such as InvalidRequest
	Description string // in ASCII; "" = none
}

// Error returns the code and the description.
func (e *Error) Error() string {
	if e.Description == "" {
		return e.Code
	}
	return e.Code + ": " + e.Description
}

// OAuthCode returns the error code.
func (e *Error) OAuthCode() string { return e.Code }

// The keys of errors that are shown on a page.
const (
	KeyClient   = "client"            // client_id is not of the pool
	KeyNoClient = "no_client"         // client_id is missing
	KeyRedirect = "redirect_mismatch" // redirect_uri is missing, or not registered
	KeyProvider = "provider"          // the client has no such identity provider, or none
	KeyLogout   = "logout"            // logout_uri is not registered, or the request has no target
	KeyRequest  = "request"           // the request is malformed
	KeyExpired  = "expired"           // the pushed request is too old, or was used before
	KeyError    = "error"             // any other
	KeyState    = "state"             // an identity provider's answer belongs to no request of the browser
	KeyLate     = "late"              // the sign-in at an identity provider took too long
	KeyDown     = "provider_down"     // the identity provider does not answer
	KeyAnswer   = "provider_answer"   // an identity provider sent an unsolicited response
)

// PageError is an error that is shown on a page, since there is no registered URI to which it could go.
type PageError struct {
	Key      string // one of the Key constants, for the catalogue of texts
	Status   int    // of HTTP
	Text     string // in English
	ClientID string // as the request names it; not necessarily that of a client

	Again url.Values // the authorization request, if the user can try it again; nil if not
}

// Error returns the text.
func (e *PageError) Error() string { return "oauth: " + e.Text }

var texts = map[string]string{
	KeyClient:   "The application that sent you here is not known. Go back to it and try again.",
	KeyNoClient: "Required String parameter 'client_id' is not present",
	KeyRedirect: "The application asked to be called back at an address that is not registered for it.",
	KeyProvider: "Login option is not available. Please try another one",
	KeyLogout:   "The application asked to be called back after the sign-out at an address that is not registered for it.",
	KeyRequest:  "The request is malformed.",
	KeyExpired:  "The request has expired. Go back to the application and try again.",
	KeyError:    "An error was encountered with the requested page.",
	KeyState:    "An error was encountered with the requested page.",
	KeyLate:     "Something went wrong",
	KeyDown:     "The identity provider does not answer. Please try another login option, or this one again in a moment",
	KeyAnswer:   "Invalid samlResponse or relayState from identity provider",
}

// Shown returns the error with the key, or that of KeyError if there is no such key.
func Shown(key, clientID string) *PageError {
	text, ok := texts[key]
	if !ok {
		key, text = KeyError, texts[KeyError]
	}
	return &PageError{Key: key, Status: 400, Text: text, ClientID: clientID}
}

// Failed returns the error for a request that could not be answered for a reason that is not the sender's.
func Failed(err error) *PageError {
	e := Shown(KeyError, "")
	if e.Status = 500; fault.Is(err, fault.Unavailable) {
		e.Status = 503
	}
	return e
}

// RedirectError is an error that goes to the redirect URI of the request, which was checked.
type RedirectError struct {
	Err      Error     // code and description
	Response *Response // brings the error there
}

// Error returns the text of the error.
func (e *RedirectError) Error() string { return "oauth: " + e.Err.Error() }
