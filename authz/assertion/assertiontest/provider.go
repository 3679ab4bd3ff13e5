// Package assertiontest is a SAML identity provider for tests, which also says what no honest provider says.
//
// It makes metadata, responses and logout messages, with fields and signatures as the test needs them. It
// does not check anything.
//
// Source: saml-core-2.0-os; the forms of AD FS and Entra.
package assertiontest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Provider is an identity provider.
type Provider struct {
	EntityID    string            // a URI, which is also the Issuer of its messages
	Key         *rsa.PrivateKey   // signs; 2048 bits
	Certificate *x509.Certificate // over Key; valid for a day unless Certify made it
	SSO, SLO    string            // where its sign-in and its sign-out take messages by redirect
}

// New returns a provider with its own key and a certificate that is valid for a day around the time.
func New(t testing.TB, entityID string, now time.Time) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{EntityID: entityID, Key: key, SSO: "https://idp.example.com/sso", SLO: "https://idp.example.com/slo"}
	p.Certificate = p.Certify(t, now.Add(-12*time.Hour), now.Add(12*time.Hour))
	return p
}

// Certify returns another certificate over the provider's key.
func (p *Provider) Certify(t testing.TB, from, to time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: p.EntityID}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &p.Key.PublicKey, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// Metadata returns the provider's metadata.
func (p *Provider) Metadata() string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID=%q>
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location=%q/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/post"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location=%q/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`, p.EntityID, base64.StdEncoding.EncodeToString(p.Certificate.Raw), p.SLO, p.SSO)
}

// GetKeyPair implements goxmldsig's key store.
func (p *Provider) GetKeyPair() (*rsa.PrivateKey, []byte, error) {
	return p.Key, p.Certificate.Raw, nil
}

// Sign returns the element with a signature over it, which comes after its Issuer. Method is the identifier of the algorithm, ""
// for RSA with SHA-256.
func (p *Provider) Sign(t testing.TB, el *etree.Element, method string) *etree.Element {
	t.Helper()
	c := dsig.NewDefaultSigningContext(p)
	c.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if method == "" {
		method = dsig.RSASHA256SignatureMethod
	}
	if err := c.SetSignatureMethod(method); err != nil {
		t.Fatal(err)
	}
	sig, err := c.ConstructSignature(el, true)
	if err != nil {
		t.Fatal(err)
	}
	signed := el.Copy()
	at := 0
	if issuer := signed.SelectElement("Issuer"); issuer != nil {
		at = issuer.Index() + 1
	}
	signed.InsertChildAt(at, sig)
	return signed
}
