// Package policy measures Sluice's policy engine, cedar-go, casbin and OPA on the same question.
//
// What it does: for 10 to 10,000 statements it writes the same rules in the language of each engine, checks that all give
// the same answers, and benchmarks one decision. Run it with: go -C bench test -run xxx -bench . ./policy
//
// What it leaves to others: the benchmarks of Sluice's engine alone, in authz/policy.
//
// Source: each engine's documentation for its fastest embedded use: prepared queries, parsed policies, no network.
package policy
