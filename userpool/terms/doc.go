// Package terms keeps the documents that the users of an app client agree to when they sign up: the terms of use and the privacy
// policy.
//
// A document is a link for each language. Service creates, changes, lists and deletes documents, and LinksFor returns those that a
// sign-up shows.
//
// It does not show them (server/login) or record that a user agreed: AWS does not either.
//
// Source: the operations on terms in the cognito-idp API reference, and the chapter on terms documents in the Amazon Cognito
// developer guide, November 2026.
package terms
