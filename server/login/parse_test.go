package login

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluicegate/sluice/server/csrf"
)

func TestPhoneNumbersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"+49 (30) 1234-567": "+49301234567", "0049 30 1234567": "+49301234567", "+1.415.555.0100": "+14155550100", "030/123": "030123", "": "", "ada": "ada",
	} {
		if got := phone(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestClipLeavesWholeCharacters(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"abc": "abc", "abcdef": "abcd", "abcé": "abc", "ééé": "éé", "a😀b": "a", "": ""} {
		if got := clip(in, 4); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzForms parses bodies, and what people type into the fields.
func FuzzForms(f *testing.F) {
	f.Add("a=1&b=%20&a=2")
	f.Add("+49 (30) 12-34\u00a056")
	f.Add("\xff\xfe\x00😀")
	f.Add(strings.Repeat("\xff", 30))
	f.Fuzz(func(t *testing.T, text string) {
		if form, err := parseForm(text); err == nil {
			for name, values := range form {
				if len(values) != 1 {
					t.Fatalf("field %q has %d values", name, len(values))
				}
			}
		}
		if got := digits(text); len(got) > 64 || strings.ContainsAny(got, " -\t") {
			t.Fatalf("code %q", got)
		}
		if got := phone(text); strings.ContainsAny(got, " -()./") {
			t.Fatalf("phone %q", got)
		}
		if got := clip(text, 10); len(got) > 10 || utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("clipped %q", got)
		}
		for _, secret := range []string{text} {
			if csrf.IsSecret(secret) && len(secret) != 43 {
				t.Fatalf("secret %q", secret)
			}
		}
	})
}
