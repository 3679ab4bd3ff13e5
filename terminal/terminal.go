// Package terminal makes texts safe to print on a terminal.
//
// What it does: it escapes characters that a terminal would act on, or that change the order in which text is shown. Names,
// paths and object keys that clients choose reach the operator's screen through explanations and reports.
//
// What it leaves to others: JSON and the members of logs, whose encoders escape by themselves.
//
// Source: ECMA-48, "Control Functions for Coded Character Sets"; Unicode's report 36, section 3.
package terminal

import (
	"strconv"
	"strings"
	"unicode"
)

// Line returns text for one line: characters that are not printable, line breaks among them, are written as in a literal of Go.
func Line(text string) string { return escape(text, "") }

// Text is Line for a text of several lines: its line breaks stay.
func Text(text string) string { return escape(text, "\n") }

// Message is Text for the message of a log's line, which programs may split at its tabs: they stay, too.
func Message(text string) string { return escape(text, "\n\t") }

func escape(text, kept string) string {
	shown := func(r rune) bool { return unicode.IsPrint(r) || strings.ContainsRune(kept, r) }
	if strings.IndexFunc(text, func(r rune) bool { return !shown(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if shown(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
