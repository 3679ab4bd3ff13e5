package awsjson

import (
	"bytes"
	"encoding/json"
)

// Encode writes a value of the generated types: members that are nil left out, times as seconds, blobs in base64, and no
// character escaped for HTML's sake.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// EncodeError writes the body of an error. An empty message is left out, as AWS does.
func EncodeError(code, message string) ([]byte, error) {
	return Encode(struct {
		Type    string `json:"__type"`
		Message string `json:"message,omitzero"`
	}{code, message})
}
