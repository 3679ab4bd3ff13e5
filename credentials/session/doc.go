// Package session mints and opens temporary credentials that need no store: the session token contains the whole session,
// sealed.
//
// A Minter turns a Record (role, identity, tags, session policies, times) into an access key ID, a secret access key and a
// session token, as STS returns them. From the access key ID and the token it gets the Record and the secret access key back.
// The token is bound to its access key ID. The secret access key is random and is part of the sealed token, so that every node
// with the master key can verify a signature of a session that it has never seen before.
//
// The caller decides whether a session may be created (trust policies, limits of roles) and whether it has been revoked
// (compare the times, role, identity and logins of the Record). Package sigv4 verifies signatures.
//
// Sources: "Temporary security credentials in IAM" and the STS API reference for contents and lengths. The formats (ASIA and
// 16 characters of base32 for the access key ID, 40 characters for the secret) are what AWS clients expect.
package session
