// Package compat writes docs/compatibility.md: which of AWS's operations Sluice has.
//
// What it does: Render compares the tables of the APIs with the names that have a function, and names the foreign clients
// that called each operation in e2e. Its tests compare the committed page with the code and fail when it is stale, and when
// an operation has no scenario or no client. `go test ./server/compat -run TestCompatibility -update` writes the page.
//
// What it leaves to others: how an operation differs from AWS's, which docs/divergences.md tells.
//
// Source: the operation tables of package api; the registries of server/cognitoidp, server/cognitoidentity, server/sts and
// server/iam; e2e/clients.json.
package compat
