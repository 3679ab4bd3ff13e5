package reference

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
)

// Unsupplied returns a problem for each condition key and each variable that no request has for which the statement is
// evaluated. Statements that name only actions of other services are omitted. Line and column are those of the
// statement. It returns at most policy.MaxProblems problems.
func Unsupplied(d *policy.Document) []policy.Problem {
	var found []policy.Problem
	for i := range d.Statements {
		s := &d.Statements[i]
		keys, ok := keysOf(s)
		if !ok {
			continue
		}
		report := func(path, key string) {
			if len(found) == policy.MaxProblems || supplies(keys, policy.FoldKey(key)) {
				return
			}
			found = append(found, policy.Problem{
				Line: s.Line, Column: s.Column, Path: fmt.Sprintf("Statement[%d].%s", i, path),
				Message: "no action of the statement has the condition key " + clip(key), Suggestion: suggest(keys, key),
			})
		}
		for _, c := range s.Condition {
			report("Condition", c.Key)
			if d.Version == policy.Version2012 {
				variables("Condition", c.Values, report)
			}
		}
		if d.Version == policy.Version2012 {
			variables("Resource", slices.Concat(s.Resource, s.NotResource), report)
		}
	}
	return found
}

// suggest returns the matching key if only the prefix is missing, and otherwise where the keys are documented.
func suggest(keys []string, key string) string {
	for _, k := range keys {
		if _, name, ok := strings.Cut(k, ":"); ok && policy.FoldKey(name) == policy.FoldKey(key) {
			return fmt.Sprintf("write %q", k)
		}
	}
	return "docs/condition-keys.md lists the keys of each action"
}

// variable finds the key of a policy variable. ${*}, ${?} and ${$} have none.
var variable = regexp.MustCompile(`\$\{\s*([^{},\s*?$]+)`)

func variables(path string, values []string, report func(path, key string)) {
	for _, value := range values {
		for _, match := range variable.FindAllStringSubmatch(value, -1) {
			report(path, match[1])
		}
	}
}

// clip quotes a key, shortened for a log.
func clip(key string) string {
	const longest = 100
	if len(key) > longest {
		key = strings.ToValidUTF8(key[:longest], "") + "…"
	}
	return fmt.Sprintf("%q", key)
}

// keysOf returns the keys of all actions of the list that the statement covers; ok is false if it covers none.
func keysOf(s *policy.Statement) (keys []string, ok bool) {
	for _, g := range groups {
		if slices.ContainsFunc(g.Actions, func(action string) bool { return coversSome(s, action) }) {
			keys, ok = append(keys, g.Keys...), true
		}
	}
	return keys, ok
}

// coversSome reports whether the statement covers an action of the list, or one of those that it represents.
func coversSome(s *policy.Statement, action string) bool {
	if s.NotAction != nil {
		return !slices.ContainsFunc(s.NotAction, func(p string) bool { return policy.CoversAction(p, action) })
	}
	return slices.ContainsFunc(s.Action, func(p string) bool {
		return policy.CoversAction(p, action) || policy.CoversAction(action, p) ||
			strings.Contains(p, "*") && strings.Contains(action, "*") && overlap(strings.ToLower(p), strings.ToLower(action))
	})
}

// overlap reports whether two patterns with "*" and "?" have an action in common.
func overlap(a, b string) bool {
	const longest = 128
	if len(a) > longest || len(b) > longest {
		return true // no action is as long; the statement is not reported
	}
	var known [longest + 1][longest + 1]int8 // 0 not known, 1 yes, -1 no
	var match func(i, j int) bool
	match = func(i, j int) bool {
		if known[i][j] == 0 {
			known[i][j] = -1
			switch {
			case i == len(a) && j == len(b),
				i < len(a) && a[i] == '*' && (match(i+1, j) || j < len(b) && match(i, j+1)),
				j < len(b) && b[j] == '*' && (match(i, j+1) || i < len(a) && match(i+1, j)),
				i < len(a) && j < len(b) && (a[i] == b[j] || a[i] == '?' || b[j] == '?') && match(i+1, j+1):
				known[i][j] = 1
			}
		}
		return known[i][j] == 1
	}
	return match(0, 0)
}

// supplies reports whether one of the keys, written as in Group, is the key.
func supplies(keys []string, key string) bool {
	return slices.ContainsFunc(keys, func(k string) bool {
		k = policy.FoldKey(k)
		if suffix, ok := strings.CutPrefix(k, "*"); ok {
			provider, found := strings.CutSuffix(key, suffix)
			return found && strings.Contains(provider, ".")
		}
		if prefix, ok := strings.CutSuffix(k, "*"); ok {
			return strings.HasPrefix(key, prefix) && len(key) > len(prefix)
		}
		return k == key
	})
}
