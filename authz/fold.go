package authz

import (
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/rule"
	"github.com/sluicegate/sluice/authz/urlpath"
)

// Caddy's matchers and prefixes compare paths without case, and so do some file systems and frameworks: behind them
// "/ADMIN" is served as "/admin". Rules that deny therefore compare a path in lower case with a pattern in lower case.
// Rules that allow compare the path as it is.

// lowerKey is the prefix of the condition keys that give the value of another key in lower case.
const lowerKey = "lower"

// lowerCase returns the value of a key in lower case.
func (c *call) lowerCase(key string) policy.Values {
	if strings.HasPrefix(key, lowerKey+":") {
		return absent
	}
	values := c.Lookup(key)
	if values.Len() == 1 {
		return policy.One(urlpath.Fold(values.At(0)))
	}
	var all []string
	for i := range values.Len() {
		all = append(all, urlpath.Fold(values.At(i)))
	}
	return policy.Many(all)
}

// foldedRules compiles the rules that compare paths without case, for resources in lower case; nil if there are none.
func foldedRules(rules []rule.Rule, m Mapping) (*policy.Layers, error) {
	var sources []policy.Source
	for _, r := range rules {
		if r.Effect == "allow" || !m.foldsPaths() {
			continue
		}
		document, err := Document(m, r)
		if err != nil {
			return nil, err
		}
		sources = append(sources, policy.Source{Name: "rule " + r.String(), Document: document})
	}
	if len(sources) == 0 {
		return nil, nil
	}
	return &policy.Layers{Identity: []*policy.Set{policy.Compile(sources...)}}, nil
}

// foldedDenial evaluates the rules that compare paths without case for the target in lower case.
func (c *call) foldedDenial() (policy.Decision, bool) {
	if c.e.folded == nil || c.target.folded == "" {
		return policy.Decision{}, false
	}
	d := c.e.folded.Decide(&policy.Request{Action: c.target.action, Resource: c.target.folded, Context: c})
	return d, d.Effect == policy.ExplicitDeny
}
