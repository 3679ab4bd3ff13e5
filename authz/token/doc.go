// Package token verifies and signs JSON Web Tokens, manages the key sets they are verified with, and caches results.
//
// A Verifier accepts the tokens of a fixed set of issuers. It returns a Token, or an Error whose Reason says what is wrong.
// The issuer's list and the key determine the algorithm, never the token alone; symmetric algorithms and "none" do not
// exist here. The verifier makes cheap checks first (size, form, issuer, algorithm, times, key ID), then checks the
// signature, and then what only the bearer of a genuine token may learn (token use, audience).
//
// StaticKeys holds the keys of pools in this process. RemoteKeys fetches and refreshes the keys of other issuers. Cache
// remembers results by a keyed hash of the whole token. SigningKey signs tokens.
//
// Verification is this package's own code, because every request pays for it. Signing, and reading and writing key sets,
// use jwx (docs/decisions/0004-jwx.md).
//
// The package does not decide which claims a token has (userpool, identitypool, credentials), what a principal may do
// (authz), or whether a token was revoked (authz/revoke). Package authz/keyring rotates signing keys.
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Sources: RFC 7515, 7517, 7518, 7519, 8037, 8725 and 9068; OpenID Connect Discovery 1.0; AWS developer guide, "Verifying
// JSON web tokens"; the rules of API Gateway's JWT authorizer for aud and client_id.
package token
