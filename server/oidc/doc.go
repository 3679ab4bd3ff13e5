// Package oidc publishes what verifiers of a user pool's tokens need: the discovery document and the key set.
//
// What it does: GET and HEAD on /{poolId}/.well-known/openid-configuration and /{poolId}/.well-known/jwks.json, for
// anybody, readable from every web page, with headers that let caches keep them for less time than a key is published
// before it signs.
//
// What it leaves to others: the keys and their rotation (userpool), and the OAuth2 endpoints, which join the document when
// they are there.
//
// Source: OpenID Connect Discovery 1.0, RFC 7517; what Cognito serves under the same paths.
package oidc
