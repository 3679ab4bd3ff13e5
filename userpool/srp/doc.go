// Package srp implements the server's part of SRP as Cognito user pools and their clients use it.
//
// What it does: verifiers from passwords, the server's half of an exchange, the session key, and the check of the client's
// signature with its timestamp. The same formulas serve users (pool name and user id) and devices (device group key and
// device key). The state between the two messages is a value that the caller seals and gives to the client to carry.
//
// What it leaves to others: sealing verifiers and exchanges, counting failures, how late a timestamp may be, and what a
// client is told.
//
// Source: RFC 5054 for the group, with the deviations that the official clients share: SHA-256, integers hashed as
// two's-complement big-endian bytes without padding to the length of N, and an HKDF with the info "Caldera Derived Key"
// over 16 bytes. testdata/srp-vectors.json holds every number.
package srp
