// Package seal encrypts, authenticates and hashes under keys that are derived from a master key.
//
// A Box seals bytes for a purpose and opens them only for the same purpose, so that a token of one kind is never accepted as
// one of another kind. Each purpose has its own keys. A Box can hold several master keys: it seals with the first and opens
// with all of them, so that a master key can be replaced. MAC and Derive return keyed hashes and keys from the same master
// key. A Secret is a string that logs, format verbs and encoders do not show.
//
// The caller stores the master key: the server reads it from the environment or from a file of mode 0600. The caller also
// decides when a sealed message expires (seal the time with it) and whether it was used before. Sealing hides the content of a
// message, but not its length.
//
// Sources: XChaCha20-Poly1305 as in draft-irtf-cfrg-xchacha-03, whose 192-bit nonces can be random for any number of
// messages, so that nodes with the same master key need not coordinate; HKDF-SHA256 (RFC 5869); HMAC-SHA256 (RFC 2104).
package seal
