// Package e2e drives the built binary with the clients and servers that people use: the AWS SDK for Go, Amplify, an
// S3-compatible store, a mail server, xcaddy.
//
// What it does: a scenario for each operation of AWS's APIs (TestScenarios), the roads through the whole gate, and what must
// not happen: a lost write, a dropped request, a 500. clients.json lists which client called which operation with success;
// docs/compatibility.md shows it, and the tests compare it with the metrics of the running binary.
//
// What it leaves to others: the insides, which have tests of their own. It imports nothing of Sluice.
//
// Source: AWS's documentation, as far as a client can see it.
package e2e
