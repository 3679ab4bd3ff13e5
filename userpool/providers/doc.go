// Package providers keeps the identity providers of user pools: with whom users can sign in other than with the pool itself.
//
// A Provider has a type, details (ids, secrets and addresses), a mapping of its attributes to the pool's, and identifiers that can
// represent its name. Each type has its own file, which lists its details and defaults. Service has the
// operations of the API and gives sign-ins what they need. Details are sealed in the store. Leg is the contract of the packages that
// ask a provider who the user is, and Proof what they learn.
//
// It does not talk to providers (userpool/relyingparty and userpool/saml do), and it does not know users (userpool/profiles does). Work
// that a type needs when a provider is made, such as reading metadata, is a Maker, which comes in from outside.
//
// Source: the cognito-idp API reference, operations CreateIdentityProvider to UpdateIdentityProvider; the developer guide, "User pool
// sign-in with third party identity providers". docs/divergences.md names the reports that texts of errors are from.
package providers
