package assertion

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The bounds of metadata.
const (
	MaxMetadata      = 1 << 20 // bytes
	maxTokens        = 200_000
	maxCertificates  = 16
	maxCertificate   = 4096 // characters of Base64, as in Cognito
	maxEntityID      = 1024
	bindingRedirect  = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPost      = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	protocolSupport  = "urn:oasis:names:tc:SAML:2.0:protocol"
	metadataElements = "urn:oasis:names:tc:SAML:2.0:metadata"
)

// Metadata is what the metadata of an identity provider say.
type Metadata struct {
	EntityID      string              // the entityID, by which assertions name their Issuer
	Certificates  []*x509.Certificate // any of them may have signed
	SingleSignOn  string              // takes requests by redirect; "" = none
	SingleLogout  string              // takes requests by redirect; "" = none
	LogoutAnswers string              // takes logout responses by redirect; "" = none
}

type endpoint struct {
	Binding          string `xml:",attr"`
	Location         string `xml:",attr"`
	ResponseLocation string `xml:",attr"`
}

type roleDescriptor struct {
	Protocols string `xml:"protocolSupportEnumeration,attr"`
	Keys      []struct {
		Use          string   `xml:"use,attr"`
		Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
	SingleSignOn []endpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleSignOnService"`
	SingleLogout []endpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleLogoutService"`
}

type entityDescriptor struct {
	XMLName  xml.Name
	EntityID string             `xml:"entityID,attr"`
	Roles    []roleDescriptor   `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
	Entities []entityDescriptor `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
}

// ParseMetadata reads the metadata of one identity provider. Certificates that have expired at the time do not count; at the
// zero time all count. The signature of the metadata and its validity are not checked, as in Cognito.
func ParseMetadata(document []byte, now time.Time) (*Metadata, error) {
	if len(document) > MaxMetadata {
		return nil, fmt.Errorf("the metadata has more than %d bytes", MaxMetadata)
	}
	var root entityDescriptor
	if err := xml.NewTokenDecoder(&plainTokens{d: xml.NewDecoder(bytes.NewReader(document))}).Decode(&root); err != nil {
		return nil, fmt.Errorf("the metadata is not a SAML XML document: %w", err)
	}
	entity, err := root.identityProvider()
	if err != nil {
		return nil, err
	}
	m := &Metadata{EntityID: entity.EntityID}
	role := entity.Roles[0]
	for _, e := range role.SingleSignOn {
		if e.Binding == bindingRedirect && m.SingleSignOn == "" {
			m.SingleSignOn = e.Location
		}
	}
	for _, e := range role.SingleLogout {
		if e.Binding == bindingRedirect && m.SingleLogout == "" {
			m.SingleLogout, m.LogoutAnswers = e.Location, e.Location
			if e.ResponseLocation != "" {
				m.LogoutAnswers = e.ResponseLocation
			}
		}
	}
	for _, address := range []string{m.SingleSignOn, m.SingleLogout, m.LogoutAnswers} {
		if u, err := url.Parse(address); address != "" && (err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http")) {
			return nil, errors.New("a location in the metadata is not a URL")
		}
	}
	m.Certificates, err = role.signing(now)
	return m, err
}

// identityProvider returns the one entity that is an identity provider.
func (e *entityDescriptor) identityProvider() (*entityDescriptor, error) {
	list := e.Entities
	switch {
	case e.XMLName.Space != metadataElements:
		return nil, errors.New("the document is not SAML 2.0 metadata")
	case e.XMLName.Local == "EntityDescriptor":
		list = []entityDescriptor{*e}
	case e.XMLName.Local != "EntitiesDescriptor":
		return nil, errors.New("the document is not SAML 2.0 metadata")
	}
	var found *entityDescriptor
	for i := range list {
		if len(list[i].Roles) == 0 {
			continue
		}
		if found != nil || len(list[i].Roles) > 1 {
			return nil, errors.New("the metadata describes several identity providers; keep one")
		}
		found = &list[i]
	}
	switch {
	case found == nil:
		return nil, errors.New("the metadata describes no identity provider: it has no IDPSSODescriptor")
	case found.EntityID == "" || len(found.EntityID) > maxEntityID:
		return nil, errors.New("the metadata has no usable entityID")
	case !strings.Contains(" "+found.Roles[0].Protocols+" ", " "+protocolSupport+" "):
		return nil, errors.New("the identity provider does not support SAML 2.0")
	}
	return found, nil
}

// signing returns the certificates whose keys sign.
func (r *roleDescriptor) signing(now time.Time) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	expired := false
	for _, k := range r.Keys {
		if k.Use != "" && k.Use != "signing" {
			continue
		}
		for _, encoded := range k.Certificates {
			encoded = strings.Join(strings.Fields(encoded), "")
			if len(encoded) > maxCertificate {
				return nil, fmt.Errorf("a certificate in the metadata has more than %d characters", maxCertificate)
			}
			der, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return nil, errors.New("a certificate in the metadata is not Base64")
			}
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, fmt.Errorf("a certificate in the metadata does not parse: %w", err)
			}
			if now.After(cert.NotAfter) {
				expired = true
				continue
			}
			if list = append(list, cert); len(list) > maxCertificates {
				return nil, fmt.Errorf("the metadata has more than %d signing certificates", maxCertificates)
			}
		}
	}
	switch {
	case len(list) == 0 && expired:
		return nil, errors.New("the certificates in the metadata has expired")
	case len(list) == 0:
		return nil, errors.New("the metadata has no signing certificate")
	}
	return list, nil
}

// plainTokens are the tokens of a document without declarations, of bounded number.
type plainTokens struct {
	d *xml.Decoder
	n int
}

// Token returns the next token.
func (p *plainTokens) Token() (xml.Token, error) {
	t, err := p.d.RawToken()
	if err != nil {
		return nil, err
	}
	if _, is := t.(xml.Directive); is {
		return nil, errors.New("document type declarations are not allowed")
	}
	if p.n++; p.n > maxTokens {
		return nil, errors.New("the document is too large")
	}
	return t, nil
}
