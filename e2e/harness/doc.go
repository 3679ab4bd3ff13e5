// Package harness runs the built binary and its peers for the tests beside it: real processes on free ports, with
// data in a folder that goes when the test ends.
//
// What it does: builds sluice once (or takes SLUICE_BIN), starts it with Caddyfile.example or another Caddyfile,
// waits until it is ready, stops and kills it, keeps its log; starts the S3-compatible store and a mail server; makes
// AWS SDK clients.
//
// What it leaves to others: every judgement. A helper that cannot do its job ends the test.
package harness
