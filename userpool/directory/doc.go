// Package directory keeps the users and groups of user pools.
//
// It signs users up, confirms them by code, resets and changes passwords, and does what administrators ask. It hashes
// passwords and compares them under a lockout (Guard), makes and checks one-time codes, and writes the messages that carry
// them. It hides whether a user exists: Find returns a Subject, which is a user or a stand-in that answers like one.
//
// It does not run sign-ins (userpool/signin), issue tokens (userpool/tokens), carry messages (message) or decide who may
// call an administrator's operation (server/caller).
//
// Source: the cognito-idp API reference and the Amazon Cognito developer guide of November 2026, in particular "Managing
// user existence error responses" and "Lockout behavior for failed sign-in attempts".
package directory
