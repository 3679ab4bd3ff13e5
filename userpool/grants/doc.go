// Package grants is the token side of OAuth 2.0 for user pools: it gives tokens to app clients, and tells them about tokens.
//
// Authenticate proves an app client. Token runs the grant that a request names: there is a registry of grants, with a file
// for each. ClientToken is the operation GetClientToken.
//
// It knows no HTTP: server/oauthtoken reads requests and writes answers. Authorization requests, codes and browser sessions are
// those of userpool/oauth, tokens those of userpool/tokens.
//
// Source: RFC 6749, and the Amazon Cognito developer guide, "Token endpoint". Each file names the RFC of what Cognito lacks.
package grants
