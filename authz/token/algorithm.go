package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
	"slices"
)

// algorithm is a signature algorithm of RFC 7518 section 3.1, RFC 8037 or RFC 9864.
type algorithm struct {
	name   string
	hash   crypto.Hash // 0 for EdDSA
	family family
	curve  elliptic.Curve // for ECDSA: RFC 7518 section 3.4 ties each algorithm to one curve
	size   int            // for ECDSA: bytes of r and of s
}

type family uint8

const (
	rsaPKCS1 family = iota + 1
	rsaPSS
	ecdsaFixed
	edDSA
)

// algorithms are the algorithms that tokens can be verified and signed with, in the order of a discovery document. There
// is no symmetric algorithm and no "none".
var algorithms = []*algorithm{
	{name: "RS256", family: rsaPKCS1, hash: crypto.SHA256},
	{name: "RS384", family: rsaPKCS1, hash: crypto.SHA384},
	{name: "RS512", family: rsaPKCS1, hash: crypto.SHA512},
	{name: "PS256", family: rsaPSS, hash: crypto.SHA256},
	{name: "PS384", family: rsaPSS, hash: crypto.SHA384},
	{name: "PS512", family: rsaPSS, hash: crypto.SHA512},
	{name: "ES256", family: ecdsaFixed, hash: crypto.SHA256, curve: elliptic.P256(), size: 32},
	{name: "ES384", family: ecdsaFixed, hash: crypto.SHA384, curve: elliptic.P384(), size: 48},
	{name: "ES512", family: ecdsaFixed, hash: crypto.SHA512, curve: elliptic.P521(), size: 66},
	{name: "EdDSA", family: edDSA},
	{name: "Ed25519", family: edDSA}, // the same with Ed25519, the only curve of EdDSA that there is here
}

// Algorithms returns the names of the supported algorithms.
func Algorithms() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.name
	}
	return names
}

func algorithmNamed(name string) *algorithm {
	for _, a := range algorithms {
		if a.name == name {
			return a
		}
	}
	return nil
}

// fits reports whether the key may be used with the algorithm: the key's type must match, and its alg if it has one
// (RFC 8725 section 3.1).
func (a *algorithm) fits(key *PublicKey) bool {
	if key.Algorithm != "" && key.Algorithm != a.name {
		if named := algorithmNamed(key.Algorithm); a.family != edDSA || named == nil || named.family != edDSA {
			return false
		}
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		return a.family == rsaPKCS1 || a.family == rsaPSS
	case *ecdsa.PublicKey:
		return a.family == ecdsaFixed && a.curve == k.Curve
	case ed25519.PublicKey:
		return a.family == edDSA
	}
	return false
}

// RFC 7518 section 3.5: the salt is as long as the hash.
var pssOptions = rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}

// verify reports whether signature is a signature of the key over signed. The caller must have checked fits. verify
// overwrites n.
func (a *algorithm) verify(n *numbers, key *PublicKey, signed, signature []byte) bool {
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		digest := a.digest(&n.sum, signed)
		if a.family == rsaPKCS1 {
			if key.prepared.matches(k) {
				return key.prepared.verify(n, a.hash, digest, signature)
			}
			return rsa.VerifyPKCS1v15(k, a.hash, digest, signature) == nil
		}
		return rsa.VerifyPSS(k, a.hash, digest, signature, &pssOptions) == nil
	case *ecdsa.PublicKey:
		// RFC 7518 section 3.4: r and s, each in full length. crypto/ecdsa refuses r and s that are out of range.
		if len(signature) != 2*a.size {
			return false
		}
		r := new(big.Int).SetBytes(signature[:a.size])
		s := new(big.Int).SetBytes(signature[a.size:])
		return ecdsa.Verify(k, a.digest(&n.sum, signed), r, s)
	case ed25519.PublicKey:
		return len(signature) == ed25519.SignatureSize && ed25519.Verify(k, signed, signature)
	}
	return false
}

func (a *algorithm) digest(into *[sha512.Size]byte, data []byte) []byte {
	switch a.hash {
	case crypto.SHA256:
		sum := sha256.Sum256(data)
		return into[:copy(into[:], sum[:])]
	case crypto.SHA384:
		sum := sha512.Sum384(data)
		return into[:copy(into[:], sum[:])]
	default:
		*into = sha512.Sum512(data)
		return into[:]
	}
}

// algorithmSet resolves names; no names means RS256. It returns false if a name is unknown.
func algorithmSet(names []string) ([]*algorithm, bool) {
	if len(names) == 0 {
		names = []string{"RS256"} // as Cognito
	}
	set := make([]*algorithm, 0, len(names))
	for _, name := range names {
		a := algorithmNamed(name)
		if a == nil {
			return nil, false
		}
		if !slices.Contains(set, a) {
			set = append(set, a)
		}
	}
	return set, true
}
