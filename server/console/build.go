package console

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/console/pages"
)

// This file has what pages are built of.

// maxItems is how many rows a list has. It is the most that user pools' lists return at a time.
const maxItems = 60

// text returns values for a text, none for "".
func text(parts ...string) []pages.Value {
	var out []pages.Value
	for _, p := range parts {
		if p != "" {
			out = append(out, pages.Value{Text: p})
		}
	}
	return out
}

// codes returns values for identifiers.
func codes(parts ...string) []pages.Value {
	out := text(parts...)
	for i := range out {
		out[i].Look = pages.Code
	}
	return out
}

func link(name, href string) pages.Value { return pages.Value{Text: name, Href: href} }

func when(t *api.Timestamp) pages.Value {
	if t == nil {
		return pages.Value{}
	}
	return pages.Value{When: t.Time}
}

// times returns values for a time, none for nil.
func times(t *api.Timestamp) []pages.Value {
	if t == nil {
		return nil
	}
	return []pages.Value{when(t)}
}

// onOff is a setting that is on or off.
func onOff(on *bool) []pages.Value {
	if api.Value(on) {
		return []pages.Value{{Text: "on", Look: pages.Good}}
	}
	return []pages.Value{{Text: "off", Look: pages.Calm}}
}

// count is a number, "" for nil.
func count(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// attached is a number of roles.
func attached(n *int) string {
	if api.Value(n) == 1 {
		return "1 role"
	}
	return count(n) + " roles"
}

// grouped is a number with spaces between its thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// pairs are the entries of a map as facts.
func pairs(m map[string]string) []pages.Value {
	var out []pages.Value
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, pages.Value{Text: name + " = " + m[name]})
	}
	return out
}

// crumbs are the links above a title: to the list, and to what the page belongs to.
func crumbs(parts ...string) []pages.Link {
	var out []pages.Link
	for i := 0; i+1 < len(parts); i += 2 {
		out = append(out, pages.Link{Text: parts[i], Href: parts[i+1]})
	}
	return out
}

// part returns a section, or one that says why there is none. Only what the caller may not see, or what a pool has not, is left out: other
// errors fail the page.
func part(s pages.Section, err error) (pages.Section, error) {
	switch fault.KindOf(err) {
	case fault.AccessDenied, fault.UserPoolAddOnNotEnabled, fault.FeatureUnavailableInTier, fault.InvalidUserPoolConfiguration, fault.OperationNotEnabled:
		if err != nil {
			_, message := statusOf(err)
			return pages.Section{ID: s.ID, Title: s.Title, Empty: message}, nil
		}
	default:
	}
	return s, err
}

// next sets the links of a table to other pages of its list.
func next(v *visit, t *pages.Table, token *string, query ...string) {
	if name := v.query.Get("region"); name != "" {
		query = append(query, "region", name)
	}
	if v.query.Get("next") != "" {
		t.First = to(v.at, query...)
	}
	if api.Value(token) != "" {
		t.Next = to(v.at, append(query, "next", *token)...)
	}
}

// choice is a field for one of the options. If they are not all that there are, what identifies them is typed instead.
func choice(field pages.Field, what string, options []pages.Option, all bool) []pages.Field {
	if all {
		field.Type, field.Options = "select", options
	} else {
		field.Required, field.Hint = true, "Type "+what+": there is no complete list to choose from."
	}
	return []pages.Field{field}
}

// regions are links to a list in the regions of the process, none if it has one.
func (v *visit) regions() []pages.Fact {
	if !v.h.o.Regions.Several() {
		return nil
	}
	f := pages.Fact{Name: "Region"}
	for _, name := range v.h.o.Regions.Names() {
		if name == v.region() {
			f.Values = append(f.Values, pages.Value{Text: name})
			continue
		}
		f.Values = append(f.Values, link(name, to(v.at, "region", name)))
	}
	return []pages.Fact{f}
}

// token is the token of the page of a list that the query asks for.
func (v *visit) token() *string { return api.Optional(v.query.Get("next")) }

// here is the address of the page, with the parameters that are named.
func (v *visit) here(parameters ...string) string {
	var query []string
	for _, name := range parameters {
		query = append(query, name, v.query.Get(name))
	}
	return to(v.at, query...)
}

// need returns a parameter of the address, or a fault if it is missing or too long.
func (v *visit) need(name string) (string, error) {
	value := v.query.Get(name)
	if value == "" || len(value) > 2048 {
		return "", fault.New(fault.ResourceNotFound, "There is no such page.")
	}
	return value, nil
}

// ago says how long ago a time was.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// lower is a constant of an API in words: FORCE_CHANGE_PASSWORD becomes "force change password".
func lower(constant string) string { return strings.ToLower(strings.ReplaceAll(constant, "_", " ")) }
