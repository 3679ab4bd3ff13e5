package triggers

import (
	"encoding/json"
	"fmt"
)

// texts is a map of texts in a function's answer. An entry with null is none, and a number or a boolean is the text that JSON has for
// it, because functions write {code: 123456} and {tenant: user.tenant ?? null} without a thought for types. A list or an object is
// an error.
type texts map[string]string

// UnmarshalJSON implements json.Unmarshaler. null is no map.
func (t *texts) UnmarshalJSON(data []byte) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	*t = nil
	if values != nil {
		*t = make(texts, len(values))
	}
	for name, value := range values {
		text, ok, err := textOf(value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if ok {
			(*t)[name] = text
		}
	}
	return nil
}

// textOf returns the text of a scalar in JSON. ok is false for null.
func textOf(value json.RawMessage) (text string, ok bool, err error) {
	switch value[0] {
	case 'n':
		return "", false, nil
	case '"', '[', '{': // the latter two are errors
		err = json.Unmarshal(value, &text)
		return text, true, err
	}
	return string(value), true, nil
}
