package policy

import (
	"maps"
	"regexp"
	"slices"
)

// variableKey finds the key of a policy variable. ${*}, ${?} and ${$} have none.
var variableKey = regexp.MustCompile(`\$\{\s*([^{},\s*?$]+)`)

// Keys returns the condition keys that the statements depend on, in lower case and sorted: those of conditions, and of variables in
// resources and values.
func (s *Set) Keys() []string {
	found := map[string]bool{}
	variables := func(texts []string) {
		for _, text := range texts {
			for _, match := range variableKey.FindAllStringSubmatch(text, -1) {
				found[FoldKey(match[1])] = true
			}
		}
	}
	for _, c := range s.statements {
		variables(c.statement.Resource)
		variables(c.statement.NotResource)
		for _, condition := range c.statement.Condition {
			found[FoldKey(condition.Key)] = true
			variables(condition.Values)
		}
	}
	return slices.Sorted(maps.Keys(found))
}
