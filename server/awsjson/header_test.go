package awsjson

import (
	"strings"
	"testing"
)

func TestTheHeaderRepeatsTheMessageInPrintableASCII(t *testing.T) {
	for _, tc := range []struct{ name, message, want string }{
		{"a sentence", "User does not exist.", "User does not exist."},
		{"a line break at the end", "user.email: Attribute cannot be updated.\n", "user.email: Attribute cannot be updated."},
		{"a line break inside, as of a header of its own", "a\r\nSet-Cookie: b", "a  Set-Cookie: b"},
		{"other characters", "Value 'ä\x00\x7f' fails", "Value '   ' fails"},
		{"a long message", strings.Repeat("x", 5000), strings.Repeat("x", 1024)},
		{"nothing", "", ""},
		{"nothing to see", "\n\t", ""},
	} {
		if got := headerText(tc.message); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
