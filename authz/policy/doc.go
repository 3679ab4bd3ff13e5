// Package policy implements the language of IAM policies: it parses documents, compiles them and decides requests.
//
// What it does: Parse reads a document strictly and reports line and column for everything it refuses. Compile combines
// documents into a Set, indexed by action and by the literal prefix of the resource, so that a decision evaluates only
// statements that may match. Layers.Decide combines identity policies, a permissions boundary and a session policy;
// Set.DecideTrust evaluates a role's trust policy. Neither allocates. Explain and ExplainTrust return an account of the
// same decision, for people and programs.
//
// What it leaves to others: turning a request into action, resource and context keys; finding the policies of a
// principal; requests that need several actions (the caller decides each); and policies attached to resources, which are
// parsed and checked here but which no upstream of Sluice has. Errors are *Invalid and *SizeError; the API servers
// translate them.
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: the IAM User Guide, "IAM JSON policy element reference" (grammar, condition operators, policy variables,
// multivalued context keys) and "Policy evaluation logic". Where AWS is silent the package fails closed; docs/policies.md
// lists each such rule.
package policy
