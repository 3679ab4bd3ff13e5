package urlpath

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold returns s in lower case. Characters that any common way of ignoring case takes for equal become the same one:
// lower case, upper case and Unicode's simple folding. It allocates only if s changes.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf {
			return strings.Map(foldRune, s)
		}
	}
	return s
}

func foldRune(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }
