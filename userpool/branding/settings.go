package branding

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// document is a document of settings. Numbers are json.Number, so that they stay as they were written.
type document map[string]any

func parseDocument(raw json.RawMessage) (document, error) {
	if len(raw) == 0 {
		return document{}, nil
	}
	d := document{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("branding: reading settings: %w", err)
	}
	return d, nil
}

// merge returns the settings over base: objects member by member, and everything else as a whole.
func merge(base, over json.RawMessage) (json.RawMessage, error) {
	if len(over) == 0 {
		return base, nil
	}
	below, err := parseDocument(base)
	if err != nil {
		return nil, err
	}
	above, err := parseDocument(over)
	if err != nil {
		return nil, err
	}
	mergeInto(below, above)
	return json.Marshal(below)
}

func mergeInto(below, above map[string]any) {
	for key, value := range above {
		outer, ok := below[key].(map[string]any)
		inner, nested := value.(map[string]any)
		if ok && nested {
			mergeInto(outer, inner)
			continue
		}
		below[key] = value
	}
}

// at returns the value at a path, or nil.
func (d document) at(path ...string) any {
	var v any = map[string]any(d)
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// flag returns a boolean, or otherwise.
func (d document) flag(otherwise bool, path ...string) bool {
	if v, ok := d.at(path...).(bool); ok {
		return v
	}
	return otherwise
}

// text returns a string, or otherwise.
func (d document) text(otherwise string, path ...string) string {
	if v, ok := d.at(path...).(string); ok {
		return v
	}
	return otherwise
}

// options returns what the settings say to the pages.
func (d document) options() Options {
	o := defaultOptions()
	o.Horizontal = d.text(o.Horizontal, "categories", "form", "location", "horizontal")
	o.Vertical = d.text(o.Vertical, "categories", "form", "location", "vertical")
	o.Compact = d.text("REGULAR", "categories", "global", "spacingDensity") == "COMPACT"
	o.Graphics = d.flag(o.Graphics, "categories", "form", "displayGraphics")
	o.LanguageSelector = d.flag(false, "categories", "form", "languageSelector", "enabled")
	o.ProviderIcons = d.flag(o.ProviderIcons, "componentClasses", "idpButtons", "icons", "enabled")
	o.Header, o.Footer = d.bar("pageHeader"), d.bar("pageFooter")
	logo := []string{"components", "form", "logo"}
	o.FormLogo = Logo{
		Shown:   d.flag(false, append(logo, "enabled")...),
		Place:   d.text("CENTER", append(logo, "location")...),
		Below:   d.text("TOP", append(logo, "position")...) == "BOTTOM",
		Outside: d.text("IN", append(logo, "formInclusion")...) == "OUT",
	}
	if groups, ok := d.at("categories", "auth", "authMethodOrder").([]any); ok {
		o.Methods = methods(groups)
	}
	if order, ok := d.at("categories", "auth", "federation", "order").([]any); ok {
		for _, name := range order {
			if name, ok := name.(string); ok {
				o.Providers = append(o.Providers, name)
			}
		}
	}
	return o
}

func (d document) bar(component string) Bar {
	return Bar{
		Shown: d.flag(false, "categories", "global", component, "enabled"),
		Logo:  d.flag(false, "components", component, "logo", "enabled"),
		Place: d.text("START", "components", component, "logo", "location"),
	}
}

func methods(groups []any) [][]Method {
	var all [][]Method
	for _, group := range groups {
		var list []Method
		items, _ := group.([]any)
		for _, item := range items {
			m := document{"m": item}
			list = append(list, Method{Type: m.text("", "m", "type"), Button: m.text("", "m", "display") == "BUTTON"})
		}
		if list != nil {
			all = append(all, list)
		}
	}
	return all
}
