package api

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Violations are the messages for the constraints that an input violates, in AWS's words. They contain values that the client
// sent, except for sensitive ones.
type Violations []string

// Error returns the messages in one text, as AWS sends it.
func (v Violations) Error() string {
	plural := "s"
	if len(v) == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d validation error%s detected: %s", len(v), plural, strings.Join(v, "; "))
}

// maxViolations is the most messages that Validate returns.
const maxViolations = 100

// Validate checks v, a pointer to the Go struct of the structure s, against the model: required members, lengths, ranges,
// enumerations and patterns, at every depth and in the alphabetical order of the members. It returns nil or Violations.
func Validate(s *Shape, v any) error { return checker{}.run(s, v) }

// ValidateTersely is Validate with the messages of IAM: they show no values, and for a list of texts all constraints of its
// elements.
func ValidateTersely(s *Shape, v any) error { return checker{terse: true}.run(s, v) }

func (c checker) run(s *Shape, v any) error {
	c.structure("", s, reflect.ValueOf(v).Elem())
	if len(c.found) == 0 {
		return nil
	}
	return c.found
}

type checker struct {
	found Violations
	terse bool
}

func (c *checker) structure(path string, s *Shape, v reflect.Value) {
	for i := range s.Members {
		if len(c.found) >= maxViolations {
			return
		}
		m := &s.Members[i]
		f, at := v.Field(m.Field), path+lowerFirst(m.Name)
		if !f.IsNil() {
			c.value(at, m.Shape, f)
		} else if m.Required {
			c.found = append(c.found, "Value null at '"+at+"' failed to satisfy constraint: Member must not be null")
		}
	}
}

// value checks a member that is not nil.
func (c *checker) value(at string, s *Shape, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	broken := s.broken(v)
	switch s.Kind {
	case Structure:
		c.structure(at+".", s, v)
		return
	case List:
		if s.Elem.Kind == Structure || s.Elem.Kind == List || s.Elem.Kind == Map {
			for i := 0; i < v.Len() && len(c.found) < maxViolations; i++ {
				c.value(at+"."+strconv.Itoa(i+1)+".member", s.Elem, v.Index(i))
			}
		} else if inner := brokenInside(s.Elem, v.Len(), v.Index); inner != "" {
			if c.terse {
				inner = s.Elem.constraints()
			}
			broken = append(broken, "Member must satisfy constraint: "+inner)
		}
	case Map:
		broken = append(broken, c.entries(at, s, v)...)
	default: // a value without others inside
	}
	for _, constraint := range broken {
		shown := ""
		if !c.terse {
			shown = quoted(s, v)
		}
		c.found = append(c.found, "Value "+shown+"at '"+at+"' failed to satisfy constraint: "+constraint)
	}
}

// entries checks the keys and values of a map, in the order of the keys.
func (c *checker) entries(at string, s *Shape, v reflect.Value) (broken []string) {
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	if inner := brokenInside(s.Key, len(keys), func(i int) reflect.Value { return keys[i] }); inner != "" {
		broken = append(broken, "Map keys must satisfy constraint: "+inner)
	}
	if s.Elem.Kind == Structure || s.Elem.Kind == List || s.Elem.Kind == Map {
		for _, k := range keys {
			c.value(at+"."+k.String()+".member", s.Elem, v.MapIndex(k))
		}
		return broken
	}
	if inner := brokenInside(s.Elem, len(keys), func(i int) reflect.Value { return v.MapIndex(keys[i]) }); inner != "" {
		broken = append(broken, "Map value must satisfy constraint: "+inner)
	}
	return broken
}

// brokenInside returns the constraints that any of n elements violates, each once and in brackets; "" if there are none. As at
// AWS, the message shows the whole list and not which element it was.
func brokenInside(s *Shape, n int, element func(int) reflect.Value) string {
	var all []string
	for i := range n {
		for _, constraint := range s.broken(element(i)) {
			if !slices.Contains(all, constraint) {
				all = append(all, constraint)
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// constraints returns all constraints of a text in the order and the brackets of IAM's messages. Those of a text with a pattern end
// with the one that it must not be null.
func (s *Shape) constraints() string {
	var all []string
	if s.HasMax {
		all = append(all, fmt.Sprintf("Member must have length less than or equal to %d", s.Max))
	}
	if s.HasMin {
		all = append(all, fmt.Sprintf("Member must have length greater than or equal to %d", s.Min))
	}
	if s.Pattern != nil {
		all = append(all, "Member must satisfy regular expression pattern: "+s.Pattern.Source, "Member must not be null")
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// broken returns the constraints that v itself, without its contents, violates: bounds first, then enumeration and pattern.
func (s *Shape) broken(v reflect.Value) (texts []string) {
	noun, n := "length", int64(0)
	switch s.Kind {
	case String:
		n = int64(utf8.RuneCountInString(v.String()))
	case Blob, List, Map:
		n = int64(v.Len())
	case Integer, Long:
		noun, n = "value", v.Int()
	default:
		return nil
	}
	if s.HasMin && n < s.Min {
		texts = append(texts, fmt.Sprintf("Member must have %s greater than or equal to %d", noun, s.Min))
	}
	if s.HasMax && n > s.Max {
		texts = append(texts, fmt.Sprintf("Member must have %s less than or equal to %d", noun, s.Max))
	}
	if s.Enum != nil && !slices.Contains(s.Enum, v.String()) {
		texts = append(texts, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
	if s.Pattern != nil && !s.Pattern.Match(v.String()) {
		texts = append(texts, "Member must satisfy regular expression pattern: "+s.Pattern.Source)
	}
	return texts
}

// quoted returns a value as messages show it, followed by a space; "" if it must not be shown.
func quoted(s *Shape, v reflect.Value) string {
	if s.hides() {
		return ""
	}
	return "'" + text(s, v) + "' "
}

// hides reports whether the shape or anything in it is sensitive.
func (s *Shape) hides() bool {
	return s.Sensitive || s.Elem != nil && s.Elem.hides() || s.Key != nil && s.Key.hides() ||
		slices.ContainsFunc(s.Members, func(m Member) bool { return m.Shape.hides() })
}

// text returns a value as Java's toString does, which AWS's messages show.
func text(s *Shape, v reflect.Value) string {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch s.Kind {
	case List:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = text(s.Elem, v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Map:
		parts := make([]string, 0, v.Len())
		for _, k := range v.MapKeys() {
			parts = append(parts, k.String()+"="+text(s.Elem, v.MapIndex(k)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case Structure:
		return Format(s, v.Interface())
	case Blob:
		return fmt.Sprintf("java.nio.HeapByteBuffer[pos=0 lim=%d cap=%[1]d]", v.Len())
	default:
		return fmt.Sprint(v.Interface())
	}
}

func lowerFirst(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}
