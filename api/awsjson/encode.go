package awsjson

import (
	"bytes"
	"encoding/json"
)

// Encode returns a value of the generated types as JSON: without nil members, times as seconds, blobs in base64, and without
// escapes for HTML.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// EncodeError returns the body of an error. Like AWS, it leaves an empty message out.
func EncodeError(code, message string) ([]byte, error) {
	return Encode(struct {
		Type    string `json:"__type"`
		Message string `json:"message,omitzero"`
	}{code, message})
}
