// Package relyingparty signs users in through OpenID Connect and OAuth 2.0 providers: Google, Facebook, Login with Amazon, Sign in with
// Apple, and any provider of OpenID Connect.
//
// Service is a providers.Leg. Ask makes the URL of the provider's sign-in page. Read checks the answer that the browser brings back: it
// redeems the code, verifies the ID token with the verifier that the edge uses, reads the user's attributes, and joins both to a Proof.
// Addresses that a provider's details lack are discovered. Discovery documents and key sets are cached for minutes. Every request to a
// provider is bounded in time, size and destination (package outbound), and a provider that does not answer delays only its own users.
//
// It does not keep requests (userpool/federation), map attributes or know users (userpool/profiles), or speak SAML (userpool/saml).
//
// Source: OpenID Connect Core 1.0 and Discovery 1.0; RFC 6749, 7523, 7636, 9207; the providers' own documentation; the developer guide,
// "Using OIDC identity providers with a user pool" and "Using social identity providers with a user pool".
package relyingparty
