package reference

import (
	"strings"
)

// Table returns Groups as a Markdown table.
func Table() string {
	var b strings.Builder
	b.WriteString("| actions | condition keys |\n| --- | --- |\n")
	for _, g := range groups {
		b.WriteString("| " + cell(g.Actions) + " | " + cell(g.Keys) + " |\n")
	}
	return b.String()
}

func cell(words []string) string {
	return "`" + strings.Join(words, "`, `") + "`"
}
