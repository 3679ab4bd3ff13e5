package passwordhash

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // imported hashes use it; HMAC with SHA-1 is not broken
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blowfish" //nolint:staticcheck // SA1019: bcrypt is made of it
	"golang.org/x/crypto/scrypt"
)

const (
	bcryptSaltLen = 16
	bcryptKeyLen  = 23 // the last byte of the 24 is not kept in bcrypt's form
)

// derive returns the bytes whose digest a Hash keeps.
func (h *Hash) derive(password []byte) ([]byte, error) {
	c := h.costs
	switch h.kind {
	case bcryptKind:
		return bcrypt(password, h.salt, c[0])
	case scryptKind:
		return scrypt.Key(password, h.salt, c[0], c[1], c[2], h.size)
	case firebaseKind:
		return firebase(password, h.salt, c)
	case argon2iKind:
		return argon2.Key(password, h.salt, uint32(c[1]), uint32(c[0]), uint8(c[2]), uint32(h.size)), nil //nolint:gosec // check bounds all of them
	case argon2idKind:
		return argon2.IDKey(password, h.salt, uint32(c[1]), uint32(c[0]), uint8(c[2]), uint32(h.size)), nil //nolint:gosec // check bounds all of them
	case pbkdf2SHA1Kind, pbkdf2SHA256Kind, pbkdf2SHA512Kind:
		return pbkdf2.Key(h.kind.digest(), string(password), h.salt, c[0], h.size)
	}
	return nil, ErrForm
}

// digest returns the hash function of PBKDF2, nil for other kinds.
func (k kind) digest() func() hash.Hash {
	switch k { //nolint:exhaustive // the others are not PBKDF2
	case pbkdf2SHA1Kind:
		return sha1.New
	case pbkdf2SHA256Kind:
		return sha256.New
	case pbkdf2SHA512Kind:
		return sha512.New
	}
	return nil
}

// block returns the bytes of one block of PBKDF2, 0 for other kinds.
func (k kind) block() int {
	if f := k.digest(); f != nil {
		return f().Size()
	}
	return 0
}

// bcrypt is bcrypt with a given salt, which package golang.org/x/crypto/bcrypt does not offer. Like every implementation of the
// variants a, b and y it uses the first 72 bytes of the password and a final zero.
func bcrypt(password, salt []byte, cost int) ([]byte, error) {
	key := append(password[:len(password):len(password)], 0)
	c, err := blowfish.NewSaltedCipher(key, salt)
	if err != nil {
		return nil, err
	}
	for range 1 << cost {
		blowfish.ExpandKey(key, c)
		blowfish.ExpandKey(salt, c)
	}
	text := []byte("OrpheanBeholderScryDoubt")
	for i := 0; i < len(text); i += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(text[i:i+blowfish.BlockSize], text[i:i+blowfish.BlockSize])
		}
	}
	return text[:bcryptKeyLen], nil
}

// firebaseKeyLen is the length of a hash of Firebase, that of its signer key.
const firebaseKeyLen = 64

// firebase returns the key stream with which Firebase encrypts its signer key: AES-256 in counter mode under the first half of the
// key that scrypt derives.
func firebase(password, salt []byte, c [3]int) ([]byte, error) {
	key, err := scrypt.Key(password, salt, c[0], c[1], c[2], 64)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return nil, err
	}
	stream := make([]byte, firebaseKeyLen)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(stream, stream) //nolint:gosec // G407: Firebase uses each key for one stream, with this IV
	return stream, nil
}
