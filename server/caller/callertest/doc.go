// Package callertest is for the tests of the wires: a whole server of identity pools, STS and IAM on a real store, called
// with real signatures, and golden files of what it says.
//
// What it does: New makes the server with a clock that the test moves; World.JSON and World.Query call it; World.Golden
// compares the conversation with testdata/<Operation>/<case>.golden, in which ids and secrets are numbered.
//
// What it leaves to others: judging what the operations do; that is the domain's tests' business.
//
// Source: the wires' own packages.
package callertest
