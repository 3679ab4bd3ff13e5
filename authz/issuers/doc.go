// Package issuers verifies tokens of OIDC issuers that are registered and removed while the process runs.
//
// It fetches the keys of an issuer when the first token of that issuer arrives, and keeps them while tokens come. The number of
// issuers whose keys are kept is bounded; the caller says which issuers are registered, so that made-up issuers take no place.
//
// It does not know who registers issuers (package iam does) and does not check what a token without signature could decide. The
// verification is that of authz/token.
//
// Source: OpenID Connect Discovery 1.0; IAM user guide, "Create an OpenID Connect identity provider in IAM".
package issuers
