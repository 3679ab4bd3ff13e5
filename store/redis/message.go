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
	// field is the only field of an entry. Its value is a revoke.Record as JSON.
	field = "record"
	// maxMessage is the maximum length of the value in bytes. Longer records are split.
	maxMessage = 64 << 10
)

// encode returns a record as one message, or as several if one would be too long: a sign-out that names many recent
// sign-ins can be split. Equal records give equal messages. encode returns fault.InvalidParameter for a record that
// cannot be encoded.
func encode(r *revoke.Record) ([]string, error) {
	for _, text := range append([]string{string(r.Kind), r.Issuer, r.Name}, r.Recent...) {
		if !utf8.ValidString(text) {
			// JSON would replace the invalid bytes, and the message would revoke something else.
			return nil, fault.New(fault.InvalidParameter, "revocation: a name is not valid UTF-8")
		}
	}
	return appendMessages(nil, *r)
}

// appendMessages appends the messages of r to list.
func appendMessages(list []string, r revoke.Record) ([]string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(text) <= maxMessage {
		return append(list, string(text)), nil
	}
	if len(r.Recent) < 2 {
		return nil, fault.New(fault.InvalidParameter, "revocation: the record is longer than %d bytes", maxMessage)
	}
	first, second := r, r
	half := len(r.Recent) / 2
	first.Recent, second.Recent = r.Recent[:half], r.Recent[half:]
	if list, err = appendMessages(list, first); err != nil {
		return nil, err
	}
	return appendMessages(list, second)
}

// decode returns the record of an entry. It fails if the entry is not a record, because other programs may write to the
// stream.
func decode(values map[string]any) (revoke.Record, error) {
	text, ok := values[field].(string)
	if !ok {
		return revoke.Record{}, errors.New("the entry has no field \"" + field + "\"")
	}
	if len(text) > maxMessage {
		return revoke.Record{}, fmt.Errorf("the entry is longer than %d bytes", maxMessage)
	}
	var r revoke.Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return revoke.Record{}, errors.New("the entry is not a revocation in JSON") // the cause could quote the entry
	}
	return r, nil
}
