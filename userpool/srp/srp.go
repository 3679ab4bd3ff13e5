package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// SaltSize is the length of a new salt in bytes, KeySize that of a session key.
const (
	SaltSize = 16
	KeySize  = 16
)

// Errors of Begin. They say nothing about the user.
var (
	ErrPublicA  = errors.New("srp: SRP_A is not a number of the group")
	ErrVerifier = errors.New("srp: no verifier")
)

// Name holds the two names to which a proof is bound in addition to the password: the part of the pool id after "_" and
// USER_ID_FOR_SRP, or a device group key and a device key.
type Name struct {
	Pool string // notes0001 of us-east-1_notes0001; a device group key for devices
	User string // USER_ID_FOR_SRP, case as there; a device key for devices
}

// NewSalt reads a salt from rand. Its first byte is never zero, so that the salt has one length as bytes and as a number.
func NewSalt(rand io.Reader) ([]byte, error) {
	salt := make([]byte, SaltSize)
	for {
		if _, err := io.ReadFull(rand, salt); err != nil {
			return nil, fmt.Errorf("srp: no randomness: %w", err)
		}
		if salt[0] != 0 {
			return salt, nil
		}
	}
}

// SaltHex returns the salt in its form in requests: an integer in hexadecimal without leading zero bytes.
func SaltHex(salt []byte) string { return new(big.Int).SetBytes(salt).Text(16) }

// Verifier computes v = g^x mod N for a password, as big-endian bytes. The password is taken as it is, without Unicode
// normalisation, as clients do.
func Verifier(n Name, password string, salt []byte) []byte {
	return new(big.Int).Exp(groupG, privateX(n, password, salt), groupN).Bytes()
}

// ValidVerifier reports whether v is a verifier with which Begin makes an exchange that needs the password: a number of the
// group other than 0, 1 and N-1, whose powers anyone can compute.
func ValidVerifier(v *big.Int) bool {
	return v.Cmp(big.NewInt(1)) > 0 && v.Cmp(new(big.Int).Sub(groupN, big.NewInt(1))) < 0
}

// privateX is x = H(pad(salt) ‖ H(pool ‖ user ‖ ":" ‖ password)).
func privateX(n Name, password string, salt []byte) *big.Int {
	inner := hash([]byte(n.Pool), []byte(n.User), []byte(":"), []byte(password))
	return new(big.Int).SetBytes(hash(pad(new(big.Int).SetBytes(salt)), inner))
}

// sessionKey is HKDF-SHA256(secret pad(S), salt pad(u), the clients' info), 16 bytes.
func sessionKey(s, u *big.Int) []byte {
	key, err := hkdf.Key(sha256.New, pad(s), pad(u), "Caldera Derived Key", KeySize)
	if err != nil {
		panic("srp: " + err.Error()) // only for a length above 255 hashes
	}
	return key
}

// Signature returns the signature that a client must send: Base64(HMAC-SHA256(key, pool ‖ user ‖ secret block ‖ timestamp)).
// The secret block is the bytes, not their Base64 text.
func Signature(key []byte, n Name, secretBlock []byte, timestamp string) string {
	return base64.StdEncoding.EncodeToString(mac(key, n, secretBlock, timestamp))
}

// Check reports whether a client's signature is right. It compares in constant time. A signature that is not Base64 is wrong.
func Check(key []byte, n Name, secretBlock []byte, timestamp, signature string) bool {
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		got = nil // still compared, so that an invalid encoding takes as long as a wrong signature
	}
	return hmac.Equal(got, mac(key, n, secretBlock, timestamp))
}

func mac(key []byte, n Name, secretBlock []byte, timestamp string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(n.Pool))
	m.Write([]byte(n.User))
	m.Write(secretBlock)
	m.Write([]byte(timestamp))
	return m.Sum(nil)
}
