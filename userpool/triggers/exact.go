package triggers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// decode decodes JSON into what v points to. Unlike encoding/json, it matches names of members by their exact case, as functions see
// them. Of a repeated member the last counts.
func decode(data []byte, v any) error {
	return json.Unmarshal(exact(data, reflect.TypeOf(v).Elem()), v)
}

// exact removes the members of JSON objects that are not fields of the type. It leaves other values as they are, for
// encoding/json to judge.
func exact(data []byte, t reflect.Type) []byte {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var members map[string]json.RawMessage
	if t.Kind() != reflect.Struct || json.Unmarshal(data, &members) != nil || members == nil {
		return data
	}
	kept := make(map[string]json.RawMessage, t.NumField())
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		name = cmp.Or(name, field.Name)
		if value, ok := members[name]; ok && !field.Anonymous {
			kept[name] = exact(value, field.Type)
		}
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return nil // cannot happen: the values are JSON
	}
	return data
}

// wellFormed replaces invalid UTF-8 and escapes of lone surrogates in JSON by U+FFFD, as encoding/json does for texts.
func wellFormed(data json.RawMessage) json.RawMessage {
	data = bytes.ToValidUTF8(data, []byte("\ufffd"))
	var out []byte
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			out = append(out, data[i])
			continue
		}
		size := 2
		if data[i+1] == 'u' {
			size = 6
		}
		switch first := unit(data[i:]); {
		case first>>10 == 0x36 && unit(data[i+size:])>>10 == 0x37: // a pair
			size = 12
			out = append(out, data[i:i+size]...)
		case first>>11 == 0x1b: // a lone surrogate
			out = append(out, `\ufffd`...)
		default:
			out = append(out, data[i:i+size]...)
		}
		i += size - 1
	}
	return out
}

// unit returns the UTF-16 code unit of an escape such as \ud83d at the start of valid JSON, or 0.
func unit(data []byte) uint64 {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return n
}
