package pages

import "strings"

// picture is an image of the branding as the page shows it.
type picture struct{ Src, Dark, Alt string } // Dark is only set if the scheme follows the browser and the images differ

func (v *view) picture(i Image, alt string) picture {
	light, dark := i.Light, i.Dark
	if light == "" {
		light = dark
	}
	if dark == "" {
		dark = light
	}
	p := picture{Src: light, Alt: alt}
	switch {
	case v.Style.Scheme == "dark":
		p.Src = dark
	case v.Style.Scheme == "dynamic" && dark != light:
		p.Dark = dark
	}
	return p
}

// Image is an asset of a category.
func (v *view) Image(category string) picture { return v.picture(v.Style.Images[category], v.Client) }

// LogoAt reports whether the form's logo stands inside or outside the box, at its top or bottom.
func (v *view) LogoAt(side, end string) bool {
	l := v.Style.FormLogo
	return l.Show && !v.Style.Classic && l.Outside == (side == "outside") && l.Bottom == (end == "bottom")
}

// Look is the class of the document.
func (v *view) Look() string {
	look := "managed"
	if v.Style.Classic {
		look = "classic"
	}
	if v.Style.Compact {
		look += " compact"
	}
	return look
}

// ColorScheme is what the browser needs to know about the colours.
func (v *view) ColorScheme() string {
	if v.Style.Scheme == "dynamic" {
		return "light dark"
	}
	return v.Style.Scheme
}

// favicon is an icon of the browser's tab.
type favicon struct{ Href, Type string }

// Favicons are the branding's icons.
func (v *view) Favicons() []favicon {
	var list []favicon
	for _, f := range []struct{ category, kind string }{{"FAVICON_ICO", "image/x-icon"}, {"FAVICON_SVG", "image/svg+xml"}} {
		if src := v.Image(f.category).Src; src != "" {
			list = append(list, favicon{Href: src, Type: f.kind})
		}
	}
	return list
}

// slug makes an id of a field's name.
func slug(name string) string {
	return "field-" + strings.Trim(strings.NewReplacer("requiredAttributes[", "attribute-", "]", "", ":", "-", "_", "-").Replace(name), "-")
}
