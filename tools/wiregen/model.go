package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// model is api-2.json as far as Sluice reads it.
type model struct {
	Metadata struct {
		APIVersion   string
		TargetPrefix string
		Protocol     string
		XMLNamespace string
	}
	Operations map[string]*operation
	Shapes     map[string]*shape
}

type ref struct {
	Shape         string
	ResultWrapper string
	LocationName  string
	Flattened     bool
}

type operation struct {
	Name     string
	Input    *ref
	Output   *ref
	Errors   []ref
	AuthType string
}

type shape struct {
	Type      string
	Required  []string
	Members   map[string]ref
	Member    *ref
	Key       *ref
	Value     *ref
	Enum      []string
	Min       *int64
	Max       *int64
	Pattern   *string
	Sensitive *bool
	Document  bool
	Exception bool
	Fault     bool
	Flattened bool
	Error     *struct {
		Code           string
		HTTPStatusCode int
	}
}

// load reads a model and applies the overlay, if there is one.
func load(modelFile, overlayFile string) (*model, error) {
	m, err := read(modelFile, false)
	if err != nil {
		return nil, err
	}
	over, err := read(overlayFile, true)
	if errors.Is(err, fs.ErrNotExist) {
		return m, m.check()
	}
	if err != nil {
		return nil, err
	}
	m.overlay(over)
	return m, m.check()
}

// read reads a file. strict refuses unknown fields: in our own files they are mistakes.
func read(file string, strict bool) (*model, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	dec := json.NewDecoder(f)
	if strict {
		dec.DisallowUnknownFields()
	}
	var m model
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &m, nil
}

func (m *model) overlay(over *model) {
	for name, o := range over.Operations {
		if was := m.Operations[name]; was != nil {
			was.merge(o)
		} else {
			m.Operations[name] = o
		}
	}
	for name, s := range over.Shapes {
		if was := m.Shapes[name]; was != nil {
			was.merge(s)
		} else {
			m.Shapes[name] = s
		}
	}
}

func (o *operation) merge(over *operation) {
	o.Errors = append(o.Errors, over.Errors...)
	if over.Input != nil {
		o.Input = over.Input
	}
	if over.Output != nil {
		o.Output = over.Output
	}
	if over.AuthType != "" {
		o.AuthType = over.AuthType
	}
}

func (s *shape) merge(over *shape) {
	for name, r := range over.Members {
		s.Members[name] = r
	}
	if !slices.ContainsFunc(s.Enum, func(v string) bool { return !slices.Contains(over.Enum, v) }) {
		s.Enum = nil // another order
	}
	s.Enum = append(s.Enum, over.Enum...)
	if over.Type != "" {
		s.Type = over.Type
	}
	if over.Required != nil {
		s.Required = over.Required
	}
	if over.Min != nil {
		s.Min = over.Min
	}
	if over.Max != nil {
		s.Max = over.Max
	}
	if over.Pattern != nil {
		s.Pattern = over.Pattern
	}
	if over.Sensitive != nil {
		s.Sensitive = over.Sensitive
	}
}

// check reports references to missing shapes, repeated values, and traits that this tool does not support.
func (m *model) check() error {
	for name, s := range m.Shapes {
		for _, r := range s.refs() {
			if m.Shapes[r.Shape] == nil {
				return fmt.Errorf("shape %s refers to %s, which is not there", name, r.Shape)
			}
		}
		for _, required := range s.Required {
			if _, ok := s.Members[required]; !ok {
				return fmt.Errorf("shape %s requires %s, which it does not have", name, required)
			}
		}
		if len(slices.Compact(slices.Sorted(slices.Values(s.Enum)))) != len(s.Enum) {
			return fmt.Errorf("shape %s repeats a value", name)
		}
	}
	return nil
}

func (s *shape) refs() (all []ref) {
	for _, r := range s.Members {
		all = append(all, r)
	}
	for _, r := range []*ref{s.Member, s.Key, s.Value} {
		if r != nil {
			all = append(all, *r)
		}
	}
	return all
}

// prune removes the operations that are not in only (nil keeps all) and every shape that no remaining operation uses.
func (m *model) prune(only []string) error {
	if only != nil {
		kept := map[string]*operation{}
		for _, name := range only {
			if kept[name] = m.Operations[name]; kept[name] == nil {
				return fmt.Errorf("no operation %s in the model", name)
			}
		}
		m.Operations = kept
	}
	reached := map[string]*shape{}
	var reach func(string) error
	reach = func(name string) error {
		s := m.Shapes[name]
		switch {
		case s == nil:
			return fmt.Errorf("no shape %s", name)
		case reached[name] != nil:
			return nil
		}
		reached[name] = s
		for _, r := range s.refs() {
			if r.LocationName != "" || r.Flattened || s.Flattened {
				return fmt.Errorf("shape %s: a locationName or flattened, which the codecs do not know", name)
			}
			if err := reach(r.Shape); err != nil {
				return err
			}
		}
		return nil
	}
	for name, o := range m.Operations {
		if o.Name != name || o.Input == nil {
			return fmt.Errorf("operation %s: no name or no input", name)
		}
		for _, r := range append([]ref{*o.Input}, o.Errors...) {
			if err := reach(r.Shape); err != nil {
				return err
			}
		}
		if o.Output != nil {
			if err := reach(o.Output.Shape); err != nil {
				return err
			}
		}
	}
	m.Shapes = reached
	return nil
}
