package iam

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// Values of AssertionEncryptionMode.
const (
	EncryptionRequired = "Required" // only encrypted assertions are accepted
	EncryptionAllowed  = "Allowed"  // others, too
)

const (
	maxSAMLKeys    = 2 // so that one can be replaced: IAM user guide, "Manage SAML encryption keys"
	samlKeyPurpose = "iam: private key of a SAML provider"
)

// SAMLKey is a private key that opens the assertions of a provider.
type SAMLKey struct {
	ID        string    `json:"id"`        // KeyId
	Sealed    []byte    `json:"sealed"`    // PKCS #8
	CreatedAt time.Time `json:"createdAt"` // Timestamp
}

// setKeys applies what an update says about encryption to the provider. Errors: InvalidParameter, LimitExceeded, NoSuchEntity.
func (s *Service) setKeys(p *SAMLProvider, u SAMLUpdate) error {
	if u.RemoveKey != "" {
		i := slices.IndexFunc(p.Keys, func(k SAMLKey) bool { return k.ID == u.RemoveKey })
		if i < 0 {
			return fault.New(fault.NoSuchEntity, "The SAML provider has no private key %s.", u.RemoveKey)
		}
		p.Keys = slices.Delete(slices.Clone(p.Keys), i, i+1)
	}
	if u.AddKey != "" {
		if err := s.addKey(p, u.AddKey); err != nil {
			return err
		}
	}
	if u.Encryption != "" {
		p.Encryption = u.Encryption
	}
	if len(p.Keys) == 0 && p.Encryption == EncryptionRequired {
		return fault.New(fault.InvalidParameter, "Encrypted assertions need a private key: add one with AddPrivateKey.")
	}
	return nil
}

// addKey seals one more key.
func (s *Service) addKey(p *SAMLProvider, text string) error {
	key, err := parsePrivateKey(text)
	if err != nil {
		return fault.Wrap(fault.InvalidParameter, err, "Invalid private key: %v.", err)
	}
	if len(p.Keys) == maxSAMLKeys {
		return limitExceeded("PrivateKeysPerSamlProvider", maxSAMLKeys)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	added := SAMLKey{CreatedAt: s.now()}
	if added.ID, err = s.uniqueID("SAMLK"); err != nil {
		return err
	}
	if added.Sealed, err = s.box.Seal(samlKeyPurpose, der, []byte(p.ARN+"/"+added.ID)); err != nil {
		return err
	}
	p.Keys = append(slices.Clone(p.Keys), added)
	return nil
}

// parsePrivateKey parses an RSA key in PEM.
func parsePrivateKey(text string) (*rsa.PrivateKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("it is not one PEM block")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, errors.New("a PEM block of the type PRIVATE KEY or RSA PRIVATE KEY is needed, not encrypted")
	}
	if err != nil {
		return nil, errors.New("the PEM block contains no private key")
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok || private.N.BitLen() < 2048 || private.N.BitLen() > 4096 {
		return nil, errors.New("an RSA key of 2048 to 4096 bits is needed")
	}
	return private, nil
}

// open parses the keys of a stored provider.
func (s *Service) open(p *SAMLProvider) error {
	for _, k := range p.Keys {
		der, err := s.box.Open(samlKeyPurpose, k.Sealed, []byte(p.ARN+"/"+k.ID))
		if err != nil {
			return err
		}
		key, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return err
		}
		private, ok := key.(*rsa.PrivateKey)
		if !ok {
			return fmt.Errorf("iam: a key of %s is not an RSA key", p.ARN)
		}
		p.openers = append(p.openers, private)
	}
	return nil
}

// SAMLKeySeal returns the purpose and the additional data with which a key of a SAML provider is sealed.
func SAMLKeySeal(arn, id string) (purpose string, additional []byte) {
	return samlKeyPurpose, []byte(arn + "/" + id)
}

// IsSAMLProvider reports whether an ARN is that of a SAML provider.
func IsSAMLProvider(arn string) bool { return strings.Contains(arn, ":"+samlProvider+"/") }
