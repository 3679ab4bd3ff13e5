package oauth

import (
	"net/url"
	"strings"
	"time"
)

// The response modes.
const (
	ModeQuery    = "query"
	ModeFragment = "fragment"
	ModeFormPost = "form_post" // OAuth 2.0 Form Post Response Mode
)

// Response is the answer to an authorization request. The browser takes it to the client's redirect URI.
type Response struct {
	Location string // where the browser goes; with Form, the action of the form that it posts
	Form     []Pair // the fields of the form; nil = a redirect

	Name string // by which the user knows the account

	Cookie       string        // the new value of the session cookie; "" keeps the old one
	CookieMaxAge time.Duration // negative deletes the cookie
}

// Pair is a parameter.
type Pair struct{ Name, Value string }

// answer returns the Response that brings the parameters to the redirect URI. Parameters without a value are left out.
func (a *Authorization) answer(parameters ...Pair) *Response {
	kept := make([]Pair, 0, len(parameters))
	for _, p := range parameters {
		if p.Value != "" {
			kept = append(kept, p)
		}
	}
	switch a.ResponseMode {
	case ModeFormPost:
		return &Response{Location: a.RedirectURI, Form: kept}
	case ModeFragment:
		return &Response{Location: a.RedirectURI + "#" + encode(kept)}
	}
	separator := "?"
	if strings.Contains(a.RedirectURI, "?") {
		separator = "&"
	}
	return &Response{Location: a.RedirectURI + separator + encode(kept)}
}

// refuse returns the error that goes to the redirect URI, with the members in Cognito's order.
func (a *Authorization) refuse(code, description string) *RedirectError {
	return &RedirectError{Err: Error{code, description}, Response: a.answer(Pair{"error_description", description},
		Pair{"state", a.State}, Pair{"error", code}, Pair{"iss", a.iss})}
}

// encode returns the parameters as a query, in their order.
func encode(parameters []Pair) string {
	var b strings.Builder
	for i, p := range parameters {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.Value))
	}
	return b.String()
}
