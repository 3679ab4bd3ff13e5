// Package revoke records which tokens and temporary credentials were revoked before they expire.
//
// An Index holds revocations in bounded memory and reports whether a Credential is revoked. Reads take no lock. Epoch
// changes with every new revocation, so that a cached result stays valid until then. A Record is the serializable form
// of a revocation. Records can be applied repeatedly, late and in any order, so that they can be stored, replayed and
// sent to other processes.
//
// The package does not store records (store), transport them between processes (caddymodule's revocation feed), revoke
// refresh tokens (userpool), or read tokens (authz/token). Package authz calls the Index.
//
// Sources: Cognito's GlobalSignOut, AdminUserGlobalSignOut and RevokeToken (developer guide, "Ending user sessions with token
// revocation"); IAM's revocation of role sessions by aws:TokenIssueTime.
package revoke
