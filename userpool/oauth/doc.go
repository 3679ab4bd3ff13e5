// Package oauth authorizes requests of OAuth 2.0 and OpenID Connect clients for users who sign in with a browser.
//
// Parse checks an authorization request. Resume answers it from the browser's session, and Complete answers it at the end of a
// sign-in; both issue a code, or the tokens of the implicit flow. Redeem exchanges a code for tokens. Logout ends the browser's
// session. Codes and sessions are records of the store, under hashes of what clients hold.
//
// It does not run sign-ins (userpool/signin), make tokens (userpool/tokens), authenticate clients or serve other grants
// (userpool/grants), and it knows no HTTP (server/oauth).
//
// Source: RFC 6749; RFC 7636; RFC 8707; RFC 9207; RFC 9700; OpenID Connect Core 1.0, RP-Initiated Logout 1.0; OAuth 2.0 Form Post
// Response Mode; the authorize and logout endpoints of Cognito.
package oauth
