package passwordhash

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// kind is a function that derives a key from a password.
type kind string

const (
	bcryptKind       kind = "bcrypt"        // costs: cost
	scryptKind       kind = "scrypt"        // costs: N, r, p
	firebaseKind     kind = "firebase"      // costs: N, r, p
	argon2iKind      kind = "argon2i"       // costs: memory in KiB, passes, lanes
	argon2idKind     kind = "argon2id"      // costs: memory in KiB, passes, lanes
	pbkdf2SHA1Kind   kind = "pbkdf2-sha1"   // costs: iterations
	pbkdf2SHA256Kind kind = "pbkdf2-sha256" // costs: iterations
	pbkdf2SHA512Kind kind = "pbkdf2-sha512" // costs: iterations
)

// Hash verifies a password that another system hashed. Make one with Parse, Stored or one of the functions that take parts.
// Formatting it shows the function and its costs only.
type Hash struct {
	kind  kind
	costs [3]int
	size  int      // bytes of the derived key that are compared
	salt  []byte   //
	sum   [32]byte // SHA-256 of these bytes
}

// Errors of hashes. None contains the hash.
var (
	// ErrForm is returned for a text that is not a hash of the algorithm.
	ErrForm = errors.New("passwordhash: the password hash does not have the form of its algorithm")
	// ErrCost is returned for a hash whose verification would cost more than the bound.
	ErrCost = errors.New("passwordhash: the costs of the password hash are above the bound")
)

// prefix begins the stored form of a Hash. No form of another system begins so.
const prefix = "$imported$"

// IsStored reports whether the text is the stored form of a Hash, as opposed to a hash that package directory made.
func IsStored(text string) bool { return strings.HasPrefix(text, prefix) }

// Text returns the stored form: "$imported$<function>$<costs>$<size>$<salt>$<digest of the hash>", salt and digest in base64.
func (h *Hash) Text() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("%s%s$%d,%d,%d$%d$%s$%s", prefix, h.kind, h.costs[0], h.costs[1], h.costs[2], h.size,
		enc.EncodeToString(h.salt), enc.EncodeToString(h.sum[:]))
}

// Stored parses the stored form. It applies the bounds again.
func Stored(text string) (*Hash, error) {
	rest, ok := strings.CutPrefix(text, prefix)
	f := strings.Split(rest, "$")
	if !ok || len(f) != 5 {
		return nil, ErrForm
	}
	h := &Hash{kind: kind(f[0])}
	costs := strings.Split(f[1], ",")
	if len(costs) != len(h.costs) {
		return nil, ErrForm
	}
	for i := range costs {
		if h.costs[i], ok = number(costs[i]); !ok {
			return nil, ErrForm
		}
	}
	if h.size, ok = number(f[2]); !ok {
		return nil, ErrForm
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(f[3]); err != nil {
		return nil, ErrForm
	}
	sum, err := base64.RawStdEncoding.DecodeString(f[4])
	if err != nil || len(sum) != len(h.sum) {
		return nil, ErrForm
	}
	copy(h.sum[:], sum)
	return h, h.check()
}

// number parses a decimal number without sign or leading zeros.
func number(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == text
}

// newHash returns the Hash of a derived key, or an error if it is above the bounds.
func newHash(k kind, costs [3]int, salt, key []byte) (*Hash, error) {
	if size := k.block(); size > 0 && len(key) > size {
		key = key[:size] // the blocks of PBKDF2 do not depend on each other
	}
	h := &Hash{kind: k, costs: costs, size: len(key), salt: salt, sum: sha256.Sum256(key)}
	return h, h.check()
}

// String returns the function and its costs, to be shown. It holds no secret.
func (h *Hash) String() string { return fmt.Sprintf("%s %v", h.kind, h.costs) }

// GoString is String, so that no way of formatting shows more.
func (h *Hash) GoString() string { return h.String() }

// Matches reports whether the hash is the password's. It takes up to half a second and Memory bytes.
func (h *Hash) Matches(password string) bool {
	key, err := h.derive([]byte(password))
	if err != nil {
		return false
	}
	sum := sha256.Sum256(key)
	return subtle.ConstantTimeCompare(sum[:], h.sum[:]) == 1
}

// Memory returns how many bytes Matches needs.
func (h *Hash) Memory() int {
	switch h.kind { //nolint:exhaustive // the others need little
	case scryptKind, firebaseKind:
		return 128 * h.costs[0] * h.costs[1]
	case argon2iKind, argon2idKind:
		return h.costs[0] << 10
	}
	return 8 << 10
}
