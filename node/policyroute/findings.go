package policyroute

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/strictjson"
)

// linter looks at one document.
type linter struct {
	*subject
	src    []byte
	places *strictjson.Places
	found  []Finding
}

// look returns the findings of a document.
func look(s *subject, src []byte) ([]Finding, error) {
	document, err := policy.Parse(src, s.kind)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	root, problem := strictjson.Parse(src)
	if problem != nil { // Parse has read it before
		return nil, fmt.Errorf("%s: %w", s.file, problem.In(src))
	}
	l := &linter{subject: s, src: src, places: strictjson.NewPlaces(src, 1, 1)}
	statements := member(root, "Statement")
	for i := range document.Statements {
		n := statements
		if n.Kind == strictjson.List {
			n = n.Items[i]
		}
		st := &document.Statements[i]
		if st.Effect != policy.Allow {
			continue
		}
		if s.kind == policy.Trust {
			l.trust(st, n)
			continue
		}
		l.negated(st, n)
		l.actions(st, n)
		l.resources(st, n)
		l.unused(st, n, statements.Kind == strictjson.List)
	}
	return l.found, nil
}

// member returns the value of a member of an object, or the object itself: what is reported always has a position.
func member(n *strictjson.Node, name string) *strictjson.Node {
	for i := range n.Members {
		if n.Members[i].Key == name {
			return n.Members[i].Value
		}
	}
	return n
}

// report adds a finding about a value.
func (l *linter) report(n *strictjson.Node, rule, with, format string, args ...any) {
	line, column := l.places.At(n.Offset)
	l.found = append(l.found, Finding{File: l.file, Line: line, Column: column, Rule: rule, Message: fmt.Sprintf(format, args...),
		Replace: oneLine(string(l.src[n.Offset:n.End])), With: with})
}

// oneLine shortens a text for a finding.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 200 {
		return strings.ToValidUTF8(text[:200], "") + " …"
	}
	return text
}

// list writes texts as the value of an element.
func list(texts []string) string {
	var value any = texts
	if len(texts) == 1 {
		value = texts[0]
	}
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts can always be written
	}
	return string(raw)
}

// negated finds NotAction and NotResource, which allow what is invented later.
func (l *linter) negated(st *policy.Statement, n *strictjson.Node) {
	if len(st.NotAction) > 0 {
		with := `name the actions in "Action"`
		if used := l.usedActions(st); len(used) > 0 {
			with = list(used) + ` in "Action"`
		}
		l.report(member(n, "NotAction"), "not-action", with, "Allow with NotAction allows every other action, also those of other services and those that are invented later")
	}
	if len(st.NotResource) > 0 {
		l.report(member(n, "NotResource"), "not-resource", `name the resources in "Resource"`, "Allow with NotResource allows every other resource")
	}
}

// actions finds patterns that cover whole services, and iam:PassRole without a limit.
func (l *linter) actions(st *policy.Statement, n *strictjson.Node) {
	element := member(n, "Action")
	for i, pattern := range st.Action {
		at := element
		if element.Kind == strictjson.List {
			at = element.Items[i]
		}
		if service, name, _ := strings.Cut(pattern, ":"); pattern == "*" || name == "*" {
			with := "name the actions"
			if used := l.usedActions(&policy.Statement{Action: []string{pattern}, Resource: st.Resource, NotResource: st.NotResource}); len(used) > 0 {
				used = append(used, reads(pattern)...)
				with = strings.Trim(list(used), "[]")
				if element.Kind != strictjson.List {
					with = list(used)
				}
			}
			what := "every action of " + service
			if pattern == "*" {
				what = "every action of every service"
			}
			l.report(at, "whole-service", with, "the statement allows %s", what)
		}
		if action, with := l.escalates(st, pattern); action != "" {
			l.report(member(n, "Resource"), "escalation", with, "%s on every role or policy gives the caller any permission", action)
		} else if action, with := impersonates(st, pattern); action != "" {
			l.report(member(n, "Resource"), "escalation", with, "%s on every provider gives the caller every role that trusts one", action)
		}
		if policy.CoversAction(pattern, "iam:PassRole") && !conditioned(st, "iam:passedtoservice") && coversEvery(st.Resource, "PassRole") {
			l.report(member(n, "Resource"), "pass-role", `"arn:aws:iam::*:role/NAME", or add "Condition": {"StringEquals": {"iam:PassedToService": "SERVICE"}}`,
				"iam:PassRole on every role gives what the strongest role may do")
		}
	}
}

func conditioned(st *policy.Statement, key string) bool {
	return slices.ContainsFunc(st.Condition, func(c policy.Condition) bool { return policy.FoldKey(c.Key) == key })
}

// resources finds "*" as a resource.
func (l *linter) resources(st *policy.Statement, n *strictjson.Node) {
	with, rest := narrower(st)
	if with == "" {
		return
	}
	element := member(n, "Resource")
	for i, pattern := range st.Resource {
		if pattern != "*" {
			continue
		}
		at := element
		if element.Kind == strictjson.List {
			at = element.Items[i]
		}
		if used := l.usedResources(st); len(used) > 0 {
			with = list(used)
		}
		l.report(at, "every-resource", with, "the statement covers every resource%s", rest)
	}
}

// decided are the services on whose actions gates decide, so that the log has them.
var decided = []string{"execute-api:", "s3:"}

func logged(pattern string) bool {
	return slices.ContainsFunc(decided, func(service string) bool { return strings.HasPrefix(strings.ToLower(pattern), service) })
}

// unused finds actions and statements that the logs never used.
func (l *linter) unused(st *policy.Statement, n *strictjson.Node, several bool) {
	if len(st.Action) == 0 {
		return
	}
	element := member(n, "Action")
	var idle []int
	var logs *usage
	for i, pattern := range st.Action {
		u := l.records(pattern)
		if u != nil && len(l.usedActions(&policy.Statement{Action: []string{pattern}, Resource: st.Resource, NotResource: st.NotResource})) == 0 {
			idle, logs = append(idle, i), u
		}
	}
	if len(idle) == 0 {
		return
	}
	period := fmt.Sprintf("in the log from %s to %s", logs.first.UTC().Format(time.RFC3339), logs.last.UTC().Format(time.RFC3339))
	if len(idle) == len(st.Action) {
		with := ""
		if !several {
			with = "[]"
		}
		l.report(n, "unused-statement", with, "no request %s needed the statement", period)
		return
	}
	for _, i := range idle {
		l.report(element.Items[i], "unused-action", "", "no request %s needed %s", period, st.Action[i])
	}
}

// records returns the log that has all requests that a pattern covers; nil if there is none.
func (l *linter) records(pattern string) *usage {
	switch {
	case logged(pattern) && l.usage.known():
		return &l.usage
	case audited(pattern) && l.calls.known():
		return &l.calls
	}
	return nil
}

// usedActions returns the actions of the log that a statement covers, sorted.
func (l *linter) usedActions(st *policy.Statement) []string {
	used := map[string]bool{}
	for _, targets := range []map[[2]string]bool{l.usage.targets, l.calls.targets} {
		for target := range targets {
			if covers(st, target) {
				used[target[0]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(used))
}

// usedResources returns patterns for the resources of the log that a statement covers: the resources themselves if they are few, else what
// they begin with, up to a slash.
func (l *linter) usedResources(st *policy.Statement) []string {
	const few = 3
	used := map[string]bool{}
	for _, targets := range []map[[2]string]bool{l.usage.targets, l.calls.targets} {
		for target := range targets {
			if covers(st, target) {
				used[target[1]] = true
			}
		}
	}
	if used[""] || used["*"] || used["arn:aws:s3:::*"] {
		return nil // some are not known, have none, or are the list of all buckets
	}
	all := slices.Sorted(maps.Keys(used))
	if len(all) <= few {
		return all
	}
	prefix := all[0]
	for _, r := range all[1:] {
		for !strings.HasPrefix(r, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	end := strings.LastIndexAny(prefix, "/:") + 1
	if end == 0 {
		return nil
	}
	return []string{prefix[:end] + "*"}
}

// covers reports whether a statement may cover a target. Variables are taken to match anything.
func covers(st *policy.Statement, target [2]string) bool {
	action := slices.ContainsFunc(st.Action, func(p string) bool { return policy.CoversAction(p, target[0]) })
	if len(st.NotAction) > 0 {
		action = !slices.ContainsFunc(st.NotAction, func(p string) bool { return policy.CoversAction(p, target[0]) })
	}
	if !action {
		return false
	}
	if len(st.NotResource) > 0 || target[1] == "" {
		return true
	}
	return slices.ContainsFunc(st.Resource, func(p string) bool { return policy.MatchWildcard(anyVariable(p), target[1]) })
}

// anyVariable replaces the variables of a pattern by "*".
func anyVariable(pattern string) string {
	var b strings.Builder
	for {
		literal, rest, found := strings.Cut(pattern, "${")
		b.WriteString(literal)
		if !found {
			return b.String()
		}
		b.WriteByte('*')
		_, pattern, _ = strings.Cut(rest, "}")
	}
}

// trust finds trust policies that are open to anyone.
func (l *linter) trust(st *policy.Statement, n *strictjson.Node) {
	if st.NotPrincipal != nil {
		l.report(member(n, "NotPrincipal"), "not-principal", `name who may in "Principal"`, "Allow with NotPrincipal lets everybody else assume the role")
		return
	}
	p := st.Principal
	if p == nil {
		return
	}
	at := member(n, "Principal")
	if (p.Any || slices.Contains(p.AWS, "*") || slices.Contains(p.Federated, "*")) && len(st.Condition) == 0 {
		l.report(at, "open-trust", `{"AWS": "arn:aws:iam::ACCOUNT:root"}, or name the provider in "Federated"`, "anyone may assume the role")
		return
	}
	for _, provider := range p.Federated {
		if key := audienceKey(provider); key != "" && !conditioned(st, key) {
			l.report(at, "open-trust", fmt.Sprintf(`%s, "Condition": {"StringEquals": {%q: "ID"}}`, oneLine(string(l.src[at.Offset:at.End])), key),
				"every client of %s may assume the role: no condition tests %s", provider, key)
		}
	}
}

// audienceKey returns the condition key that limits a provider to one identity pool or client; "" for providers that have none.
func audienceKey(provider string) string {
	if _, after, ok := strings.Cut(provider, ":oidc-provider/"); ok {
		return policy.FoldKey(after) + ":aud"
	}
	if strings.Contains(provider, ":saml-provider/") {
		return "saml:aud"
	}
	if provider == "graph.facebook.com" || provider == "www.amazon.com" {
		return provider + ":app_id"
	}
	return policy.FoldKey(provider) + ":aud"
}
