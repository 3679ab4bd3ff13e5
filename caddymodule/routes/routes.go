package routes

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/sluicegate/sluice/config"
)

// In returns the settings of the routes in a configuration in JSON, wherever they are, in their order. Secrets, and what only a running
// gate needs, are left out. Those that decide alike, such as a matcher and the handler behind it, are one route.
func In(raw []byte) ([]config.Authorize, error) {
	var whole any
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, err
	}
	f := new(finder)
	err := f.look(whole)
	return f.routes, err
}

// finder gathers routes.
type finder struct {
	routes []config.Authorize
	seen   [][]byte
}

func (f *finder) look(value any) error {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			if err := f.look(item); err != nil {
				return err
			}
		}
	case map[string]any:
		switch v["handler"] {
		case "sluice_authorize":
			return f.add(v, "handler")
		case "sluice_forward_auth":
			return f.add(v, "handler", "gateway", "path")
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner, _ := v[name].(map[string]any)
			if inner != nil && name == "sluice_allowed" {
				if err := f.add(inner); err != nil {
					return err
				}
				continue
			}
			if provider, ok := inner["sluice"].(map[string]any); ok && name == "providers" && v["handler"] == "authentication" {
				if err := f.add(provider); err != nil {
					return err
				}
				continue
			}
			if err := f.look(v[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// notDeciding are the settings that make no difference to decisions: where they are in a file, and what is passed on and answered.
// Headers that are passed on are removed from requests before, so add keeps those of all.
var notDeciding = []string{"placeholders", "headers", "pass_authorization", "debug_header", "cors", "realm", "resource"}

// write returns settings in JSON, without some.
func write(settings map[string]any, without []string) ([]byte, error) {
	settings = maps.Clone(settings)
	for _, name := range without {
		delete(settings, name)
	}
	return json.Marshal(settings)
}

// add reads the settings of a route, without the members that are not a gate's.
func (f *finder) add(settings map[string]any, without ...string) error {
	deciding, err := write(settings, append(without, notDeciding...))
	if err != nil {
		return err
	}
	raw, err := write(settings, append(without, "placeholders"))
	if err != nil {
		return err
	}
	var a config.Authorize
	known := json.NewDecoder(bytes.NewReader(raw))
	known.DisallowUnknownFields()
	if err := known.Decode(&a); err != nil {
		return err
	}
	if i := slices.IndexFunc(f.seen, func(other []byte) bool { return bytes.Equal(deciding, other) }); i >= 0 {
		f.routes[i].Headers = append(f.routes[i].Headers, a.Headers...)
		return nil
	}
	f.seen = append(f.seen, deciding)
	if a.Login != nil && a.Login.Secret != "" {
		a.Login.Secret = "not read"
	}
	f.routes = append(f.routes, a)
	return nil
}
