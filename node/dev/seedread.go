package dev

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/strictjson"
)

var documentType = reflect.TypeFor[Document]()

// named are the members that errors of the node name things by, and the words before them.
var named = map[reflect.Type]struct{ member, word string }{
	reflect.TypeFor[SeedPool](): {"id", "user_pool"}, reflect.TypeFor[SeedClient](): {"id", "client"}, reflect.TypeFor[SeedGroup](): {"name", "group"},
	reflect.TypeFor[SeedUser](): {"username", "user"}, reflect.TypeFor[SeedIdentityPool](): {"id", "identity_pool"}, reflect.TypeFor[SeedRole](): {"name", "role"},
}

// read reads a value into a field; what is its name in errors. It refuses members that the type does not have.
func (s *Seed) read(n *strictjson.Node, into reflect.Value, what string) error {
	if into.Type() == documentType {
		return s.readDocument(n, into, what)
	}
	wrong := func(want string) error { return s.at(n.Offset, fmt.Errorf("%s is %s, not %s", what, want, n.Kind)) }
	switch into.Kind() {
	case reflect.Struct:
		if n.Kind != strictjson.Object {
			return wrong("an object")
		}
		return s.readStruct(n, into, what)
	case reflect.Map:
		if n.Kind != strictjson.Object {
			return wrong("an object")
		}
		into.Set(reflect.MakeMap(into.Type()))
		for _, m := range n.Members {
			value := reflect.New(into.Type().Elem()).Elem()
			if err := s.read(m.Value, value, m.Key); err != nil {
				return err
			}
			into.SetMapIndex(reflect.ValueOf(m.Key), value)
		}
	case reflect.Slice:
		if n.Kind != strictjson.List {
			return wrong("a list")
		}
		into.Set(reflect.MakeSlice(into.Type(), len(n.Items), len(n.Items)))
		for i, item := range n.Items {
			if err := s.read(item, into.Index(i), "an entry of "+what); err != nil {
				return err
			}
		}
	case reflect.String:
		if n.Kind != strictjson.String {
			return wrong("a string")
		}
		into.SetString(n.Text)
	case reflect.Bool:
		if n.Kind != strictjson.Bool {
			return wrong("true or false")
		}
		into.SetBool(n.Text == "true")
	default: // *int
		v, err := strconv.Atoi(n.Text)
		if n.Kind != strictjson.Number || err != nil {
			return wrong("a whole number")
		}
		into.Set(reflect.ValueOf(&v))
	}
	return nil
}

func (s *Seed) readStruct(n *strictjson.Node, into reflect.Value, what string) error {
	fields := map[string]reflect.Value{}
	var known []string
	for i := range into.NumField() {
		field := into.Type().Field(i)
		name := field.Tag.Get("json")
		switch {
		case name == ",inline":
			for j := range field.Type.NumField() {
				inner := field.Type.Field(j).Tag.Get("json")
				fields[inner], known = into.Field(i).Field(j), append(known, inner)
			}
		case name != "" && name != "-":
			fields[name], known = into.Field(i), append(known, name)
		}
	}
	for _, m := range n.Members {
		field, ok := fields[m.Key]
		if !ok {
			if near := config.Nearest(m.Key, known); near != "" {
				return s.at(m.Offset, fmt.Errorf("%s has no member %q; did you mean %s?", what, m.Key, near))
			}
			return s.at(m.Offset, fmt.Errorf("%s has no member %q; its members are %s", what, m.Key, strings.Join(known, ", ")))
		}
		if err := s.read(m.Value, field, m.Key); err != nil {
			return err
		}
	}
	if name, ok := named[into.Type()]; ok {
		return s.note(n, fields, name.member, name.word)
	}
	return nil
}

// note notes where a name is. Everything in a list has one.
func (s *Seed) note(n *strictjson.Node, fields map[string]reflect.Value, member, word string) error {
	value := fields[member].String()
	if value == "" {
		return s.at(n.Offset, fmt.Errorf("this %s has no %q; add it", strings.ReplaceAll(word, "_", " "), member))
	}
	for _, m := range n.Members {
		if m.Key == member {
			s.words = append(s.words, offset{word + " " + value, m.Offset}, offset{strings.ReplaceAll(word, "_", " ") + " " + value, m.Offset})
		}
	}
	return nil
}

func (s *Seed) readDocument(n *strictjson.Node, into reflect.Value, what string) error {
	if n.Kind != strictjson.Object {
		return s.at(n.Offset, fmt.Errorf("%s is an object, not %s", what, n.Kind))
	}
	into.Set(reflect.ValueOf(Document{Text: s.text[n.Offset:n.End:n.End], offset: n.Offset}))
	return nil
}
