package pages

import (
	"net/url"
	"time"

	"github.com/sluicegate/sluice/userpool/branding"
)

// Page is one of the page structs of this package.
type Page interface {
	name() string    // of its template, and the beginning of its texts' keys
	variant() string // what the page is about, if it has several uses
}

// Frame is what all pages share. Lang and Base are needed; pages with forms need Path and CSRF.
type Frame struct {
	Lang    string         // a language that Renderer.Language returned
	Base    string         // the path of the mount: "" or "/{poolId}"
	Path    string         // the page's own path below Base, such as "/login": forms and the links of the languages lead there; "" on a page that cannot be asked for again, which has no links of languages
	Query   url.Values     // the authorization request, which forms and links carry on; lang is left out
	CSRF    string         // the value of the hidden field _csrf
	Client  string         // the name of the app to which the user signs in; "" = not shown
	Style   branding.Style // the branding; the zero value is Sluice's own look, which follows the browser
	Terms   Terms          // the documents that sign-up links to
	NoTimer bool           // the time left is not shown
	Alert   *Alert         // what happened; nil = nothing to say
	Errors  []FieldError   // what is wrong with fields of the form
	Expires time.Duration  // the time left to finish the sign-in, counted down on the page; 0 = no limit
	Sources []string       // CSP sources to which a form may redirect: Chromium applies form-action to redirects as well
}

// Alert is a message above the form.
type Alert struct {
	Kind AlertKind         // also decides how urgently screen readers say it
	Key  Key               // the text
	Args map[string]string // values of the text's {places}
	Text string            // a text of the operator's instead of Key, such as a trigger's error
}

// AlertKind says how an alert looks and how urgently it is announced.
type AlertKind string

// The kinds of alerts.
const (
	AlertError   AlertKind = "error"
	AlertWarning AlertKind = "warning"
	AlertSuccess AlertKind = "success"
	AlertInfo    AlertKind = "info"
)

// FieldError says what is wrong with a field. It is shown at the field, which gets the focus.
type FieldError struct {
	Field string            // the field's name in the form
	Key   Key               // the text
	Args  map[string]string // values of the text's {places}
	Text  string            // a text of the operator's instead of Key
}

// Terms are the addresses of the documents that users accept by signing up. Both are needed to be shown, as with Cognito.
type Terms struct {
	Use     string // URL of the terms of use; "" = none
	Privacy string // URL of the privacy policy; "" = none
}
