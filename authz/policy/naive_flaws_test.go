package policy_test

import (
	"regexp"
	"slices"
	"strings"
)

// These rules apply to documents that Parse refuses and Load accepts: an Allow with a flaw never applies, and a Deny
// applies as if the flaw were not there. A value that is not an ARN is like a variable without a value.

var naiveOperator = regexp.MustCompile(`^((ForAllValues:|ForAnyValue:)?(` + strings.Join(slices.DeleteFunc(slices.Clone(bases), func(s string) bool {
	return s == "Null"
}), "|") + `)(IfExists)?|Null)$`)

func (s naiveStatement) flawed() bool {
	for element := range s.m {
		if !slices.Contains([]string{"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}, element) {
			return true
		}
	}
	block, _ := s.m["Condition"].(map[string]any)
	for name, keys := range block {
		for _, wanted := range keys.(map[string]any) {
			if !naiveUnderstood(name, wanted) {
				return true
			}
		}
	}
	return s.covered("Action") || s.covered("Resource")
}

// covered reports whether an element and its negation are both present, or both absent. A Deny then covers everything.
func (s naiveStatement) covered(element string) bool {
	_, yes := s.m[element]
	_, not := s.m["Not"+element]
	return yes == not
}

func naiveUnderstood(operator string, wanted any) bool {
	list, ok := wanted.([]any)
	return naiveOperator.MatchString(operator) && (!ok || len(list) > 0 && !slices.Contains(list, nil))
}

func (s naiveStatement) isARN(value string) bool {
	fields := strings.SplitN(value, ":", 6)
	return len(fields) == 6 && fields[0] == "arn" && (!s.variables || !strings.Contains(strings.Join(fields[:5], ":"), "${"))
}
