package branding

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/store"
)

// mount represents the path of the pool's pages in a sheet. No sheet contains it otherwise.
const mount = "\x00"

// Sheet returns the style sheet for pages that are served below a path: "" or "/" and the pool's id.
func (s *Style) Sheet(path string) string { return strings.ReplaceAll(s.css, mount, path) }

// hashOf returns the hash by which browsers cache something.
func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// dressed sets the sheet of a style and its path.
func (s *Style) dressed(css, clientID string) *Style {
	if s.css = css; css != "" {
		s.Stylesheet = Path + clientID + "/" + hashOf([]byte(css)) + ".css"
	}
	return s
}

// Path is where style sheets and images are, below the place of a pool's pages.
const Path = "/brand/"

// imagePath returns the path of an image.
func imagePath(hash, extension string) string {
	return Path + hash + "." + strings.ToLower(extension)
}

// managed returns the style of managed login with the settings and images.
func managed(settings json.RawMessage, assets []store.BrandingAsset, clientID string) (*Style, error) {
	d, err := parseDocument(settings)
	if err != nil {
		return nil, err
	}
	s := &Style{Version: 2, Scheme: d.text(Light, "categories", "global", "colorSchemeMode"), Options: d.options(),
		Images: map[string]Image{}, Icons: map[string]Image{}}
	favicons := d.favicons()
	for _, a := range assets {
		into, key := s.Images, a.Category
		switch {
		case a.Category == IDPButtonIcon:
			into, key = s.Icons, a.ResourceID
		case favicons[a.Category]:
			continue
		}
		into[key] = into[key].with(a.ColorMode, imagePath(a.Hash, a.Extension))
	}
	return s.dressed(d.sheet(s), clientID), nil
}

// favicons returns the categories of favicons that are turned off.
func (d document) favicons() map[string]bool {
	list, given := d.at("components", "favicon", "enabledTypes").([]any)
	return map[string]bool{
		FaviconICO: given && !slices.Contains(list, any("ICO")),
		FaviconSVG: given && !slices.Contains(list, any("SVG")),
	}
}

// with sets the path of one scheme, or fills those of both that have none of their own.
func (i Image) with(mode, path string) Image {
	switch mode {
	case Light:
		i.Light = path
	case Dark:
		i.Dark = path
	default:
		if i.Light == "" {
			i.Light = path
		}
		if i.Dark == "" {
			i.Dark = path
		}
	}
	return i
}

// backgrounds are the categories of images that the sheet names, with the setting that turns each on, and its default.
var backgrounds = []struct {
	category, property string
	setting            []string
	shown              bool
}{
	{FormBackground, "form-background-image", []string{"components", "form", "backgroundImage", "enabled"}, false},
	{PageBackground, "page-background-image", []string{"components", "pageBackground", "image", "enabled"}, true},
	{PageFooterBackground, "page-footer-background-image", []string{"components", "pageFooter", "backgroundImage", "enabled"}, false},
	{PageHeaderBackground, "page-header-background-image", []string{"components", "pageHeader", "backgroundImage", "enabled"}, false},
}

// sheet returns custom properties for the values that the settings set: one for each key, named by its path. The selector is more
// specific than those of the pages' own sheet.
func (d document) sheet(s *Style) string {
	var both, light, dark strings.Builder
	for _, b := range backgrounds {
		image := s.Images[b.category]
		delete(s.Images, b.category)
		if !d.flag(b.shown, b.setting...) {
			continue
		}
		if image.Light != "" {
			fmt.Fprintf(&light, "--brand-%s:url(%s%s);", b.property, mount, image.Light)
		}
		if image.Dark != "" {
			fmt.Fprintf(&dark, "--brand-%s:url(%s%s);", b.property, mount, image.Dark)
		}
	}
	for _, part := range []string{"componentClasses", "components"} {
		members, _ := d[part].(map[string]any)
		properties(members, "-", func(mode, name, value string) {
			to := &both
			switch mode {
			case "lightMode":
				to = &light
			case "darkMode":
				to = &dark
			}
			to.WriteString("--brand" + name + ":" + value + ";")
		}, "")
	}
	const selector = ":root:root:root{"
	css := ""
	add := func(before, rules, after string) {
		if rules != "" {
			css += before + selector + strings.TrimSuffix(rules, ";") + "}" + after
		}
	}
	add("", both.String(), "")
	switch s.Scheme {
	case Dark:
		add("", dark.String(), "")
	case Dynamic:
		add("", light.String(), "")
		add("@media(prefers-color-scheme:dark){", dark.String(), "}")
	default:
		add("", light.String(), "")
	}
	return css
}

// properties calls each for the colors and radii among the members, in the order of their keys. Settings of single identity
// providers have no property.
func properties(members map[string]any, name string, each func(mode, name, value string), mode string) {
	for _, key := range slices.Sorted(maps.Keys(members)) {
		inner, innerMode := name+kebab(key)+"-", mode
		switch key {
		case "lightMode", "darkMode":
			inner, innerMode = name, key
		case "defaults":
			inner = name
		case "custom":
			continue
		}
		switch v := members[key].(type) {
		case map[string]any:
			properties(v, inner, each, innerMode)
		case json.Number:
			if f, err := v.Float64(); err == nil {
				each(innerMode, strings.TrimSuffix(inner, "-"), strconv.FormatFloat(f, 'f', -1, 64)+"px")
			}
		case string:
			if color.MatchString(v) {
				each(innerMode, strings.TrimSuffix(inner, "-"), "#"+strings.ToLower(v))
			}
		}
	}
}

// kebab writes a key as a part of a property's name: borderColor becomes border-color.
func kebab(key string) string {
	var b strings.Builder
	for _, c := range key {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('-')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}
