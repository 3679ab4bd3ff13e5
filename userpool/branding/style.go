package branding

// Style is how the login pages of an app client look. It must not be changed.
//
// Paths are below the place where the pages of the pool are served: "" at a domain, or "/" and the pool's id.
type Style struct {
	Version    int    // 1 is the classic look, 2 is managed login
	Scheme     string // Light, Dark, or Dynamic to follow the browser
	Stylesheet string // the path of a style sheet that comes after the pages' own; "" if there is none

	Images  map[string]Image // by category, such as FormLogo
	Icons   map[string]Image // of buttons of identity providers, by provider
	Options Options          // how the parts of the pages are arranged

	css string // see Sheet
}

// Image is the path of an image for each color scheme. An image for one scheme only has an empty path for the other.
type Image struct{ Light, Dark string }

// The color schemes.
const (
	Light   = "LIGHT"
	Dark    = "DARK"
	Dynamic = "DYNAMIC"
)

// The categories of images. The classic logo is a FormLogo. Backgrounds are not in Style.Images: the style sheet names them.
const (
	FaviconICO           = "FAVICON_ICO"
	FaviconSVG           = "FAVICON_SVG"
	EmailGraphic         = "EMAIL_GRAPHIC"
	SMSGraphic           = "SMS_GRAPHIC"
	AuthAppGraphic       = "AUTH_APP_GRAPHIC"
	PasswordGraphic      = "PASSWORD_GRAPHIC"
	PasskeyGraphic       = "PASSKEY_GRAPHIC"
	PageHeaderLogo       = "PAGE_HEADER_LOGO"
	PageHeaderBackground = "PAGE_HEADER_BACKGROUND"
	PageFooterLogo       = "PAGE_FOOTER_LOGO"
	PageFooterBackground = "PAGE_FOOTER_BACKGROUND"
	PageBackground       = "PAGE_BACKGROUND"
	FormBackground       = "FORM_BACKGROUND"
	IDPButtonIcon        = "IDP_BUTTON_ICON"
	FormLogo             = "FORM_LOGO"
)

// Options are what the pages arrange. Places are "START", "CENTER" or "END".
type Options struct {
	Horizontal, Vertical string // where the form is on the page
	Compact              bool   // less space between the parts of a form
	Graphics             bool   // show pictures for methods, such as EmailGraphic
	LanguageSelector     bool   // users may choose the language
	Header, Footer       Bar    // each hidden by default
	FormLogo             Logo   // hidden by default
	ProviderIcons        bool   // show icons on the buttons of identity providers

	// Methods are the ways to sign in, in the order in which the page offers them: groups, each divided from the next.
	Methods [][]Method
	// Providers are names of identity providers, in the order of their buttons. Providers that are missing come last.
	Providers []string
}

// Bar is the header or the footer of a page.
type Bar struct {
	Shown bool   // else the other fields do not count
	Logo  bool   // shows PageHeaderLogo or PageFooterLogo
	Place string // of the logo: "START", "CENTER" or "END"
}

// Logo is the logo of the form.
type Logo struct {
	Shown   bool   // else the other fields do not count
	Place   string // "START", "CENTER" or "END"
	Below   bool   // below the form's content, and not above it
	Outside bool   // outside of the form's box
}

// Method is a way to sign in.
type Method struct {
	Type   string // "USERNAME_PASSWORD" or "FEDERATED"
	Button bool   // a button, and not fields
}

// defaultOptions returns what applies if the settings say nothing.
func defaultOptions() Options {
	return Options{
		Horizontal: "CENTER", Vertical: "CENTER", Graphics: true, ProviderIcons: true,
		Header: Bar{Place: "START"}, Footer: Bar{Place: "START"}, FormLogo: Logo{Place: "CENTER"},
		Methods: [][]Method{{{Type: "FEDERATED", Button: true}, {Type: "USERNAME_PASSWORD"}}},
	}
}
