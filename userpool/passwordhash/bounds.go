package passwordhash

import "math/bits"

// The bounds of the costs. Those of bcrypt, scrypt and PBKDF2 with SHA-256 are Cognito's. Argon2 may also be as Keycloak makes it,
// with more passes over less memory, for the same work. The others are about as expensive.
const (
	maxBcrypt       = 12
	maxScryptN      = 65536
	maxScryptR      = 8
	maxArgonMemory  = 19456     // KiB
	maxArgonWork    = 2 * 19456 // KiB times passes
	maxPBKDF2SHA1   = 1_300_000
	maxPBKDF2SHA256 = 600_000
	maxPBKDF2SHA512 = 600_000
	maxSalt         = 1024
	maxKey          = 128
	minKey          = 16
)

func (h *Hash) check() error {
	c := h.costs
	if len(h.salt) > maxSalt || h.size < minKey || h.size > maxKey {
		return ErrForm
	}
	switch h.kind {
	case bcryptKind:
		if len(h.salt) != bcryptSaltLen || h.size != bcryptKeyLen {
			return ErrForm
		}
		return within(c[0] >= 4, c[0] <= maxBcrypt)
	case scryptKind, firebaseKind:
		if h.kind == firebaseKind && h.size != firebaseKeyLen {
			return ErrForm
		}
		return within(c[0] > 1 && bits.OnesCount(uint(c[0])) == 1 && c[1] >= 1 && c[2] >= 1, c[0] <= maxScryptN && c[1] <= maxScryptR && c[2] == 1)
	case argon2iKind, argon2idKind:
		return within(c[0] >= 8 && c[1] >= 1 && c[2] >= 1 && len(h.salt) >= 8, c[0] <= maxArgonMemory && c[1] <= maxArgonWork/c[0] && c[2] == 1)
	case pbkdf2SHA1Kind:
		return within(c[0] >= 1 && h.size <= h.kind.block(), c[0] <= maxPBKDF2SHA1)
	case pbkdf2SHA256Kind:
		return within(c[0] >= 1 && h.size <= h.kind.block(), c[0] <= maxPBKDF2SHA256)
	case pbkdf2SHA512Kind:
		return within(c[0] >= 1 && h.size <= h.kind.block(), c[0] <= maxPBKDF2SHA512)
	}
	return ErrForm
}

func within(form, bound bool) error {
	switch {
	case !form:
		return ErrForm
	case !bound:
		return ErrCost
	}
	return nil
}
