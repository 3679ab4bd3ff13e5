package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
)

// Limits on keys. RFC 7518 section 3.3 requires 2048 bits; the upper bound keeps a hostile key set from making
// verification slow.
const (
	minRSABits  = 2048
	maxRSABits  = 8192
	maxKeyIDLen = 256
)

// PublicKey is a verification key.
type PublicKey struct {
	ID        string           // kid, 1 to 256 bytes; empty for a key of a JWKS that has none
	Algorithm string           // alg; empty allows every algorithm of the key's type that the issuer lists
	Key       crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey on P-256, P-384 or P-521, or ed25519.PublicKey

	prints   []string     // x5t and x5t#S256 of a key of a JWKS
	prepared *preparedRSA // set by key sets, for RSA keys
}

// Check returns an error if the key must not be used: because of its ID, size, exponent or curve, because Algorithm does
// not match its type, or because its modulus has the ROCA weakness (CVE-2017-15361). The error has no key material.
func (k *PublicKey) Check() error {
	if k.ID == "" || len(k.ID) > maxKeyIDLen {
		return errors.New("token: a key needs a kid of 1 to 256 bytes")
	}
	return k.checkKey()
}

// checkKey is Check without the ID.
func (k *PublicKey) checkKey() error {
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if err := checkRSA(key); err != nil {
			return err
		}
	case *ecdsa.PublicKey:
		if _, err := key.Bytes(); err != nil { // refuses other curves and points that are not on the curve
			return errors.New("token: the key is not a point on its curve")
		}
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return errors.New("token: an Ed25519 key has 32 bytes")
		}
	default:
		return fmt.Errorf("token: cannot verify tokens with a key of type %T", k.Key)
	}
	for _, a := range algorithms {
		if a.fits(k) {
			return nil
		}
	}
	return errors.New("token: the key's alg does not match its type")
}

func checkRSA(key *rsa.PublicKey) error {
	bits := key.N.BitLen()
	switch {
	case bits < minRSABits || bits > maxRSABits:
		return fmt.Errorf("token: the RSA key has %d bits; use %d to %d", bits, minRSABits, maxRSABits)
	case key.N.Bit(0) == 0:
		return errors.New("token: the RSA modulus is even")
	case key.E < 3 || key.E&1 == 0 || key.E > 1<<31-1:
		return errors.New("token: the RSA exponent is even, less than 3, or too large")
	case hasROCA(key.N):
		return errors.New("token: the RSA key has the ROCA weakness (CVE-2017-15361); replace it")
	}
	return nil
}

// rocaPrimes are the odd primes up to 167. A modulus from the faulty library is a power of 65537 modulo each of them. Any
// other modulus is with a probability below 2^-27 (Nemec et al., "The Return of Coppersmith's Attack").
var rocaPrimes = []uint64{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
	101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167}

func hasROCA(n *big.Int) bool {
	var rest, prime big.Int
	for _, p := range rocaPrimes {
		want := rest.Mod(n, prime.SetUint64(p)).Uint64()
		power, found := uint64(1), false
		for range p {
			if power == want {
				found = true
				break
			}
			power = power * 65537 % p
		}
		if !found {
			return false
		}
	}
	return true
}

// equal reports whether k and other are the same key with the same Algorithm.
func (k *PublicKey) equal(other *PublicKey) bool {
	type comparer interface{ Equal(crypto.PublicKey) bool }
	mine, ok := k.Key.(comparer)
	return ok && k.Algorithm == other.Algorithm && mine.Equal(other.Key)
}
