// Package policycmd implements "sluice policy": test, simulate, explain and validate.
//
// What it does: it reads case files (a JSON array of cases, each with policies, an optional boundary and session policy,
// a request and, for test, the expected decision) and policy files, evaluates the policies, and prints the result. Run
// takes arguments and streams and returns the exit code, so that tests and other programs can call it.
//
// What it leaves to others: the command tree and its help (caddymodule), and the rules about policies (authz/policy).
//
// Source: docs/policies.md, "On the command line".
package policycmd
