// Package tokens issues, renews, checks and revokes the tokens of user pools. It is the only package that signs them.
//
// Issue makes the tokens of an authentication for the scopes that the caller asks for, and starts a refresh family. Renew
// makes new ones for a refresh token and rotates it if the app client says so. Authenticate checks an access token of an
// operation on its own user. RevokeToken and GlobalSignOut end sign-ins; Revoking lets other packages do so in a
// transaction of their own.
//
// It does not decide who is signed in (userpool/signin), keep signing keys (userpool) or check tokens at the edge
// (authz/token, authz/revoke).
//
// Source: the Amazon Cognito developer guide on ID, access and refresh tokens; RFC 9700 section 4.14 for the rotation of
// refresh tokens.
package tokens
