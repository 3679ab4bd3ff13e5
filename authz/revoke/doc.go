// Package revoke knows which tokens and temporary credentials are dead before their time.
//
// What it does: an Index holds revocations in memory, in bounded space, and tells of a Credential whether one of them
// meets it. Reading takes no lock; Epoch changes with every new revocation, so that whoever has cached a result asks
// again only then. A Record is one revocation as data: applying it twice, or late, or out of order does no harm, so that
// records can be stored, replayed and sent to other processes.
//
// What it leaves to others: keeping records over a restart (store), carrying them between processes (the revocation
// stream), ending refresh tokens (userpool), and asking (authz). Nothing here reads a token.
//
// Source: Cognito's GlobalSignOut, AdminUserGlobalSignOut and RevokeToken (developer guide, "Ending user sessions with
// token revocation"); IAM's revocation of role sessions by aws:TokenIssueTime.
package revoke
