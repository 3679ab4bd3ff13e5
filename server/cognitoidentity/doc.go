// Package cognitoidentity serves the Amazon Cognito identity pools API, and the discovery of the pools' OpenID tokens.
//
// Each operation is one function, which converts the input, calls package identitypool and converts the result. Discovery
// and Keys are HTTP handlers for verifiers of the tokens that GetOpenIdToken returns.
//
// The protocol is in server/awsjson, authentication and authorization of the caller in server/caller.
//
// Source: the Amazon Cognito Federated Identities API reference, version 2014-06-30.
package cognitoidentity
