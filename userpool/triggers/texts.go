package triggers

import (
	"encoding/json"
	"errors"
)

// texts are a map of texts in a response. Functions return numbers and booleans there, too: these are taken as their texts. A member that is
// null is left out.
type texts map[string]string

// UnmarshalJSON refuses objects and lists.
func (t *texts) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	if members == nil {
		*t = nil
		return nil
	}
	*t = make(texts, len(members))
	for name, value := range members {
		text := string(value)
		switch value[0] {
		case 'n':
			continue
		case '{', '[':
			return errors.New("triggers: an object or a list in a map of texts")
		case '"':
			if err := json.Unmarshal(value, &text); err != nil {
				return err
			}
		}
		(*t)[name] = text
	}
	return nil
}
