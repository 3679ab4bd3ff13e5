// Package edgelogin serves the HTTP side of logins at the edge: it sends browsers to sign in, takes them back, and signs them out.
//
// A Handler has four paths in one folder: the callback of the provider, login, which starts a sign-in, logout, and keys, with the
// public keys of signed identity headers. Challenge answers a navigation without a session with a redirect to the provider.
// Strip removes the cookies of all logins from a request before it goes to an upstream.
//
// It leaves sessions and providers to authz/login, and the decision on requests to authz.
//
// Sources: RFC 6265bis (cookies), Fetch Metadata Request Headers, OpenID Connect RP-Initiated Logout 1.0 section 3.
package edgelogin
