package policy

import (
	"fmt"
	"strings"
	"unicode"
)

// Problem is an error in a document.
type Problem struct {
	Line, Column int    // from 1, columns in characters
	Path         string // the way to the element: "Statement[0].Condition.StringEquals"
	Message      string
	Suggestion   string // what to write instead; may be empty
}

// String returns "line:column: path: message; suggestion".
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%d: ", p.Line, p.Column)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if p.Suggestion != "" {
		b.WriteString("; " + p.Suggestion)
	}
	return b.String()
}

// Invalid is the error of Parse, Load and Check. It holds the problems of a document in the order of the text, at most
// MaxProblems.
type Invalid struct {
	Problems []Problem // at least one
}

// MaxProblems is the maximum number of problems that are reported for a document.
const MaxProblems = 20

// Error returns a line per problem.
func (e *Invalid) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// printable shortens a text that quotes a policy and removes control characters, which could forge a log line or control a
// terminal.
func printable(text string) string {
	const longest = 300
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// nearest calls the function nearest unless the limit on problems is reached, because comparing all candidates is
// expensive.
func (p *parser) nearest(word string, candidates []string) string {
	if p.full() {
		return ""
	}
	return nearest(word, candidates)
}

// nearest returns "write …" with the candidate closest to word, or "" if none is close enough.
func nearest(word string, candidates []string) string {
	if best := closest(word, candidates); best != "" {
		return "write " + quote(best)
	}
	return ""
}

// closest returns the candidate that is close enough to word to be a correction, or "".
func closest(word string, candidates []string) string {
	best, distance := "", len(word)/3+2
	for _, c := range candidates {
		if d := editDistance(strings.ToLower(word), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// editDistance returns the number of insertions, deletions, replacements and swaps of adjacent characters between a and
// b. Words longer than any in the language have a distance too large for a match.
func editDistance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	var two, one, row [longest + 1]int
	for j := range len(b) + 1 {
		one[j] = j //nolint:gosec // G602: b is at most longest
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1) //nolint:gosec // G602: j is at least 2
			}
		}
		two, one = one, row
	}
	return one[len(b)]
}
