package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	jwxkeys "github.com/lestrrat-go/jwx/v2/jwk"
)

// JWKS holds the verification keys of a JSON Web Key Set (RFC 7517).
type JWKS struct {
	Keys    []PublicKey // keys that passed Check; IDs are unique
	Skipped []error     // one error for each key left out that was not for another use; no key material in the text
}

// ParseJWKS reads a key set of at most maxKeys keys. It skips keys that are not for signatures, have an unknown type or
// fail Check (RFC 7517 section 5). A key may lack a kid (section 4.5), which is then empty. It also skips keys that include their private half, because every reader
// of the set could sign with them, and all different keys that share a kid, because a token could mean any of them.
//
// ParseJWKS returns an error if data is not a key set or has more than maxKeys keys.
func ParseJWKS(data []byte, maxKeys int) (*JWKS, error) {
	raws, err := splitJWKS(data, maxKeys)
	if err != nil {
		return nil, err
	}
	set := &JWKS{}
	place := make(map[string]int, len(raws)) // kid → index in Keys, or -1 if ambiguous
	for _, raw := range raws {
		key, err := parseJWK(string(raw))
		if errors.Is(err, errOtherUse) {
			continue // usual: issuers also publish keys for encryption
		}
		if err != nil {
			set.Skipped = append(set.Skipped, err)
			continue
		}
		at, known := place[key.ID]
		switch {
		case !known:
			place[key.ID] = len(set.Keys)
			set.Keys = append(set.Keys, *key)
		case at >= 0 && set.Keys[at].equal(key): // a repeated key is harmless
		default:
			place[key.ID] = -1
			set.Skipped = append(set.Skipped, errors.New("token: different keys have the same kid"))
		}
	}
	set.Keys = slices.DeleteFunc(set.Keys, func(k PublicKey) bool { return place[k.ID] < 0 })
	return set, nil
}

// splitJWKS returns the JSON text of each key. jwx would decode the whole document first, keep the last of two "keys"
// members and fail on the first bad key.
func splitJWKS(data []byte, maxKeys int) ([]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, notJWKS("not a JSON object")
	}
	var raws []json.RawMessage
	for found := false; d.More(); {
		name, err := d.Token()
		if err != nil {
			return nil, notJWKS("broken JSON")
		}
		if name != "keys" {
			var other json.RawMessage
			if d.Decode(&other) != nil {
				return nil, notJWKS("broken JSON")
			}
			continue
		}
		if found {
			return nil, notJWKS("more than one keys member")
		}
		found = true
		if raws, err = splitKeys(d, maxKeys); err != nil {
			return nil, err
		}
	}
	if t, err := d.Token(); err != nil || t != json.Delim('}') {
		return nil, notJWKS("broken JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, notJWKS("data after the JSON object")
	}
	if raws == nil {
		return nil, notJWKS("no keys")
	}
	return raws, nil
}

// splitKeys reads the array of keys.
func splitKeys(d *json.Decoder, maxKeys int) (raws []json.RawMessage, err error) {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, notJWKS("keys is not an array")
	}
	for d.More() {
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return nil, notJWKS("broken JSON")
		}
		if raws = append(raws, raw); len(raws) > maxKeys {
			return nil, notJWKS(fmt.Sprintf("more than %d keys", maxKeys))
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, notJWKS("broken JSON")
	}
	return raws, nil
}

func notJWKS(detail string) error { return errors.New("token: not a key set: " + detail) }

// MarshalJWKS returns a key set in Cognito's form: the members of each key in alphabetical order, use always "sig". It
// returns an error if a key fails Check.
func MarshalJWKS(keys ...PublicKey) ([]byte, error) {
	set := jwxkeys.NewSet()
	for _, key := range keys {
		member, err := key.jwk()
		if err != nil {
			return nil, err
		}
		if err := set.AddKey(member); err != nil {
			return nil, fmt.Errorf("token: key %s: %w", key.ID, err)
		}
	}
	return json.Marshal(set)
}
