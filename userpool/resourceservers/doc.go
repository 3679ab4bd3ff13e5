// Package resourceservers keeps the resource servers of user pools: APIs that accept a pool's access tokens, with their scopes.
//
// Service has the operations of the API, creates what a configuration declares, and lists the scopes of a pool as tokens carry them,
// "<identifier>/<scope name>".
//
// It does not decide which client may have a scope (userpool.Client.Grants) or check tokens (authz).
//
// Source: the cognito-idp API reference, operations CreateResourceServer to UpdateResourceServer; the developer guide, "Scopes, M2M, and
// resource servers", and "Quotas".
package resourceservers
