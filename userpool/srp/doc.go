// Package srp implements the server's part of SRP as Cognito user pools and their clients use it.
//
// It computes verifiers from passwords, the server's half of an exchange and the session key, and checks the client's
// signature with its timestamp. The same formulas serve users (pool name and user id) and devices (device group key and
// device key). The caller seals the state between the two messages and sends it to the client, which returns it.
//
// It does not seal verifiers and exchanges, count failures, limit the age of timestamps, or choose the client's error.
//
// Source: RFC 5054 for the group, with the deviations that the official clients share: SHA-256, integers hashed as
// two's-complement big-endian bytes without padding to the length of N, and an HKDF with the info "Caldera Derived Key"
// over 16 bytes. testdata/srp-vectors.json holds every number.
package srp
