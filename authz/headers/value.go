package headers

import "strings"

// Cookie finds a cookie by its exact name in the lines of the Cookie header. count is the number of cookies with that name.
func Cookie(lines []string, name string) (value string, count int) {
	for _, line := range lines {
		for piece := range strings.SplitSeq(line, ";") {
			n, v, ok := strings.Cut(strings.Trim(piece, " \t"), "=")
			if ok && n == name {
				value = v
				count++
			}
		}
	}
	return value, count
}

// ValidValue reports whether s can be a header's value: it has no control characters but tabs.
func ValidValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
