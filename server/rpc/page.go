package rpc

import "encoding/base64"

// PageToken returns an opaque token for the page that starts after a key; nil if the key is empty, which means that there is
// no further page.
func PageToken(after string) *string {
	if after == "" {
		return nil
	}
	return new(base64.RawURLEncoding.EncodeToString([]byte(after)))
}

// After returns the key that a PageToken was made of; "" for nil, the first page. ok is false for any other text.
func After(token *string) (key string, ok bool) {
	if token == nil {
		return "", true
	}
	text, err := base64.RawURLEncoding.DecodeString(*token)
	return string(text), err == nil && len(text) > 0
}
