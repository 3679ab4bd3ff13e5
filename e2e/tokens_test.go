package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// keyID is the kid of a token.
func keyID(t testing.TB, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Kid string }
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}

// flip changes one character in the middle of a token's signature.
func flip(token string) string {
	at := (strings.LastIndexByte(token, '.') + len(token)) / 2
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:]
}

// dropQuery removes a parameter from a URL and leaves the rest as it is.
func dropQuery(raw, name string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	var kept []string
	for _, pair := range strings.Split(u.RawQuery, "&") {
		if !strings.HasPrefix(pair, name+"=") {
			kept = append(kept, pair)
		}
	}
	u.RawQuery = strings.Join(kept, "&")
	return u.String()
}
