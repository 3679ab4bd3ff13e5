package alteration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/userpool"
)

// Change is what is to change, in the words of CreateUserPool. Members that are absent stay.
type Change struct {
	PoolName              string                     // "" = keeps its name
	AliasAttributes       *[]string                  // email, phone_number, preferred_username; an empty list = none
	UsernameAttributes    *[]string                  // email, phone_number; an empty list = user names
	UsernameConfiguration *userpool.UsernameConfig   // whether upper and lower case differ in names
	Schema                []userpool.SchemaAttribute // to add, or to change: those that are not named stay
	RemoveSchema          []string                   // custom attributes by their full names
}

// maxChange is the size of the largest text of a change in bytes.
const maxChange = 1 << 20

// Read reads a change from JSON.
func Read(in io.Reader) (*Change, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxChange+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxChange {
		return nil, fmt.Errorf("the change has more than %d bytes", maxChange)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	c := new(Change)
	if err := d.Decode(c); err != nil {
		return nil, fmt.Errorf("the change: %w; it has PoolName, AliasAttributes, UsernameAttributes, UsernameConfiguration, Schema and RemoveSchema", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the change: there is data after the object")
	}
	return c, nil
}

// shortName returns the name of a schema attribute as a request of CreateUserPool has it, and whether it is custom.
func shortName(full string) (string, bool) {
	return strings.CutPrefix(strings.TrimPrefix(full, "dev:"), "custom:")
}

// apply returns the settings with the change.
func (c *Change) apply(old userpool.PoolSettings) (userpool.PoolSettings, error) {
	next := old
	if c.AliasAttributes != nil {
		next.AliasAttributes = *c.AliasAttributes
	}
	if c.UsernameAttributes != nil {
		next.UsernameAttributes = *c.UsernameAttributes
	}
	if c.UsernameConfiguration != nil {
		next.UsernameConfiguration = c.UsernameConfiguration
	}
	schema := slices.Clone(old.Schema)
	for _, name := range c.RemoveSchema {
		at := slices.IndexFunc(schema, func(a userpool.SchemaAttribute) bool { return a.Name == name })
		if _, custom := shortName(name); at < 0 || !custom {
			return next, fmt.Errorf("RemoveSchema: the pool has no custom attribute %q; write the full name, such as custom:team", name)
		}
		schema = slices.Delete(schema, at, at+1)
	}
	for i := range schema { // as a request has them
		schema[i].Name, _ = shortName(schema[i].Name)
	}
	for _, a := range c.Schema {
		name := a.Name
		a.Name, _ = shortName(name)
		developer := a.DeveloperOnlyAttribute != nil && *a.DeveloperOnlyAttribute || strings.HasPrefix(name, "dev:")
		at := slices.IndexFunc(schema, func(s userpool.SchemaAttribute) bool {
			return s.Name == a.Name && developer == (s.DeveloperOnlyAttribute != nil && *s.DeveloperOnlyAttribute)
		})
		if at < 0 {
			schema = append(schema, a)
			continue
		}
		merge(&schema[at], a)
	}
	next.Schema = schema
	return next, next.Complete(nil)
}

// merge sets what a names in the attribute s.
func merge(s *userpool.SchemaAttribute, a userpool.SchemaAttribute) {
	if a.AttributeDataType != "" {
		s.AttributeDataType = a.AttributeDataType
	}
	if a.Mutable != nil {
		s.Mutable = a.Mutable
	}
	if a.Required != nil {
		s.Required = a.Required
	}
	if a.StringAttributeConstraints != nil {
		s.StringAttributeConstraints = a.StringAttributeConstraints
	}
	if a.NumberAttributeConstraints != nil {
		s.NumberAttributeConstraints = a.NumberAttributeConstraints
	}
}
