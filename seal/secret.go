package seal

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// hidden is what a Secret prints as.
const hidden = "[secret]"

// Secret is a string that is not shown: all format verbs, slog, encoding/json and text encoders print "[secret]", or nothing if
// the string is empty. A struct that contains a Secret is safe to print too: the string is behind a pointer, because fmt does
// not call methods of unexported fields. Compare secrets with Equal; == does not compile.
type Secret struct {
	_    [0]func()
	text *string
}

// NewSecret returns a Secret with the given text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text. It is the only way to get the text, so a search for calls finds all uses.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal reports whether s and t have the same text. Its time depends only on the lengths.
func (s Secret) Equal(t Secret) bool { return s.EqualString(t.Reveal()) }

// EqualString reports whether s has the given text. Its time depends only on the lengths.
func (s Secret) EqualString(text string) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(text)) == 1
}

// String returns "[secret]", or "" for the empty secret.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return hidden
}

// GoString implements fmt.GoStringer without showing the text.
func (s Secret) GoString() string { return "seal.Secret(" + s.String() + ")" }

// Format implements fmt.Formatter without showing the text for any verb, including %x and %d.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	_, _ = io.WriteString(f, text) // writing to a fmt.State does not fail
}

// LogValue implements slog.LogValuer without showing the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler without showing the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON implements json.Marshaler without showing the text.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }
