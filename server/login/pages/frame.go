package pages

import (
	"net/url"
	"time"
)

// Page is one of the page structs of this package.
type Page interface {
	name() string    // of its template, and the beginning of its texts' keys
	variant() string // what the page is about, if it has several uses
}

// Frame is what all pages share. Lang, Base and Path are needed; pages with forms need CSRF.
type Frame struct {
	Lang    string        // a language that Renderer.Language returned
	Base    string        // the path of the mount: "" or "/{poolId}"
	Path    string        // the page's own path below Base, such as "/login": forms and the links of the languages lead there
	Query   url.Values    // the authorization request, which forms and links carry on; lang is left out
	CSRF    string        // the value of the hidden field _csrf
	Client  string        // the name of the app to which the user signs in; "" = not shown
	Style   Style         // the branding
	Terms   Terms         // the documents that sign-up links to
	Alert   *Alert        // what happened; nil = nothing to say
	Errors  []FieldError  // what is wrong with fields of the form
	Expires time.Duration // the time left to finish the sign-in, counted down on the page; 0 = no limit
	Sources []string      // CSP sources to which a form may redirect: Chromium applies form-action to redirects as well
}

// Alert is a message above the form.
type Alert struct {
	Kind AlertKind
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
	Use     string
	Privacy string
}

// Style is the look of a client's pages. The zero value is Sluice's own look, which follows the browser's colour scheme.
type Style struct {
	Classic   bool             // the classic hosted UI (version 1) instead of managed login (version 2)
	Scheme    string           // "light", "dark", or "dynamic", which follows the browser; "" is dynamic
	CSS       string           // URL path of the branding's stylesheet, which comes after Sluice's own; "" = none
	Images    map[string]Image // by category of asset: FORM_LOGO, PAGE_HEADER_LOGO, PAGE_FOOTER_LOGO, FAVICON_ICO, FAVICON_SVG, EMAIL_GRAPHIC …
	Icons     map[string]Image // IDP_BUTTON_ICON by the name of the provider
	Compact   bool             // spacingDensity
	Form      Position         // where the form stands on the page
	FormLogo  Logo
	Header    Bar
	Footer    Bar
	Graphics  bool // form.displayGraphics: pictures of factors (EMAIL_GRAPHIC …), if there are any
	Providers bool // identity providers stand before the form (authMethodOrder); else after it
	NoIcons   bool // idpButtons.icons.enabled is false
	NoTimer   bool // the time left is not shown
}

// Image is the URL path of an asset in both colour schemes. If one is empty, the other is used for both.
type Image struct{ Light, Dark string }

// Position is a place on the page: "start", "center" or "end" each; "" is center.
type Position struct{ Horizontal, Vertical string }

// Logo says where the form's logo stands.
type Logo struct {
	Show     bool
	Location string // "start", "center" or "end"
	Bottom   bool   // below the form
	Outside  bool   // outside the form's box
}

// Bar is the header or the footer of the page.
type Bar struct {
	Show     bool
	Logo     bool
	Location string // of the logo: "start", "center" or "end"
}
