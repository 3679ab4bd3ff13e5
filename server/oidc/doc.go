// Package oidc serves the discovery document and the key set of user pools.
//
// It answers GET and HEAD on /{poolId}/.well-known/openid-configuration and /{poolId}/.well-known/jwks.json without
// authentication and for web pages of every origin. Caches may keep an answer for an hour; a key is published longer than
// that before it signs.
//
// The keys and their rotation are in package userpool.
//
// Source: OpenID Connect Discovery 1.0; RFC 7517; the documents that Cognito serves under the same paths.
package oidc
