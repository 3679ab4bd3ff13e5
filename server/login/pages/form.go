package pages

import (
	"html"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/userpool/branding"
)

// form is the beginning of a form.
type form struct {
	V             *view
	Action, Class string
	Text          Key // of its only button

	// Of forms that the script fills with a passkey.
	Use         string // get or create
	Passkey     Passkey
	Conditional bool // passkeys are offered in the browser's list of names, too
}

// Post is a form for an action.
func (v *view) Post(action, class string) form { return form{V: v, Action: action, Class: class} }

// Action is a form with one button that looks like a link and has the text action.{text}.
func (v *view) Action(text, action string) form {
	return form{V: v, Action: action, Class: "inline", Text: Key("action." + text)}
}

// PasskeyForm is a form that the script fills.
func (v *view) PasskeyForm(p Passkey, use, action, class string, text Key, conditional bool) form {
	return form{V: v, Action: action, Class: class, Text: text, Use: use, Passkey: p, Conditional: conditional}
}

// ClassicName is the name of the submit button in the classic hosted UI.
func (v *view) ClassicName() string {
	if !v.Classic() {
		return ""
	}
	switch v.P.(type) {
	case SignIn:
		return "signInSubmitButton"
	case SignUp:
		return "signUpButton"
	}
	return ""
}

// link is an address with its text.
type link struct{ Href, Text string }

// provider is the button of an identity provider.
type provider struct {
	Href, Label, Name string
	Note              string  // what else there is to say
	Shown             bool    // the icon is shown
	Icon              picture // of the branding; without it, the icon that pages have
	Class             string  // by which the classic hosted UI styles the button
}

// providers are buttons of identity providers.
type providers struct {
	Text  string // introduces them; "" without
	Links []provider
}

// social are the providers whose buttons the classic hosted UI styles apart. A pool's providers of these types have these names.
var social = []string{"Facebook", "Google", "LoginWithAmazon", "SignInWithApple"}

// ProviderGroups are the buttons of the page's identity providers. The classic hosted UI has those of a company before the social ones, and
// introduces both.
func (v *view) ProviderGroups() []providers {
	all := v.ProviderLinks()
	if !v.Classic() {
		return []providers{{Links: all}}
	}
	corporate, others := providers{Text: v.Corporate()}, providers{Text: v.T("provider.social")}
	if p, ok := v.P.(SignIn); ok && p.EmailDomain { // whose form has the text
		corporate.Text = ""
	}
	for _, p := range all {
		if slices.Contains(social, p.Name) {
			others.Links = append(others.Links, p)
		} else {
			corporate.Links = append(corporate.Links, p)
		}
	}
	return slices.DeleteFunc([]providers{corporate, others}, func(g providers) bool { return len(g.Links) == 0 })
}

// Corporate introduces what asks for a company's provider in the classic hosted UI; "" in managed login.
func (v *view) Corporate() string {
	if !v.Classic() {
		return ""
	}
	return v.T("provider.corporate")
}

// ProviderLinks are the buttons of the page's identity providers.
func (v *view) ProviderLinks() []provider {
	var given []Provider
	switch p := v.P.(type) {
	case SignIn:
		given = p.Providers
	case SignUp:
		given = p.Providers
	}
	list := make([]provider, len(given))
	for i, p := range given {
		label := p.Label
		if label == "" {
			label = p.Name
		}
		list[i] = provider{Href: v.Link("/oauth2/authorize", "identity_provider", p.Name), Label: v.T("provider", "provider", label), Name: p.Name,
			Shown: v.Style.Options.ProviderIcons, Icon: v.picture(v.Style.Icons[p.Name], ""), Class: "idpButton-customizable"}
		if slices.Contains(social, p.Name) {
			list[i].Class = "socialButton-customizable"
		}
		switch {
		case p.Down:
			list[i].Note = v.T("provider.down")
		case p.Last:
			list[i].Note = v.T("provider.last")
		}
	}
	return list
}

// rule is a line of the password rules.
type rule struct {
	Name, Text string
	Count      int
}

// Rules are the rules of the page's password policy.
func (v *view) Rules() []rule {
	var given Rules
	switch p := v.P.(type) {
	case SignUp:
		given = p.Rules
	case Reset:
		given = p.Rules
	case NewPassword:
		given = p.Rules
	}
	list := []rule{{Name: "length", Text: v.T("rules.length", "count", strconv.Itoa(given.Length)), Count: given.Length}}
	for _, r := range []struct {
		name string
		on   bool
	}{{"upper", given.Upper}, {"lower", given.Lower}, {"number", given.Number}, {"symbol", given.Symbol}} {
		if r.on {
			list = append(list, rule{Name: r.name, Text: v.T(Key("rules." + r.name))})
		}
	}
	return list
}

// TermsText is the sentence about the documents, with links.
func (v *view) TermsText() template.HTML {
	text := html.EscapeString(v.T("signup.terms"))
	a := func(href string, key Key) string {
		return `<a href="` + html.EscapeString(string(v.Outside(href))) + `" target="_blank" rel="noopener noreferrer">` + html.EscapeString(v.T(key)) + `</a>`
	}
	return template.HTML(strings.NewReplacer("{terms}", a(v.Terms.Use, "signup.use"), "{privacy}", a(v.Terms.Privacy, "signup.privacy")).Replace(text)) //nolint:gosec // everything is escaped
}

// OptionLabel is the text of an option.
func (v *view) OptionLabel(value string) string { return v.T(Key("option." + factor(value))) }

// graphic is the picture of a factor.
type graphic struct {
	Kind  string
	Image picture
}

// graphics are the branding's pictures of factors.
var graphics = map[string]string{"email": branding.EmailGraphic, "sms": branding.SMSGraphic, "app": branding.AuthAppGraphic,
	"passkey": branding.PasskeyGraphic, "password": branding.PasswordGraphic}

// Graphic is the picture of an option.
func (v *view) Graphic(value string) graphic {
	g := graphic{Kind: factor(value)}
	if v.Style.Options.Graphics {
		g.Image = v.picture(v.Style.Images[graphics[g.Kind]], "")
	}
	return g
}

// Scope describes a scope.
func (v *view) Scope(scope string) string {
	if key := Key("scope." + scope); v.Has(key) {
		return v.T(key)
	}
	return scope
}

// Grouped is the secret of an authenticator app in groups of four.
func (v *view) Grouped() string {
	p, _ := v.P.(SetUpTOTP)
	var groups []string
	for chunk := range slices.Chunk([]byte(p.Secret), 4) {
		groups = append(groups, string(chunk))
	}
	return strings.Join(groups, " ")
}
