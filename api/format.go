package api

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// hidden replaces sensitive values.
const hidden = "***"

// Format returns a value as text for logs: its members by name, without nil members, and with sensitive ones replaced by "***".
// v is the shape's Go value or a pointer to it.
func Format(s *Shape, v any) string {
	var b strings.Builder
	format(&b, s, reflect.ValueOf(v))
	return b.String()
}

func format(b *strings.Builder, s *Shape, v reflect.Value) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			b.WriteString("null")
			return
		}
		v = v.Elem()
	}
	if s.Sensitive {
		b.WriteString(hidden)
		return
	}
	switch s.Kind {
	case Structure:
		b.WriteString(s.Name)
		b.WriteByte('{')
		first := true
		for i := range s.Members {
			m := &s.Members[i]
			f := v.Field(m.Field)
			if f.IsNil() {
				continue
			}
			if !first {
				b.WriteString(", ")
			}
			first = false
			b.WriteString(m.Name)
			b.WriteString(": ")
			format(b, m.Shape, f)
		}
		b.WriteByte('}')
	case List:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			format(b, s.Elem, v.Index(i))
		}
		b.WriteByte(']')
	case Map:
		formatMap(b, s, v)
	case String:
		b.WriteString(strconv.Quote(v.String()))
	case Blob:
		fmt.Fprintf(b, "(%d bytes)", v.Len())
	case Document:
		b.Write(v.Bytes())
	case Time:
		b.WriteString(v.Interface().(Timestamp).ISO8601())
	default:
		fmt.Fprint(b, v.Interface())
	}
}

func formatMap(b *strings.Builder, s *Shape, v reflect.Value) {
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		format(b, s.Key, k)
		b.WriteString(": ")
		format(b, s.Elem, v.MapIndex(k))
	}
	b.WriteByte('}')
}
