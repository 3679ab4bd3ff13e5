// Package callertest helps the tests of the API servers. It runs identity pools, STS and IAM on a real store, calls them with real
// signatures, and compares their answers with golden files.
//
// New returns the server, with a clock that the test sets. World.JSON and World.Query call it. World.Golden compares a request and
// its answer with testdata/<Operation>/<case>.golden, in which ids and secrets are numbered.
//
// What the operations do is tested in the domain packages.
package callertest
