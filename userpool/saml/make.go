package saml

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/providers"
)

const (
	// encryptionKey is the private detail of a provider that opens its answers: PKCS #8 in Base64.
	encryptionKey = "encryption_key"

	rsaBits  = 2048
	certLife = 10 * 365 * 24 * time.Hour
)

// Make reads the metadata of a provider, fills in its addresses, and makes its key.
func (s *Service) Make(ctx context.Context, p, before *providers.Provider) error {
	now := *p
	now.Modified = s.base.Now()
	m, err := s.load(ctx, &now)
	address := p.Details[providers.MetadataURL]
	switch {
	case errors.Is(err, errFetch):
		return errors.Join(fault.Wrap(fault.InvalidParameter, fmt.Errorf("%w: %w", providers.ErrUnreachable, err), "Error retrieving metadata from "+address),
			s.giveKey(p, before, now.Modified))
	case err != nil:
		return fault.New(fault.InvalidParameter, "The metadata of the identity provider cannot be used: %v.", err)
	case m.SingleSignOn == "":
		return fault.New(fault.InvalidParameter, "The identity provider's metadata has no SingleSignOnService with the binding HTTP-Redirect.")
	}
	p.Details[providers.SignInRedirect] = m.SingleSignOn
	if m.SingleLogout != "" {
		p.Details[providers.SignOutRedirect] = m.SingleLogout
	}
	if err := s.giveKey(p, before, now.Modified); err != nil {
		return err
	}
	p.Private[providers.EntityID] = m.EntityID
	return nil
}

// giveKey gives a provider the key that it has already, or a new one. As in AWS, one whose answers need not be encrypted has one, too: its
// certificate goes to the identity provider before encryption is required.
//
// Source: TestAccCognitoIDPIdentityProvider_saml of terraform-provider-aws; the example of get-identity-provider-by-identifier of the AWS CLI.
func (s *Service) giveKey(p, before *providers.Provider, now time.Time) error {
	p.Private = map[string]string{}
	if before != nil && before.Private[encryptionKey] != "" {
		p.Private[encryptionKey], p.Details[providers.ActiveCertificate] = before.Private[encryptionKey], before.Details[providers.ActiveCertificate]
		return nil
	}
	key, err := rsa.GenerateKey(s.base.Rand, rsaBits)
	if err != nil {
		return fmt.Errorf("saml: making a key: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("saml: encoding a key: %w", err)
	}
	certificate, err := certify(key, p.PoolID+" "+p.Name, now)
	if err != nil {
		return err
	}
	p.Private[encryptionKey] = base64.StdEncoding.EncodeToString(private)
	p.Details[providers.ActiveCertificate] = base64.StdEncoding.EncodeToString(certificate)
	return nil
}

// opener returns the key that opens the provider's answers, nil if there is none.
func opener(p *providers.Provider) ([]*rsa.PrivateKey, error) {
	text := p.Private[encryptionKey]
	if text == "" {
		return nil, nil
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("saml: key of provider %s: %w", p.Name, err)
	}
	key, err := parseKey(der)
	return []*rsa.PrivateKey{key}, err
}

func parseKey(der []byte) (*rsa.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("saml: reading a key: %w", err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("saml: a key is not an RSA key")
	}
	return private, nil
}
