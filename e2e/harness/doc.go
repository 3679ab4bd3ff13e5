// Package harness runs the binary and its peers for the end-to-end tests: real processes on free ports, with their data in a
// folder that is deleted when the test ends.
//
// What it does: builds sluice once (or takes SLUICE_BIN), starts it with Caddyfile.example or another Caddyfile,
// waits until it is ready, stops and kills it, keeps its log; starts the S3-compatible store and a mail server; makes
// AWS SDK clients.
//
// What it leaves to others: the checks. A function that cannot do its job fails the test.
package harness
