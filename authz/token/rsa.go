package token

import (
	"crypto"
	"crypto/fips140"
	"crypto/rsa"
	"crypto/sha512"

	"filippo.io/bigmod"
)

// preparedRSA is an RSA key with the values derived from its modulus, which crypto/rsa computes for every signature. It
// is immutable.
type preparedRSA struct {
	of       *rsa.PublicKey // the key it was made from; see matches
	modulus  *bigmod.Modulus
	exponent uint
}

// prepare computes preparedRSA for an RSA key that has passed Check. In FIPS 140-3 mode it does nothing: only the
// validated module may verify then.
func (k *PublicKey) prepare() {
	key, ok := k.Key.(*rsa.PublicKey)
	if !ok || k.prepared.matches(key) || fips140.Enabled() {
		return
	}
	k.prepared = prepareRSA(key)
}

// prepareRSA returns nil if bigmod cannot use the modulus. crypto/rsa verifies with such a key.
func prepareRSA(key *rsa.PublicKey) *preparedRSA {
	modulus, err := bigmod.NewModulus(key.N.Bytes())
	if err != nil {
		return nil
	}
	return &preparedRSA{of: key, modulus: modulus, exponent: uint(key.E)}
}

// matches reports whether k was made from key. PublicKey is a plain struct whose Key may be replaced.
func (k *preparedRSA) matches(key *rsa.PublicKey) bool {
	return k != nil && k.of == key && k.exponent == uint(key.E)
}

// numbers is the reusable memory of a verification.
type numbers struct {
	signature, opened, expected bigmod.Nat
	encoded                     [maxRSABits / 8]byte
	sum                         [sha512.Size]byte
}

// verify is RSASSA-PKCS1-v1_5 verification (RFC 8017 section 8.2.2). It does not parse the decrypted signature. It
// compares it with the only valid encoding, as a whole and in constant time, which rules out Bleichenbacher's forgery.
func (k *preparedRSA) verify(n *numbers, hash crypto.Hash, digest, signature []byte) bool {
	size := k.modulus.Size()
	if len(signature) != size || size > len(n.encoded) { // step 1
		return false
	}
	s, err := n.signature.SetBytes(signature, k.modulus) // step 2: fails if the number is not below the modulus
	if err != nil || !encodePKCS1(n.encoded[:size], hash, digest) {
		return false
	}
	expected, err := n.expected.SetBytes(n.encoded[:size], k.modulus)
	return err == nil && n.opened.ExpShortVarTime(s, k.exponent, k.modulus).Equal(expected) == 1
}

// encodePKCS1 writes the EMSA-PKCS1-v1_5 encoding (RFC 8017 section 9.2) to into: 0x00 0x01 0xff… 0x00, the DigestInfo,
// the digest. It returns false if the hash is unknown, the digest has the wrong length, or into is too short.
func encodePKCS1(into []byte, hash crypto.Hash, digest []byte) bool {
	info, ok := digestInfos[hash]
	start := len(into) - len(info) - len(digest)
	if !ok || len(digest) != hash.Size() || start < 2+8+1 {
		return false
	}
	into[0], into[1], into[start-1] = 0, 1, 0
	for i := 2; i < start-1; i++ {
		into[i] = 0xff
	}
	copy(into[start:], info)
	copy(into[start+len(info):], digest)
	return true
}

// digestInfos are the DER encodings that precede the digest (RFC 8017 section 9.2, note 1).
var digestInfos = map[crypto.Hash]string{
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	crypto.SHA384: "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
	crypto.SHA512: "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
}
