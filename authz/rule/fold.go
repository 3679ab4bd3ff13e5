package rule

import (
	"strings"

	"github.com/sluicegate/sluice/authz/urlpath"
)

// FoldPath returns the pattern of a path in lower case. Each of its variables becomes one with the prefix and a colon before its name,
// which has the value in lower case.
func FoldPath(pattern, prefix string) string {
	var b strings.Builder
	for {
		literal, rest, found := strings.Cut(pattern, "${")
		b.WriteString(urlpath.Fold(literal))
		if !found {
			return b.String()
		}
		inside, after, _ := strings.Cut(rest, "}")
		switch key, fallback, defaulted := strings.Cut(inside, ", '"); {
		case inside == "*" || inside == "?" || inside == "$":
			b.WriteString("${" + inside + "}")
		case defaulted:
			b.WriteString("${" + prefix + ":" + key + ", '" + urlpath.Fold(fallback) + "}")
		default:
			b.WriteString("${" + prefix + ":" + key + "}")
		}
		pattern = after
	}
}
