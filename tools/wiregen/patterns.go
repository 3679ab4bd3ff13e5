package main

import (
	"fmt"
	"regexp"
	"strings"
)

// rewritten maps patterns that Go's regular expressions do not support to equivalent ones.
var rewritten = map[string]string{
	// S3BucketType, with a look-behind against a dot at the end.
	`^[0-9A-Za-z\.\-_]*(?<!\.)$`: `(?:[0-9A-Za-z._-]*[0-9A-Za-z_-])?`,
}

var (
	unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
	longEscape    = regexp.MustCompile(`\\u10000-\\u10FFFF`)
)

// anyInLine is what Java's dot matches: all but line terminators, of which Go's dot excludes one.
const anyInLine = `[^\n\r\x{85}\x{2028}\x{2029}]`

// goPattern returns the pattern in Go's syntax, or "" if it is in that syntax already. Java's \s includes the vertical tab, Go's
// does not; the dots of the two differ; Java writes code points as \uXXXX; \u10000-\u10FFFF of STS means that range, although Java
// reads it differently.
func goPattern(p string) (string, error) {
	expr, ok := rewritten[p]
	if !ok {
		expr = longEscape.ReplaceAllString(p, `\x{10000}-\x{10FFFF}`)
		expr = unicodeEscape.ReplaceAllString(expr, `\x{$1}`)
		expr = strings.ReplaceAll(expr, `[\S]`, `[^\s\v]`)
		if strings.Contains(expr, `\S`) {
			return "", fmt.Errorf(`pattern %s: \S that is not [\S]`, p)
		}
		expr = classes(expr)
	}
	if _, err := regexp.Compile(expr); err != nil {
		return "", fmt.Errorf("pattern %s: %w", p, err)
	}
	if expr == p {
		return "", nil
	}
	return expr, nil
}

// classes replaces \s by \s\v inside a class and by [\s\v] outside, unless \v is there already, and a dot outside by anyInLine,
// unless the pattern has (?s).
func classes(expr string) string {
	var b strings.Builder
	inClass, everyDot := false, strings.Contains(expr, "(?s)")
	for i := 0; i < len(expr); i++ {
		c := expr[i]
		if c != '\\' || i+1 == len(expr) {
			inClass = c == '[' || inClass && c != ']'
			if c == '.' && !inClass && !everyDot {
				b.WriteString(anyInLine)
			} else {
				b.WriteByte(c)
			}
			continue
		}
		i++
		switch {
		case expr[i] != 's' || strings.HasPrefix(expr[i+1:], `\v`):
			b.WriteString(expr[i-1 : i+1])
		case inClass:
			b.WriteString(`\s\v`)
		default:
			b.WriteString(`[\s\v]`)
		}
	}
	return b.String()
}
