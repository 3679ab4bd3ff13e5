// Package federation signs users in through the identity providers of a user pool.
//
// Begin sends a browser to a provider, and Finish takes the answer that it brings back. Between them, a record of the store keeps the
// authorization request, sealed, under the hash of a random state. The record is for one browser, which has a secret in a cookie; it can
// be used once, for five minutes, and each network has a bounded number. Finish reads provider and client again, because they may have
// changed. Unsolicited accepts an unsolicited response of a SAML provider. SignOut ends what came through a session at a SAML provider
// that the provider ends. Sign-ins are counted, and are in the history of their users.
//
// How to ask a provider and whether its answer is true is for the Legs (userpool/relyingparty, userpool/saml), which user it means is for
// userpool/profiles, and the way back to the client for userpool/oauth. It knows no HTTP (server/federation).
//
// Source: the Amazon Cognito developer guide, "User pool sign-in with third party identity providers"; RFC 6749 section 10.12; RFC 9700
// sections 4.4 and 4.7.
package federation
