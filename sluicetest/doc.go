// Package sluicetest runs Sluice inside of Go tests: user pools, identity pools, STS, IAM and the login pages, as `sluice dev` serves
// them.
//
// New starts a server for one test, with its own data, and stops it with the test. Tests that run in parallel each have
// their own. Config is the configuration for AWS's SDK; Code waits for the code that a user gets; Advance moves the server's clock.
//
// It does not serve (node/dev does) and has no assertions.
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: docs/testing.md.
package sluicetest
