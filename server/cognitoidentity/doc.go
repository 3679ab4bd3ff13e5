// Package cognitoidentity serves the Amazon Cognito identity pools API, and the discovery of the pools' OpenID tokens.
//
// What it does: one function per operation: input to domain, domain to output. Discovery and Keys are HTTP handlers for
// those who verify the basic flow's tokens.
//
// What it leaves to others: the protocol (server/awsjson), the caller's signature and permission (server/caller), the
// rules of pools and identities (identitypool).
//
// Source: the Amazon Cognito Federated Identities API reference, version 2014-06-30.
package cognitoidentity
