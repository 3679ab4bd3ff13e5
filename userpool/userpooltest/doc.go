// Package userpooltest helps the tests of the packages of user pools.
//
// New returns a Harness: all services over SQLite in a temporary directory, with a clock that the test moves, and short
// ways to make pools, clients and users and to sign in. SRPClient is the client's half of SRP.
//
// Only tests may import it.
//
// Source: RFC 5054 and amazon-cognito-identity-js for the client's half of SRP.
package userpooltest
