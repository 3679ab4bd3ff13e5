// Package profiles keeps the users who sign in with identity providers.
//
// Service.SignIn takes what a provider proved, finds the user behind it, by a link or as the provider's own user, or makes a new one, and
// runs the triggers of a federated sign-in. It writes the mapped attributes at each sign-in. Link and Disable are the operations with
// which administrators link accounts at providers to users and unlink them. A user is never found by an address alone, unless the
// provider's declaration says so and the provider has verified it.
//
// It does not talk to providers (userpool/relyingparty and userpool/saml do) and does not answer browsers (userpool/federation does).
//
// Source: the developer guide, "User pool sign-in with third party identity providers", "Mapping IdP attributes to profiles and tokens" and
// "Linking federated users"; the API reference, AdminLinkProviderForUser and AdminDisableProviderForUser. docs/divergences.md names the
// reports that texts of errors are from.
package profiles
