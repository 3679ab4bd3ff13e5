package terminal_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/terminal"
)

func TestATerminalActsOnNoText(t *testing.T) {
	for _, test := range []struct{ text, line, lines string }{
		{"/notes/7 ünï 日本", "/notes/7 ünï 日本", "/notes/7 ünï 日本"},
		{"k\x1b[31mRED", `k\x1b[31mRED`, `k\x1b[31mRED`},
		{"a\nfake\ttable\r", `a\nfake\ttable\r`, "a\nfake" + `\ttable\r`},
		{"\u009b2J", `\u009b2J`, `\u009b2J`}, // the same as ESC [ in eight bits
		{"a\u202egpj", `a\u202egpj`, `a\u202egpj`},
		{"it's", "it's", "it's"},
	} {
		if got := terminal.Line(test.text); got != test.line {
			t.Errorf("Line(%q) = %q", test.text, got)
		}
		if got := terminal.Text(test.text); got != test.lines {
			t.Errorf("Text(%q) = %q", test.text, got)
		}
		if got, want := terminal.Message(test.text), strings.ReplaceAll(test.lines, `\t`, "\t"); got != want {
			t.Errorf("Message(%q) = %q", test.text, got)
		}
	}
}
