package redis

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
)

const (
	// field is the one field of an entry: a revoke.Record as JSON.
	field = "record"
	// maxMessage bounds its value in bytes. Longer records are split.
	maxMessage = 64 << 10
)

// encode writes a record down, as several messages when one would be too long: a sign-out that names many recent
// sign-ins means the same in parts. Equal records give equal messages.
func encode(r *revoke.Record) ([]string, error) {
	for _, text := range append([]string{string(r.Kind), r.Issuer, r.Name, r.Of}, r.Recent...) {
		if !utf8.ValidString(text) {
			// JSON would replace the bytes, and the message would revoke something else.
			return nil, fault.New(fault.InvalidParameter, "revocation: a name that is not UTF-8")
		}
	}
	return appendMessages(nil, *r)
}

func appendMessages(list []string, r revoke.Record) ([]string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(text) <= maxMessage {
		return append(list, string(text)), nil
	}
	if len(r.Recent) < 2 {
		return nil, fault.New(fault.InvalidParameter, "revocation: longer than %d bytes", maxMessage)
	}
	first, second := r, r
	half := len(r.Recent) / 2
	first.Recent, second.Recent = r.Recent[:half], r.Recent[half:]
	if list, err = appendMessages(list, first); err != nil {
		return nil, err
	}
	return appendMessages(list, second)
}

// decode reads an entry of the stream. Others may write there too: whatever is not a record is an error.
func decode(values map[string]any) (revoke.Record, error) {
	text, ok := values[field].(string)
	if !ok {
		return revoke.Record{}, errors.New("no field \"" + field + "\"")
	}
	if len(text) > maxMessage {
		return revoke.Record{}, fmt.Errorf("longer than %d bytes", maxMessage)
	}
	var r revoke.Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return revoke.Record{}, errors.New("not a revocation in JSON") // the cause could quote what stands there
	}
	return r, nil
}
