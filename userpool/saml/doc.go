// Package saml signs users of user pools in through SAML 2.0 identity providers.
//
// Service is the service provider of every pool: its name is urn:amazon:cognito:sp:{poolId}, and its addresses are those of the pool's
// domain. It is the leg of providers of type SAML (providers.Leg): Ask makes a request, signed if the provider requires it, and Read takes
// the answer, once. It is their Maker, too: it reads metadata and makes the key for encrypted answers. A pool has a key that signs, whose
// certificate SigningCertificate returns and Metadata describes. SignOut sends a browser to sign out at the provider, and SignedOut takes
// it back. Demanded reads a provider's own request to sign a user out, which Obeyed answers.
//
// What a response must be is in authz/assertion. It does not know browsers and requests that wait (userpool/federation) nor users
// (userpool/profiles).
//
// Source: the developer guide, "Using SAML identity providers with a user pool" with its parts on signing, encryption, IdP-initiated
// sign-in and sign-out; operation GetSigningCertificate of the API reference; saml-bindings-2.0-os section 3.4; saml-profiles-2.0-os
// section 4.4.
package saml
