// Package accesstoken finds out whose an access token of Facebook, Login with Amazon or Twitter is.
//
// These tokens are not signed for the reader: Verify asks the provider that issued them who the user is, and for which application the
// token was issued. An application that the caller does not name is refused, because the token of another application proves
// nothing. Answers are cached for a minute at most, refusals for a few seconds; both caches and the number of questions under way are
// bounded.
//
// It does not verify ID tokens (authz/issuers), does not know who accepts which application (identitypool, iam), and does not sign
// users in (userpool/relyingparty).
//
// Source: Meta's Graph API reference, "/me" and "/app"; Login with Amazon developer guide, "Verifying access tokens"; Twitter's API
// reference, "GET account/verify_credentials"; RFC 5849 (OAuth 1.0).
package accesstoken
