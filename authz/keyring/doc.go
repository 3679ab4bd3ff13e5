// Package keyring makes, stores, rotates and publishes the keys that sign tokens.
//
// A Ring serves many owners, such as user pools, and several uses for each owner, such as ID and access tokens. Each use
// has a line of keys:
//
//	           Lead          Period                   Linger
//	key 1   ├────────┼────────────────────────────┼──────────────┤
//	        published  signs                        published only, then deleted
//	key 2                                ├────────┼────────────────────────────┼──────── …
//
// A key is published Lead before it signs, so that verifiers which cache a key set know it in time. It stays published
// for Linger after its last signature, so that the tokens it signed verify until they expire.
//
// A key of a use that Kept names is not deleted then, but stays in the store for a while, published no more.
//
// Private keys are sealed before they reach the store. Several processes may run the same Ring on one store: when two
// of them rotate at once, the first transaction wins and the other process uses its key.
//
// The package does not define the claims of a token (userpool, identitypool, credentials), sign or verify tokens
// (authz/token), or serve key sets over HTTP (server/oauth, server/cognitoidentity).
package keyring
