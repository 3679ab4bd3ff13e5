package pages

import (
	"strings"

	"github.com/sluicegate/sluice/userpool/branding"
)

// picture is an image of the branding as the page shows it. Dark is only set if the colours follow the browser and the images differ.
type picture struct{ Src, Dark, Alt string }

func (v *view) picture(i branding.Image, alt string) picture {
	light, dark := i.Light, i.Dark
	if light == "" {
		light = dark
	}
	if dark == "" {
		dark = light
	}
	if light == "" {
		return picture{}
	}
	p := picture{Src: v.Base + light, Alt: alt}
	switch {
	case v.Style.Scheme == branding.Dark:
		p.Src = v.Base + dark
	case v.Style.Scheme == branding.Dynamic && dark != light:
		p.Dark = v.Base + dark
	}
	return p
}

// Image is an image of a category.
func (v *view) Image(category string) picture { return v.picture(v.Style.Images[category], v.Client) }

// LogoAt reports whether the form's logo stands inside or outside the box, at its top or bottom. The classic logo is in the banner.
func (v *view) LogoAt(side, end string) bool {
	l := v.Style.Options.FormLogo
	return l.Shown && !v.Classic() && l.Outside == (side == "outside") && l.Below == (end == "bottom")
}

// Monogram is the letter that represents the app when there is no logo.
func (v *view) Monogram() string {
	if v.Client == "" || v.Classic() || v.Style.Options.FormLogo.Shown || v.Style.Options.Header.Logo {
		return ""
	}
	return v.Initial(v.Client)
}

// Status is the kind of the icon above the heading of a result; "" on other pages.
func (v *view) Status() AlertKind {
	switch p := v.P.(type) {
	case Problem:
		return AlertWarning
	case Done:
		if p.What == DoneDenied || p.What == DoneSignedOut {
			return AlertInfo
		}
		return AlertSuccess
	}
	return ""
}

// Classic reports whether the page has the look and the names of the classic hosted UI.
func (v *view) Classic() bool { return v.Style.Version == 1 }

// Look is the class of the document.
func (v *view) Look() string {
	look := "managed"
	if v.Classic() {
		look = "classic"
	}
	if v.Style.Options.Compact {
		look += " compact"
	}
	return look
}

// Scheme is the colour scheme: light, dark or dynamic.
func (v *view) Scheme() string { return strings.ToLower(v.Style.Scheme) }

// ColorScheme is the scheme as browsers know it.
func (v *view) ColorScheme() string {
	if v.Style.Scheme == branding.Dynamic {
		return "light dark"
	}
	return v.Scheme()
}

// Place is the class of a place of the branding: start, center or end.
func (v *view) Place(place string) string { return strings.ToLower(place) }

// ProvidersFirst reports whether the buttons of identity providers come before the form.
func (v *view) ProvidersFirst() bool {
	for _, group := range v.Style.Options.Methods {
		for _, m := range group {
			return m.Type == "FEDERATED"
		}
	}
	return false
}

// favicon is an icon of the browser's tab.
type favicon struct{ Href, Type string }

// Favicons are the branding's icons.
func (v *view) Favicons() []favicon {
	var list []favicon
	for _, f := range []struct{ category, kind string }{{branding.FaviconICO, "image/x-icon"}, {branding.FaviconSVG, "image/svg+xml"}} {
		if src := v.Image(f.category).Src; src != "" {
			list = append(list, favicon{Href: src, Type: f.kind})
		}
	}
	return list
}
