// Package e2e drives the built binary with the clients and servers that people use: the AWS SDK for Go, Amplify, an
// S3-compatible store, a mail server, xcaddy.
//
// It has a scenario for each operation of AWS's APIs (TestScenarios), tests that pass through several parts, and tests for lost writes,
// dropped requests and 500s. clients.json lists which client called which operation successfully;
// docs/compatibility.md shows it, and the tests compare it with the metrics of the running binary.
//
// It imports no package of Sluice; the packages have their own tests.
//
// Source: AWS's documentation, as far as a client can see it.
package e2e
