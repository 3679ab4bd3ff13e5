// Package archive writes a user pool to an encrypted stream and reads it into another Sluice.
//
// What it does: Export reads a pool and everything that belongs to it in one snapshot, opens what the store keeps sealed, and
// encrypts the records with age for a passphrase or for public keys. Import reads such a stream, seals secrets with the master key of
// its own box, and writes a pool that nothing sees until all of it is there. Both hold a few records in memory.
//
// What it leaves to others: the purposes under which secrets are sealed (the packages that keep them), what records mean, and files,
// passphrases and messages for people (node/userpoolcmd).
//
// Source: docs/archive.md describes the format; https://age-encryption.org/v1.
package archive
