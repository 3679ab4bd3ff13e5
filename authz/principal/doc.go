// Package principal holds the one who asks: the immutable value that a verified credential becomes.
//
// What it does: it carries what tokens and temporary credentials say about their bearer in one shape, so that mapping,
// decision, headers and logs need not know which credential was shown.
//
// What it leaves to others: verifying credentials (authz/token, credentials/sigv4, credentials/session), choosing
// policies, and the names under which condition keys see these values (authz).
//
// Source: Cognito's token claims; IAM's request context for role sessions.
package principal
