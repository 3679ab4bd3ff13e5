package policy

import "strings"

// Values is what a request says about a context key: nothing, one value, or several. The zero value is an absent key.
type Values struct {
	one  string
	many []string
	n    int
}

// One is a key with a single value, which may be empty. It does not allocate.
func One(value string) Values { return Values{one: value, n: 1} }

// Many is a multivalued key. An empty list is the same as an absent key. The slice must not change afterwards.
func Many(values []string) Values { return Values{many: values, n: len(values)} }

// Len is the number of values; 0 means absent.
func (v Values) Len() int { return v.n }

// At returns value i of Len.
func (v Values) At(i int) string {
	if v.many == nil {
		return v.one
	}
	return v.many[i]
}

// Context answers for the context keys of a request. Lookup gets the key in lower case, tag keys included
// ("aws:principaltag/team", as FoldKey makes it), must answer the same each time during one decision, and should
// not allocate.
type Context interface {
	Lookup(key string) Values
}

// MapContext is a Context for tests and the command line. Its keys may be written in any case.
type MapContext map[string][]string

// Lookup finds the key without regard to case.
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

// FoldKey is a context key as policies compare it: keys of one folding are one key, and so are the tags and claims that they
// name. strings.EqualFold is of another opinion beyond ASCII; by it one tag could stand in for another that no condition
// takes it for.
func FoldKey(key string) string { return strings.ToLower(key) }
