// Package e2e drives the built binary with the clients and servers that people use: the AWS SDK for Go, Amplify, an
// S3-compatible store, a mail server, xcaddy.
//
// What it does: the story of README.md, and what must not happen: a lost write, a dropped request, a 500.
//
// What it leaves to others: the insides, which have tests of their own. It imports nothing of Sluice.
//
// Source: AWS's documentation, as far as a client can see it.
package e2e
