// Package compat writes docs/compatibility.md: which of AWS's operations Sluice has.
//
// What it does: Render sets the tables of the APIs against the names that have a function. Its test holds the committed
// page against the code and fails when it is stale; `go test ./server/compat -run TestCompatibility -update` writes it.
//
// What it leaves to others: how an operation differs from AWS's, which docs/divergences.md tells.
//
// Source: the operation tables of package api; the registries of server/cognitoidp, server/cognitoidentity, server/sts and
// server/iam.
package compat
