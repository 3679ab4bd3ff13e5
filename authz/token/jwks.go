package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
)

// JWKS is what a JSON Web Key Set (RFC 7517) holds for the verification of tokens.
type JWKS struct {
	Keys    []PublicKey // each has passed Check; each id once
	Skipped []error     // why each other key is not there; names no key material
}

// ParseJWKS reads a key set of at most maxKeys keys. Keys that are for something else, of an unknown kind, without id,
// or unfit (see Check) are skipped, as RFC 7517 section 5 asks, and so are keys that come with their private half:
// whoever reads the set could sign. Two different keys with one id are both skipped, because which of them a token means
// cannot be told. A document that is not a key set, or with too many keys, is an error.
func ParseJWKS(data []byte, maxKeys int) (*JWKS, error) {
	raws, err := splitJWKS(data, maxKeys)
	if err != nil {
		return nil, err
	}
	set := &JWKS{}
	place := make(map[string]int, len(raws)) // id → index in Keys, -1 when ambiguous
	for _, raw := range raws {
		key, err := parseJWK(string(raw))
		if err != nil {
			set.Skipped = append(set.Skipped, err)
			continue
		}
		at, known := place[key.ID]
		switch {
		case !known:
			place[key.ID] = len(set.Keys)
			set.Keys = append(set.Keys, *key)
		case at >= 0 && set.Keys[at].equal(key): // the same key twice does no harm
		default:
			place[key.ID] = -1
			set.Skipped = append(set.Skipped, errors.New("token: different keys with one kid"))
		}
	}
	set.Keys = slices.DeleteFunc(set.Keys, func(k PublicKey) bool { return place[k.ID] < 0 })
	return set, nil
}

// splitJWKS finds the keys in the document.
func splitJWKS(data []byte, maxKeys int) ([]json.RawMessage, error) {
	bad := func(detail string) ([]json.RawMessage, error) {
		return nil, errors.New("token: not a key set: " + detail)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return bad("not a JSON object")
	}
	var raws []json.RawMessage
	for found := false; d.More(); {
		name, err := d.Token()
		if err != nil {
			return bad("broken JSON")
		}
		if name != "keys" {
			var other json.RawMessage
			if d.Decode(&other) != nil {
				return bad("broken JSON")
			}
			continue
		}
		if t, err := d.Token(); found || err != nil || t != json.Delim('[') {
			return bad("keys is not one array")
		}
		found = true
		for d.More() {
			var raw json.RawMessage
			if d.Decode(&raw) != nil {
				return bad("broken JSON")
			}
			if raws = append(raws, raw); len(raws) > maxKeys {
				return bad(fmt.Sprintf("more than %d keys", maxKeys))
			}
		}
		if _, err := d.Token(); err != nil {
			return bad("broken JSON")
		}
	}
	if t, err := d.Token(); err != nil || t != json.Delim('}') {
		return bad("broken JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad("something behind it")
	}
	if raws == nil {
		return bad("no keys")
	}
	return raws, nil
}

// jwk holds the members of RFC 7517 section 4 and RFC 7518 section 6 that are read here.
type jwk struct{ kty, use, alg, kid, crv, n, e, x, y string }

func parseJWK(text string) (*PublicKey, error) {
	var s scanner
	if err := s.object(text); err != nil {
		return nil, errors.New("token: a key that is not strict JSON")
	}
	var j jwk
	for _, m := range s.members {
		raw := s.text[m.valueStart:m.valueEnd]
		var to *string
		switch s.nameOf(m) {
		case "kty":
			to = &j.kty
		case "use":
			to = &j.use
		case "alg":
			to = &j.alg
		case "kid":
			to = &j.kid
		case "crv":
			to = &j.crv
		case "n":
			to = &j.n
		case "e":
			to = &j.e
		case "x":
			to = &j.x
		case "y":
			to = &j.y
		case "d", "p", "q", "dp", "dq", "qi", "oth", "k":
			return nil, errors.New("token: a key with private members in a public set")
		case "key_ops":
			ops, ok := appendStrings(nil, raw)
			if !ok || !slices.Contains(ops, "verify") {
				return nil, errors.New("token: a key whose key_ops have no verify")
			}
			continue
		default:
			continue
		}
		var ok bool
		if *to, ok = stringOf(raw); !ok {
			return nil, errors.New("token: a key member that is not a string")
		}
	}
	return j.key()
}

func (j *jwk) key() (*PublicKey, error) {
	if j.use != "" && j.use != "sig" {
		return nil, errors.New("token: a key that is not for signatures")
	}
	key := &PublicKey{ID: j.kid, Algorithm: j.alg}
	var err error
	switch j.kty {
	case "RSA":
		key.Key, err = j.rsa()
	case "EC":
		key.Key, err = j.ec()
	case "OKP":
		key.Key, err = j.okp()
	default:
		err = errors.New("token: a key of a type that tokens are not verified with")
	}
	if err != nil {
		return nil, err
	}
	if err := key.Check(); err != nil {
		return nil, err
	}
	key.prepare()
	return key, nil
}

func (j *jwk) rsa() (*rsa.PublicKey, error) {
	n, nok := decodeStrict(j.n)
	e, eok := decodeStrict(j.e)
	if !nok || !eok || len(n) > maxRSABits/8+1 || len(e) > 8 {
		return nil, errors.New("token: an RSA key whose n or e is malformed")
	}
	exponent := new(big.Int).SetBytes(e)
	if !exponent.IsInt64() || exponent.Int64() > 1<<31-1 {
		return nil, errors.New("token: an RSA exponent that is too large")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

func (j *jwk) ec() (*ecdsa.PublicKey, error) {
	curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[j.crv]
	if curve == nil {
		return nil, errors.New("token: a key on a curve that is not there")
	}
	// RFC 7518 section 6.2.1.2: the coordinates have the full length of the curve.
	size := (curve.Params().BitSize + 7) / 8
	x, xok := decodeStrict(j.x)
	y, yok := decodeStrict(j.y)
	if !xok || !yok || len(x) != size || len(y) != size {
		return nil, errors.New("token: an EC key whose x or y is malformed")
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, errors.New("token: an EC key that is not a point on its curve")
	}
	return key, nil
}

func (j *jwk) okp() (ed25519.PublicKey, error) {
	x, ok := decodeStrict(j.x)
	if j.crv != "Ed25519" || !ok || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("token: an OKP key that is not Ed25519")
	}
	return x, nil
}

func decodeStrict(encoded string) ([]byte, bool) {
	var w workspace
	return w.decode(encoded)
}

// MarshalJWKS writes a public key set, its members in the order of Cognito's.
func MarshalJWKS(keys ...PublicKey) ([]byte, error) {
	type member struct {
		Algorithm string `json:"alg,omitempty"`
		Curve     string `json:"crv,omitempty"`
		E         string `json:"e,omitempty"`
		KeyID     string `json:"kid"`
		Type      string `json:"kty"`
		N         string `json:"n,omitempty"`
		Use       string `json:"use"`
		X         string `json:"x,omitempty"`
		Y         string `json:"y,omitempty"`
	}
	set := struct {
		Keys []member `json:"keys"`
	}{make([]member, 0, len(keys))}
	encode := base64.RawURLEncoding.EncodeToString
	for _, key := range keys {
		if err := key.Check(); err != nil {
			return nil, err
		}
		m := member{Algorithm: key.Algorithm, KeyID: key.ID, Use: "sig"}
		switch k := key.Key.(type) {
		case *rsa.PublicKey:
			m.Type, m.N, m.E = "RSA", encode(k.N.Bytes()), encode(big.NewInt(int64(k.E)).Bytes())
		case *ecdsa.PublicKey:
			point, err := k.Bytes()
			if err != nil {
				return nil, fmt.Errorf("token: %w", err)
			}
			half := 1 + len(point)/2
			m.Type, m.Curve, m.X, m.Y = "EC", k.Curve.Params().Name, encode(point[1:half]), encode(point[half:])
		case ed25519.PublicKey:
			m.Type, m.Curve, m.X = "OKP", "Ed25519", encode(k)
		}
		set.Keys = append(set.Keys, m)
	}
	return json.Marshal(set)
}
