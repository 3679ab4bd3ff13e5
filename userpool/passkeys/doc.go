// Package passkeys keeps the WebAuthn credentials of users.
//
// Service registers, lists and deletes passkeys for the holder of an access token. For the sign-in machine it makes the
// options of an assertion (Ask) and verifies the assertion (Answer). A registration has a challenge in the store, which is
// valid for one completion within 5 minutes. A sign-in's challenge is in its sealed session.
//
// The exceptions of a registration follow a fixed order, so the checks are made here one by one. The library parses the
// credentials and verifies the signatures.
//
// It does not order challenges or issue tokens (userpool/signin), or decode requests (server/cognitoidp).
//
// Source: Web Authentication Level 3, sections 7.1 and 7.2; the API reference of StartWebAuthnRegistration,
// CompleteWebAuthnRegistration, ListWebAuthnCredentials and DeleteWebAuthnCredential; the developer guide on passkeys.
package passkeys
