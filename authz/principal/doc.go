// Package principal defines the principal of a request: the immutable value that a verified credential becomes.
//
// A Principal holds what tokens and temporary credentials say about the caller in one form, so that mapping, decisions, headers
// and logs do not depend on the kind of credential.
//
// Other packages verify credentials (authz/token, credentials/sigv4, credentials/session), choose policies, and define the
// condition keys for these values (authz).
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Sources: Cognito's token claims; IAM's request context for role sessions.
package principal
