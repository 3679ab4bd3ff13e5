// Package oauth serves the OAuth 2.0 and OpenID Connect endpoints of user pools that browsers reach, discovery documents and key
// sets.
//
// It serves paths below the mount point of a pool, see package server/mount. Discovery documents and key sets are served without
// authentication and to web pages of every origin. Caches may keep such a document for an hour; a key is published longer than that
// before it signs.
//
// The rules of the protocol are in package userpool/oauth, the keys and their rotation in package userpool. The token endpoint and
// the login pages are other packages.
//
// Source: OpenID Connect Discovery 1.0; RFC 7517; the documents that Cognito serves under the same paths.
package oauth
