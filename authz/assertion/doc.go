// Package assertion reads what SAML 2.0 identity providers say: their metadata, their responses and their logout messages.
//
// ParseMetadata reads the metadata of an identity provider. Read verifies a response and returns its one assertion. It reads
// nothing but what the signature covers: the signed element is written in its canonical form, verified, and parsed again from
// the bytes that were verified. Every other form of a response than the one that the profile describes is refused, so that
// there is no second assertion, no second signature and no second place for an identifier.
//
// It does not remember requests or assertions: callers pass the request that they expect an answer to, and keep assertions from
// being used twice until Assertion.Until. It writes no messages and fetches no metadata (userpool/saml).
//
// Source: the OASIS standards saml-core-2.0-os, saml-profiles-2.0-os (sections 4.1 and 4.4) and saml-metadata-2.0-os; W3C xmldsig-core and
// xmlenc-core1. The tests name the advisories that other implementations got.
package assertion
