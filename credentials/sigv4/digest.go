package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// digest is a SHA-256 hash or an HMAC-SHA256.
type digest = [sha256.Size]byte

// decodeDigest decodes 64 lower-case hexadecimal digits into d. It returns false for anything else, upper case included, so
// that a signature has one spelling.
func decodeDigest(d *digest, text string) bool {
	if len(text) != hex.EncodedLen(len(d)) {
		return false
	}
	for i := range len(text) {
		if 'A' <= text[i] && text[i] <= 'F' {
			return false
		}
	}
	_, err := hex.Decode(d[:], []byte(text))
	return err == nil
}

// isDigest reports whether text is 64 lower-case hexadecimal digits.
func isDigest(text string) bool {
	var d digest
	return decodeDigest(&d, text)
}

// sameDigest compares two digests in constant time.
func sameDigest(a, b *digest) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }
