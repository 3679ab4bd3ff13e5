// Package token signs and verifies JSON Web Tokens, keeps the key sets they are verified with, and caches what a
// token turned out to be.
//
// What it does: a Verifier knows a fixed set of issuers and answers with a Token or with an Error whose Reason says
// what was wrong. The algorithm comes from the issuer's list and the key, never from the token alone; symmetric
// algorithms and "none" do not exist here. Refusals that cost nothing come first (size, form, issuer, algorithm, times,
// key id), then the signature, then what only a genuine token may be told about (audience, use). StaticKeys holds the
// keys of pools in this process, RemoteKeys fetches and refreshes those of issuers elsewhere, Cache remembers results
// under a keyed hash of the whole token, SigningKey makes tokens.
//
// What it leaves to others: which claims a token carries (userpool), what a principal may do (authz), whether a token
// was revoked (authz/revoke), HTTP answers (the wires).
//
// Source: RFC 7515, 7517, 7518, 7519, 8037, 8725 and 9068; OpenID Connect Discovery 1.0; AWS's developer guide, "Verifying
// JSON web tokens", and the rules of API Gateway's JWT authorizer for aud and client_id.
package token
