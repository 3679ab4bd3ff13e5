// Package session makes and reads temporary credentials that need no store: everything about a session is sealed inside
// its session token.
//
// What it does: a Minter turns a Record (role, identity, tags, session policies, times) into an access key id, a secret
// access key and a session token, as STS answers them, and gets the Record and the secret back from the key id and the
// token. The token is bound to its key id; the secret is random and travels sealed in it, so any node with the master key
// can verify a signature, and none needs to have seen the session before.
//
// What it leaves to others: whether the session may exist (trust policies, limits of roles), whether it has been revoked
// since (compare Record's times, role, identity and logins), and the signature itself, which is package sigv4's.
//
// Source: "Temporary security credentials in IAM" and the STS API reference for what they hold and their lengths; the
// forms (ASIA and 16 base32 characters, 40 characters of secret) follow what AWS's clients expect.
package session
