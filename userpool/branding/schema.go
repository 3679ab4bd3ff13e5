package branding

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/strictjson"
)

// defaults is the document that Describe merges with, with every key that settings may have.
//
//go:embed defaults.json
var defaults []byte

// rule says what a value of the settings may be. Exactly one field is set, or none for a color.
type rule struct {
	members map[string]*rule // of an object
	values  *rule            // of an object with names of identity providers
	items   *rule            // of a list
	choices []string         // of a string
	number  bool
	flag    bool
	text    bool // any short string
}

// schema is the rule of the whole document. It follows the default values: eight hexadecimal digits are a color, and any other
// string has an entry in choices.
var schema = func() *rule {
	root, err := strictjson.Parse(defaults)
	if err != nil {
		panic("branding: defaults.json: " + err.Error()) // a test reads it first
	}
	return ruleOf(root, "")
}()

// choices are the values of strings that are no colors, by path.
var choices = map[string][]string{
	"categories.form.location.horizontal":                places,
	"categories.form.location.vertical":                  places,
	"categories.form.sessionTimerDisplay":                nil,
	"categories.global.colorSchemeMode":                  {Light, Dark, Dynamic},
	"categories.global.spacingDensity":                   {"REGULAR", "COMPACT"},
	"categories.auth.federation.interfaceStyle":          {"BUTTON_LIST"},
	"categories.auth.authMethodOrder[][].display":        {"BUTTON", "INPUT"},
	"categories.auth.authMethodOrder[][].type":           {"FEDERATED", "USERNAME_PASSWORD"},
	"categories.signUp.acceptanceElements[].textKey":     nil,
	"categories.signUp.acceptanceElements[].enforcement": nil,
	"components.favicon.enabledTypes[]":                  {"ICO", "SVG"},
	"components.form.logo.formInclusion":                 {"IN", "OUT"},
	"components.form.logo.location":                      places,
	"components.form.logo.position":                      {"TOP", "BOTTOM"},
	"components.pageFooter.logo.location":                places,
	"components.pageHeader.logo.location":                places,
	"components.phoneNumberSelector.displayType":         nil,
}

var places = []string{"START", "CENTER", "END"}

var color = regexp.MustCompile(`\A[0-9a-fA-F]{8}\z`)

func ruleOf(n *strictjson.Node, path string) *rule {
	switch n.Kind {
	case strictjson.Object:
		r := &rule{members: map[string]*rule{}}
		for _, m := range n.Members {
			r.members[m.Key] = ruleOf(m.Value, strings.TrimPrefix(path+"."+m.Key, "."))
		}
		if path == "components.idpButton" {
			r.members["custom"] = &rule{values: r.members["standard"]}
		}
		return r
	case strictjson.List:
		if len(n.Items) == 0 {
			return &rule{items: &rule{text: true}}
		}
		return &rule{items: ruleOf(n.Items[0], path+"[]")}
	case strictjson.Number:
		return &rule{number: true}
	case strictjson.Bool:
		return &rule{flag: true}
	default:
	}
	if color.MatchString(n.Text) {
		return &rule{}
	}
	list, known := choices[path]
	if !known {
		panic("branding: choices lacks " + path)
	}
	return &rule{choices: list, text: list == nil}
}

// Limits of what the schema leaves open.
const (
	maxRadius    = 1000
	maxItems     = 50  // of a list, and identity providers with settings of their own
	maxText      = 128 // characters
	maxDocument  = 256 << 10
	maxProviders = maxItems
)

// checkSettings checks a document of settings.
func checkSettings(raw json.RawMessage) error {
	if len(raw) > maxDocument {
		return fault.New(fault.InvalidParameter, "Settings must not be larger than %d bytes.", maxDocument)
	}
	root, err := strictjson.Parse(raw)
	if err == nil {
		err = root.Duplicate()
	}
	if err != nil {
		return fault.New(fault.InvalidParameter, "Settings is not valid JSON: %s.", err.Message)
	}
	return schema.check(root, "")
}

func (r *rule) check(n *strictjson.Node, path string) error {
	wrong := func(format string, args ...any) error {
		if path == "" {
			path = "the document"
		}
		return fault.New(fault.InvalidParameter, "Settings: %s %s.", path, fmt.Sprintf(format, args...))
	}
	switch {
	case r.members != nil || r.values != nil:
		if n.Kind != strictjson.Object {
			return wrong("must be an object")
		}
		return r.checkMembers(n, path)
	case r.items != nil:
		if n.Kind != strictjson.List || len(n.Items) > maxItems {
			return wrong("must be a list of at most %d values", maxItems)
		}
		for i, item := range n.Items {
			if err := r.items.check(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case r.number:
		if v, err := strconv.ParseFloat(n.Text, 64); n.Kind != strictjson.Number || err != nil || v < 0 || v > maxRadius {
			return wrong("must be a number from 0 to %d", maxRadius)
		}
	case r.flag:
		if n.Kind != strictjson.Bool {
			return wrong("must be true or false")
		}
	case n.Kind != strictjson.String:
		return wrong("must be a string")
	case r.text:
		if utf8.RuneCountInString(n.Text) > maxText {
			return wrong("must have at most %d characters", maxText)
		}
	case r.choices != nil:
		if !slices.Contains(r.choices, n.Text) {
			return wrong("must be one of %s", strings.Join(r.choices, ", "))
		}
	case !color.MatchString(n.Text):
		return wrong("must be a color of eight hexadecimal digits: RRGGBBAA")
	}
	return nil
}

func (r *rule) checkMembers(n *strictjson.Node, path string) error {
	if r.values != nil && len(n.Members) > maxProviders {
		return fault.New(fault.InvalidParameter, "Settings: %s must have at most %d members.", path, maxProviders)
	}
	for _, m := range n.Members {
		full, inner := strings.TrimPrefix(path+"."+m.Key, "."), r.members[m.Key]
		if r.values != nil {
			inner = r.values
		}
		if inner == nil {
			return fault.New(fault.InvalidParameter, "Settings: %.100q is not a known key; the keys are %s.", full,
				strings.Join(slices.Sorted(maps.Keys(r.members)), ", "))
		}
		if err := inner.check(m.Value, full); err != nil {
			return err
		}
	}
	return nil
}
