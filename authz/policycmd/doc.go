// Package policycmd is the behaviour of "sluice policy": test, simulate, explain and validate.
//
// What it does: it reads case files (a JSON array of cases, each with policies, an optional boundary and session policy,
// a request and, for test, the decision expected) and policy files, asks the policy engine, and prints what it says. Run
// takes arguments and streams and returns the exit code, so that the commands can be tested and embedded anywhere.
//
// What it leaves to others: the command tree and its help, which belong to cmd/sluice, and every rule about policies,
// which belongs to authz/policy.
//
// Source: docs/policies.md, "On the command line".
package policycmd
