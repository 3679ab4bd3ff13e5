// Package certtest makes certificates for tests of connections with TLS.
//
// What it does: New makes an authority of a test, whose certificate is a file. Issue makes certificates that it signed, for servers and
// clients.
//
// What it leaves to others: the servers, and what a connection does with the files.
//
// Source: RFC 5280.
package certtest
