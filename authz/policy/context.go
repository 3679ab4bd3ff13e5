package policy

import "strings"

// Values holds the values of a context key in a request: none, one or several. The zero value is an absent key.
type Values struct {
	one  string
	many []string
	n    int
}

// One returns a single value, which may be empty. It does not allocate.
func One(value string) Values { return Values{one: value, n: 1} }

// Many returns the values of a multivalued key. An empty list is an absent key. The slice must not be changed afterwards.
func Many(values []string) Values { return Values{many: values, n: len(values)} }

// Len returns the number of values; 0 means that the key is absent.
func (v Values) Len() int { return v.n }

// At returns value i of Len.
func (v Values) At(i int) string {
	if v.many == nil {
		return v.one
	}
	return v.many[i]
}

// Context looks up the context keys of a request. Lookup gets the key in lower case, tag keys included
// ("aws:principaltag/team", as FoldKey makes it), must answer the same each time during one decision, and should
// not allocate.
type Context interface {
	Lookup(key string) Values
}

// MapContext is a Context for tests and the command line. Its keys may be written in any case.
type MapContext map[string][]string

// Lookup returns the values of the key, compared without case.
func (m MapContext) Lookup(key string) Values {
	if list, ok := m[key]; ok {
		return Many(list)
	}
	for k, list := range m {
		if FoldKey(k) == key {
			return Many(list)
		}
	}
	return Values{}
}

// FoldKey returns a context key in the form in which policies compare it. Keys with the same form are equal, and so are
// the tags and claims that they name. Do not use strings.EqualFold for them: outside ASCII it differs, and one tag could
// replace another.
func FoldKey(key string) string { return strings.ToLower(key) }
