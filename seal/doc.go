// Package seal keeps secrets that leave the process: it encrypts, authenticates and hashes under keys derived from a
// master key.
//
// What it does: a Box seals bytes for a purpose and opens them for the same purpose only, so a string made as one kind of
// token never passes for another. Each purpose has keys of its own, derived from the master key. Several master keys can
// be held at once: the first seals, all of them open, which is how a master key is replaced. MAC and Derive give keyed
// hashes and keys from the same source. A Secret is a string that no log, format verb or encoder can show.
//
// What it leaves to others: where the master key is kept (the host reads the environment or a file of mode 0600), when
// something sealed is over (put the time inside), and whether it was used before. Sealing hides content, not length.
//
// Source: XChaCha20-Poly1305 as in draft-irtf-cfrg-xchacha-03, whose 192-bit nonces may be random for any number of
// messages, so that nodes sharing a master key need no agreement; HKDF-SHA256 of RFC 5869; HMAC-SHA256 of RFC 2104.
package seal
