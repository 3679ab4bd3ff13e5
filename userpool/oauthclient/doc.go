// Package oauthclient holds what OAuth's RFCs say about a client and Cognito's settings of app clients do not: the keys with which
// it signs assertions, and the grants that Cognito lacks.
//
// A Metadata is part of the settings of an app client (userpool). The configuration sets it for declared clients, and dynamic
// registration for those that it makes; the operations of AWS's API leave it as it is, but UpdateUserPoolClient notes that the client is used.
// Package userpool/grants uses it.
//
// Source: RFC 7591 section 2; RFC 7523, RFC 8628, RFC 8693 and RFC 9126.
package oauthclient
