package seal

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// hidden is what a Secret shows wherever it is printed or encoded.
const hidden = "[secret]"

// Secret is a string that must not show: every format verb, slog, encoding/json and text encoders print "[secret]", or
// nothing for the empty one. The text is behind a pointer because fmt calls no methods on unexported fields and would
// print it; so a struct holding a Secret is safe to print too. Compare with Equal: == does not compile.
type Secret struct {
	_    [0]func()
	text *string
}

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text. Calling it is the only way to it, so a search for the name finds every use.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares in time that depends on the lengths only.
func (s Secret) Equal(t Secret) bool { return s.EqualString(t.Reveal()) }

// EqualString compares with a text in time that depends on the lengths only.
func (s Secret) EqualString(text string) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(text)) == 1
}

// String hides the text.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return hidden
}

// GoString hides the text.
func (s Secret) GoString() string { return "seal.Secret(" + s.String() + ")" }

// Format hides the text from every verb, %x and %d included.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	_, _ = io.WriteString(f, text) // fmt.State keeps what it is given; it has no failure to report
}

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the text from encoders, encoding/json among them.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON hides the text.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }
