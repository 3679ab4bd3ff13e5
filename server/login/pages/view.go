package pages

import (
	"html"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sluicegate/sluice/userpool/branding"
)

// view is what templates see: the frame, the page, and methods for texts, links and parts of forms.
type view struct {
	Frame
	P               Page
	Body            template.HTML // what the page's own template wrote
	CSSPath, JSPath string
	texts           catalogue
	all             *catalogues
	fields          []*field // those that the page has shown
	focused         bool     // a field has the focus
}

func (r *Renderer) view(in Frame, page Page) *view {
	texts, ok := r.texts.texts[in.Lang]
	if !ok {
		in.Lang, texts = english, r.texts.texts[english]
	}
	if in.Style.Version == 0 {
		in.Style = own
	}
	return &view{Frame: in, P: page, CSSPath: in.Base + r.css, JSPath: in.Base + r.script, texts: texts, all: r.texts}
}

// own is Sluice's own look.
var own = branding.Style{Version: 2, Scheme: branding.Dynamic, Options: branding.Options{
	Graphics: true, ProviderIcons: true, Methods: [][]branding.Method{{{Type: "FEDERATED", Button: true}, {Type: "USERNAME_PASSWORD"}}},
}}

// Dir is the direction of the language.
func (v *view) Dir() string { return direction(v.Lang) }

// Key returns the key of a text of the page, or of its variant.
func (v *view) Key(part string) Key {
	key := v.P.name()
	if variant := v.P.variant(); variant != "" {
		key += "." + variant
	}
	return Key(key + "." + part)
}

// Title is the page's heading.
func (v *view) Title() string { return v.T(v.Key("title")) }

// To says which app the user signs in to; "" on pages that do not say so.
func (v *view) To() template.HTML {
	switch v.P.(type) {
	case SignIn, SignUp, Accounts:
		if v.Client != "" {
			return v.H("to", "app", v.Client)
		}
	}
	return ""
}

// Submit is the text of the page's main button.
func (v *view) Submit() Key {
	switch p := v.P.(type) {
	case SignIn:
		if !p.Password {
			return "signin.next"
		}
	case Forgot, SetUpContact:
		return "send"
	case Code, UserCode:
		return "continue"
	}
	return v.Key("submit")
}

// T returns a text. Pairs of a place's name and its value follow the key.
func (v *view) T(key Key, pairs ...string) string {
	text, ok := v.texts[key]
	if !ok {
		return string(key)
	}
	return fill(text, pairs)
}

func fill(text string, pairs []string) string {
	replace := make([]string, len(pairs))
	for i := range pairs {
		replace[i] = pairs[i]
		if i%2 == 0 {
			replace[i] = "{" + pairs[i] + "}"
		}
	}
	return strings.NewReplacer(replace...).Replace(text)
}

// Has reports whether there is a text.
func (v *view) Has(key Key) bool {
	_, ok := v.texts[key]
	return ok
}

// H is T with each value in a bdi element, so that a name keeps its direction within the text's.
func (v *view) H(key Key, pairs ...string) template.HTML {
	safe := make([]string, len(pairs))
	for i := range pairs {
		safe[i] = pairs[i]
		if i%2 == 1 {
			safe[i] = "<bdi>" + html.EscapeString(pairs[i]) + "</bdi>"
		}
	}
	return template.HTML(fill(html.EscapeString(v.T(key)), safe)) //nolint:gosec // the text and the values are escaped
}

// message returns the text of an alert or of a field's error.
func (v *view) message(key Key, args map[string]string, text string) template.HTML {
	if text != "" {
		return template.HTML(html.EscapeString(text)) //nolint:gosec // escaped
	}
	pairs := make([]string, 0, 2*len(args))
	for name, value := range args {
		pairs = append(pairs, name, value)
	}
	return v.H(key, pairs...)
}

// AlertText is the text of the frame's alert.
func (v *view) AlertText() template.HTML { return v.message(v.Alert.Key, v.Alert.Args, v.Alert.Text) }

// Failed reports whether the page shows an error, which its title then says.
func (v *view) Failed() bool {
	return len(v.Errors) > 0 || v.Alert != nil && v.Alert.Kind == AlertError
}

// Summary lists the fields with errors if there are several.
func (v *view) Summary() []*field {
	var invalid []*field
	for _, f := range v.fields {
		if f.Error != "" {
			invalid = append(invalid, f)
		}
	}
	if len(invalid) < 2 {
		return nil
	}
	return invalid
}

// App is the name of the app, or a general word for it.
func (v *view) App() string {
	if v.Client != "" {
		return v.Client
	}
	return v.T("app")
}

// SentTo says where a code went, or that it went somewhere if there is an account.
func (v *view) SentTo(page Key, destination string) template.HTML {
	if destination == "" {
		return v.H(page + ".anywhere")
	}
	return v.H(page+".text", "destination", destination)
}

// Initial is the letter of a name's avatar.
func (v *view) Initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(name, "+@ "))
	if r == utf8.RuneError || !unicode.IsGraphic(r) {
		return "?"
	}
	return string(unicode.ToUpper(r))
}

// Link returns the address of a page below the mount, with the frame's query and more parameters as pairs.
func (v *view) Link(path string, pairs ...string) string {
	query := make(url.Values, len(v.Query)+1)
	for name, values := range v.Query {
		if name != "lang" {
			query[name] = values
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	if len(query) == 0 {
		return v.Base + path
	}
	return v.Base + path + "?" + query.Encode()
}

// Here is the address of the page itself, to which forms are sent.
func (v *view) Here() string { return v.Link(v.Path) }

// Outside is the address of an app, which may have its own scheme. Schemes that run scripts are ignored.
func (v *view) Outside(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "javascript" || u.Scheme == "data" || u.Scheme == "vbscript" {
		return "#"
	}
	return template.URL(u.String()) //nolint:gosec // the caller gives addresses that are registered, and the scheme is checked
}

// other is a language that the page can be shown in.
type other struct {
	Lang, Dir, Name, Href string
	Current               bool
}

// Languages lists the languages with their own names.
func (v *view) Languages() []other {
	list := make([]other, len(v.all.names))
	for i, name := range v.all.names {
		list[i] = other{Lang: name, Dir: direction(name), Name: v.all.texts[name]["language"], Href: v.Link(v.Path, "lang", name), Current: name == v.Lang}
	}
	return list
}

// Timed reports whether the page counts the time that is left.
func (v *view) Timed() bool { return v.Expires > 0 && !v.NoTimer }

// Seconds is the time left for the sign-in, in whole seconds.
func (v *view) Seconds() string { return strconv.Itoa(int(v.Expires / time.Second)) }
