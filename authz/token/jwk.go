package token

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	jwxkeys "github.com/lestrrat-go/jwx/v2/jwk"
)

// jwk holds the members of a key that ParseJWKS uses (RFC 7517 section 4).
type jwk struct {
	kty, use, alg, kid string
	otherOps           bool              // key_ops does not include verify
	prints             []string          // x5t and x5t#S256
	material           map[string]string // kty and the members of RFC 7518 section 6 and RFC 8037 section 2
}

// errOtherUse means that a key says that it is for something other than signatures.
var errOtherUse = errors.New("token: the key is for another use")

// parseJWK reads one key. It checks what jwx accepts: duplicate members, private members, and base64 in other spellings.
func parseJWK(text string) (*PublicKey, error) {
	var s scanner
	if err := s.object(text); err != nil {
		return nil, errors.New("token: the key is not strict JSON")
	}
	j := jwk{material: make(map[string]string)}
	for _, m := range s.members {
		if err := j.read(s.nameOf(m), s.text[m.valueStart:m.valueEnd]); err != nil {
			return nil, err
		}
	}
	return j.key()
}

// read takes one member, whose value is the JSON text raw.
func (j *jwk) read(name, raw string) error {
	switch name {
	case "kty", "use", "alg", "kid", "crv", "n", "e", "x", "y":
	case "d", "p", "q", "dp", "dq", "qi", "oth", "k":
		return errors.New("token: the key has private members")
	case "key_ops":
		ops, ok := appendStrings(nil, raw)
		if !ok {
			return errors.New("token: key_ops of the key is not a list of texts")
		}
		j.otherOps = !slices.Contains(ops, "verify")
		return nil
	case "x5t", "x5t#S256":
		if print, ok := stringOf(raw); ok && print != "" {
			j.prints = append(j.prints, print)
		}
		return nil
	default:
		return nil
	}
	value, ok := stringOf(raw)
	if !ok {
		return fmt.Errorf("token: %s of the key is not a string", name)
	}
	switch name {
	case "use":
		j.use = value
	case "alg":
		j.alg = value
	case "kid":
		j.kid = value
	case "n", "e", "x", "y":
		if _, ok := decodeStrict(value); !ok {
			return fmt.Errorf("token: %s of the key is not base64url without padding", name)
		}
		j.material[name] = value
	case "crv":
		j.material[name] = value
	case "kty":
		j.kty, j.material[name] = value, value
	}
	return nil
}

func (j *jwk) key() (*PublicKey, error) {
	if j.use == "enc" || j.otherOps {
		return nil, errOtherUse
	}
	if j.use != "" && j.use != "sig" {
		return nil, errors.New("token: the key is not for signatures")
	}
	if !slices.Contains([]string{"RSA", "EC", "OKP"}, j.kty) {
		return nil, errors.New("token: the key's type is not supported")
	}
	text, err := json.Marshal(j.material)
	if err != nil {
		return nil, fmt.Errorf("token: key: %w", err)
	}
	parsed, err := jwxkeys.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("token: a member of the %s key is missing or malformed", j.kty) // the cause quotes the key
	}
	key := &PublicKey{ID: j.kid, Algorithm: j.alg, prints: j.prints}
	if err := parsed.Raw(&key.Key); err != nil {
		return nil, fmt.Errorf("token: the %s key is malformed", j.kty)
	}
	if err := checkLengths(parsed, key); err != nil {
		return nil, err
	}
	if len(key.ID) > maxKeyIDLen {
		return nil, errors.New("token: the key's kid has more than 256 bytes")
	}
	if err := key.checkKey(); err != nil {
		return nil, err
	}
	key.prepare()
	return key, nil
}

// checkLengths refuses values that jwx shortens or pads.
func checkLengths(parsed jwxkeys.Key, key *PublicKey) error {
	switch k := parsed.(type) {
	case jwxkeys.RSAPublicKey:
		if len(k.E()) > 8 {
			return errors.New("token: the RSA exponent is too large")
		}
	case jwxkeys.ECDSAPublicKey:
		// RFC 7518 section 6.2.1.2: coordinates have the full length of the curve.
		public, ok := key.Key.(*ecdsa.PublicKey)
		if !ok {
			return errors.New("token: the EC key has an unknown curve")
		}
		if size := (public.Curve.Params().BitSize + 7) / 8; len(k.X()) != size || len(k.Y()) != size {
			return fmt.Errorf("token: x and y of the EC key do not have %d bytes", size)
		}
	}
	return nil
}

// jwk returns the key as jwx writes it.
func (k *PublicKey) jwk() (jwxkeys.Key, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	member, err := jwxkeys.FromRaw(k.Key)
	if err != nil {
		return nil, fmt.Errorf("token: key %s: %w", k.ID, err)
	}
	for name, value := range map[string]string{jwxkeys.KeyIDKey: k.ID, jwxkeys.AlgorithmKey: k.Algorithm, jwxkeys.KeyUsageKey: "sig"} {
		if value == "" {
			continue
		}
		if err := member.Set(name, value); err != nil {
			return nil, fmt.Errorf("token: key %s: %w", k.ID, err)
		}
	}
	return member, nil
}

// decodeStrict decodes unpadded base64url as workspace.decode does.
func decodeStrict(encoded string) ([]byte, bool) {
	var w workspace
	return w.decode(encoded)
}
