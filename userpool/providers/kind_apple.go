package providers

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
)

// apple has no client secret: it is made from the private key for each request.
var apple = kind{
	required: []string{ClientID, TeamID, KeyID, PrivateKey},
	missing:  "clientId, privateKey, teamId, and keyId are all required idp details.",
	optional: []string{Scopes, UserInfoURL, KeysURL, Method},
	filled: map[string]string{ //nolint:gosec // addresses, no secrets
		AddNames:     "false",
		AuthorizeURL: "https://appleid.apple.com/auth/authorize",
		Issuer:       "https://appleid.apple.com",
		TokenMethod:  "POST",
		TokenURL:     "https://appleid.apple.com/auth/token",
	},
	hidden:  []string{PrivateKey},
	subject: "sub",
	check: func(details map[string]string) error {
		if details[Scopes] == "" {
			return invalid("The value of %s in ProviderDetails is required for a provider of type %s.", Scopes, Apple)
		}
		if _, err := ApplePrivateKey(details[PrivateKey]); err != nil {
			return err
		}
		return checkMethod(details, TokenMethod)
	},
}

// ApplePrivateKey reads a private key of Apple's: a .p8 file, or its body without the lines around it.
func ApplePrivateKey(text string) (*ecdsa.PrivateKey, error) {
	der := []byte(nil)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der = block.Bytes
	} else {
		der, _ = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if own, ok := key.(*ecdsa.PrivateKey); ok && err == nil && own.Curve.Params().BitSize == 256 {
		return own, nil
	}
	return nil, invalid("The value of %s in ProviderDetails is not a private key of Apple's: give the content of the .p8 file.", PrivateKey)
}
