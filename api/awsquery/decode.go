package awsquery

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluicegate/sluice/api"
)

// Limits on a request. AWS's lists have at most 50 elements of two members each, and nest three levels.
const (
	MaxParameters = 1000
	MaxDepth      = 16 // parts of a parameter's name
	maxIndex      = 100000
)

// MalformedError is the error for parameters that do not form an input. Its message may be sent to the client; it repeats
// names, but no values.
type MalformedError struct{ Message string }

// Error returns the message.
func (e *MalformedError) Error() string { return e.Message }

// Decode decodes the parameters of a request into a pointer to the Go struct of the structure s. It ignores unknown parameters
// and refuses repeated ones. An error is a *MalformedError.
func Decode(form url.Values, s *api.Shape, into any) error {
	if len(form) > MaxParameters {
		return &MalformedError{fmt.Sprintf("A request has at most %d parameters", MaxParameters)}
	}
	root := &node{}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := form[name]
		switch {
		case len(values) > 1:
			return &MalformedError{fmt.Sprintf("Parameter %q comes more than once", clip(name))}
		case !utf8.ValidString(name) || !utf8.ValidString(values[0]):
			return &MalformedError{"Parameters must be UTF-8"}
		case strings.Count(name, ".") >= MaxDepth:
			return &MalformedError{fmt.Sprintf("Parameter %q nests too deep", clip(name))}
		}
		root.put(strings.Split(name, "."), values[0])
	}
	return root.structure(s, reflect.ValueOf(into).Elem(), "")
}

// node is a prefix of parameter names: the value of the parameter of exactly that name, and the nodes of longer names.
type node struct {
	value string
	set   bool
	below map[string]*node
}

func (n *node) put(path []string, value string) {
	for _, part := range path {
		if n.below == nil {
			n.below = map[string]*node{}
		}
		if n.below[part] == nil {
			n.below[part] = &node{}
		}
		n = n.below[part]
	}
	n.value, n.set = value, true
}

func (n *node) structure(s *api.Shape, into reflect.Value, at string) error {
	for i := range s.Members {
		m := &s.Members[i]
		if child := n.below[m.Name]; child != nil {
			if err := child.decode(m.Shape, into.Field(m.Field), at+m.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *node) decode(s *api.Shape, into reflect.Value, at string) error {
	switch s.Kind {
	case api.List:
		return n.list(s, into, at)
	case api.Structure:
		if len(n.below) == 0 {
			return &MalformedError{fmt.Sprintf("Parameter %s is a structure", clip(at))}
		}
	default:
		if !n.set {
			return &MalformedError{fmt.Sprintf("Parameter %s is not a structure or list", clip(at))}
		}
	}
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	if s.Kind == api.Structure {
		return n.structure(s, into, at+".")
	}
	if !n.scalar(s, into) {
		return &MalformedError{fmt.Sprintf("The value of parameter %s is not %s", clip(at), nouns[s.Kind])}
	}
	return nil
}

// list decodes X.member.1, X.member.2 … in the order of their numbers, which may have gaps. X= alone is an empty list.
func (n *node) list(s *api.Shape, into reflect.Value, at string) error {
	type numbered struct {
		index int
		node  *node
	}
	var elements []numbered
	members := n.below["member"]
	if members != nil {
		for text, child := range members.below {
			index, err := strconv.ParseUint(text, 10, 32)
			if err != nil || index == 0 || index > maxIndex || text[0] == '0' {
				return &MalformedError{fmt.Sprintf("Parameter %s.member.%s: the elements of a list are numbered from 1",
					clip(at), clip(text))}
			}
			elements = append(elements, numbered{int(index), child})
		}
	} else if !n.set || n.value != "" {
		return &MalformedError{fmt.Sprintf("Parameter %s is a list", clip(at))}
	}
	slices.SortFunc(elements, func(a, b numbered) int { return cmp.Compare(a.index, b.index) })
	list := reflect.MakeSlice(into.Type(), len(elements), len(elements))
	for i, e := range elements {
		if err := e.node.decode(s.Elem, list.Index(i), fmt.Sprintf("%s.member.%d", at, e.index)); err != nil {
			return err
		}
	}
	into.Set(list)
	return nil
}

var nouns = map[api.Kind]string{
	api.String: "a string", api.Boolean: "a boolean", api.Integer: "an integer", api.Long: "an integer",
	api.Double: "a number", api.Time: "a time", api.Blob: "base64", api.Map: "a map", api.Document: "a document",
}

func (n *node) scalar(s *api.Shape, into reflect.Value) bool {
	switch s.Kind {
	case api.String:
		into.SetString(n.value)
	case api.Boolean:
		into.SetBool(n.value == "true")
		return n.value == "true" || n.value == "false"
	case api.Integer, api.Long:
		bits := map[api.Kind]int{api.Integer: 32, api.Long: 64}[s.Kind]
		v, err := strconv.ParseInt(n.value, 10, bits)
		into.SetInt(v)
		return err == nil
	case api.Double:
		v, err := strconv.ParseFloat(n.value, 64)
		into.SetFloat(v)
		return err == nil
	case api.Time:
		t, err := time.Parse(time.RFC3339, n.value)
		into.Set(reflect.ValueOf(api.Timestamp{Time: t}))
		return err == nil
	case api.Blob:
		b, err := base64.StdEncoding.Strict().DecodeString(n.value)
		into.SetBytes(b)
		return err == nil
	default:
		return false
	}
	return true
}

// clip shortens the name of a parameter in an error message.
func clip(name string) string {
	if len(name) > 100 {
		return strings.ToValidUTF8(name[:100], "") + "…"
	}
	return name
}
