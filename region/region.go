package region

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Any represents every region, as the last name of New.
const Any = "any"

// maxName is the longest name of a region, in characters. User pools API: RegionNameType.
const maxName = 32

// IsName reports whether a text has the form of a region's name: groups of lower-case letters and then a number, joined by
// hyphens, such as us-east-1 and us-gov-west-1.
func IsName(text string) bool {
	if len(text) > maxName {
		return false
	}
	head, number, found := cutLast(text)
	if !found || !all(number, '0', '9') {
		return false
	}
	groups := 0
	for group := range strings.SplitSeq(head, "-") {
		if groups == 0 && len(group) < 2 || !all(group, 'a', 'z') {
			return false
		}
		groups++
	}
	return groups > 1
}

func cutLast(text string) (head, tail string, found bool) {
	i := strings.LastIndexByte(text, '-')
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// all reports whether a text is not empty and has only characters from low to high.
func all(text string, low, high byte) bool {
	for i := range len(text) {
		if text[i] < low || text[i] > high {
			return false
		}
	}
	return text != ""
}

// OfID returns the region in the id of a user pool, an identity pool or an identity; "" if it has none.
func OfID(id string) string {
	if i := strings.IndexAny(id, "_:"); i >= 0 {
		return id[:i]
	}
	return ""
}

// Set is the regions that a process is. The zero Set has none. A Set never changes.
type Set struct {
	names []string
	any   bool
}

// New returns the Set of a default region and others, the last may be Any.
func New(first string, others ...string) (Set, error) {
	s := Set{names: []string{first}}
	for i, name := range others {
		switch {
		case name == Any && i == len(others)-1:
			s.any = true
		case slices.Contains(s.names, name):
			return Set{}, fmt.Errorf("%s is named twice; remove one of them", name)
		default:
			s.names = append(s.names, name)
		}
	}
	for _, name := range s.names {
		if name == Any {
			return Set{}, fmt.Errorf("%q means all other regions; write it last", Any)
		}
		if !IsName(name) {
			return Set{}, fmt.Errorf("%q is not a region; write one such as us-east-1", name)
		}
	}
	return s, nil
}

// Only returns the Set of one region; the zero Set if the name is no region's.
func Only(name string) Set {
	s, _ := New(name) // the error says what the zero Set shows
	return s
}

// IsZero reports whether the Set has no region.
func (s Set) IsZero() bool { return len(s.names) == 0 }

// First returns the default region: that of calls that name none.
func (s Set) First() string {
	if s.IsZero() {
		return ""
	}
	return s.names[0]
}

// Names returns the regions that New was given by name, the first one first.
func (s Set) Names() []string { return slices.Clone(s.names) }

// Several reports whether there is more than one region.
func (s Set) Several() bool { return s.any || len(s.names) > 1 }

// Has reports whether a region is in the Set.
func (s Set) Has(name string) bool { return slices.Contains(s.names, name) || s.any && IsName(name) }

// Others returns what decides on regions that Names does not list; nil if there are no others.
func (s Set) Others() func(name string) bool {
	if s.any {
		return IsName
	}
	return nil
}

// Of returns the region of the resource with an id. It is the only region of a Set that has one.
func (s Set) Of(id string) string {
	if s.Several() {
		return OfID(id)
	}
	return s.First()
}

// Serves reports whether the process serves the resource with an id.
func (s Set) Serves(id string) bool { return !s.Several() || s.Has(OfID(id)) }

// Finds reports whether a call with the context finds the resource with an id: the process serves it, and it belongs to the
// region that the call names, if it names one.
func (s Set) Finds(ctx context.Context, id string) bool {
	if !s.Several() {
		return true
	}
	of, called := OfID(id), From(ctx)
	return s.Has(of) && (called == "" || called == of)
}

// Called returns the region that a call with the context is for.
func (s Set) Called(ctx context.Context) string {
	if name := From(ctx); name != "" && s.Several() {
		return name
	}
	return s.First()
}

type key struct{}

// With returns a context of a call for a region.
func With(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, key{}, name)
}

// From returns the region that a call names; "" if it names none.
func From(ctx context.Context) string {
	name, _ := ctx.Value(key{}).(string)
	return name
}
