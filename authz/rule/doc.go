// Package rule has the rules of a route, such as "allow group readers GET /api/*", which are short for IAM statements.
//
// What it does: a Rule is checked, printed as in a Caddyfile, and turned into a policy.
//
// What it leaves to others: which actions and resources a method and a path are (the mappings of authz), the evaluation (authz/policy).
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: none, the rules are Sluice's; docs/authorization.md describes them.
package rule
