package passkeys

import (
	"crypto/elliptic"
	"errors"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// RSA moduli that are accepted, in bytes. Authenticators make keys of 2048 bits; verifying with a longer one takes time.
const (
	minModulus = 256
	maxModulus = 512
)

var errKey = errors.New("passkeys: the public key is neither ES256 nor RS256")

// checkKey returns errKey unless the COSE_Key is one that the options ask for: ES256 on the curve P-256, or RS256 with 2048
// to 4096 bits.
func checkKey(cose []byte) error {
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return errors.Join(errKey, err)
	}
	switch key := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		if key.Algorithm == int64(webauthncose.AlgES256) && key.Curve == int64(webauthncose.P256) {
			return nil
		}
	case webauthncose.RSAPublicKeyData:
		if key.Algorithm == int64(webauthncose.AlgRS256) && len(key.Modulus) >= minModulus && len(key.Modulus) <= maxModulus &&
			key.Modulus[0] != 0 && len(key.Exponent) <= 4 {
			return nil
		}
	}
	return errKey
}

// anyKey returns the COSE_Key of the base point of P-256. No user has this key.
func anyKey() ([]byte, error) {
	p := elliptic.P256().Params()
	return webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: p.Gx.FillBytes(make([]byte, 32)), YCoord: p.Gy.FillBytes(make([]byte, 32)),
	})
}
