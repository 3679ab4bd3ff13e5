package saml

import (
	"context"
	"encoding/xml"
	"fmt"
)

type keyDescriptor struct {
	Use  string `xml:"use,attr"`
	Info keyInfo
}

type keyInfo struct {
	XMLName     xml.Name `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo"`
	Certificate string   `xml:"X509Data>X509Certificate"`
}

func described(use, certificate string) keyDescriptor {
	return keyDescriptor{Use: use, Info: keyInfo{Certificate: certificate}}
}

type location struct {
	Binding  string `xml:"Binding,attr"`
	Location string `xml:"Location,attr"`
	Index    string `xml:"index,attr,omitempty"`
	Default  string `xml:"isDefault,attr,omitempty"`
}

type serviceProvider struct {
	Wants     bool            `xml:"WantAssertionsSigned,attr"`
	Protocols string          `xml:"protocolSupportEnumeration,attr"`
	Keys      []keyDescriptor `xml:"KeyDescriptor"`
	SignOut   location        `xml:"SingleLogoutService"`
	Answers   location        `xml:"AssertionConsumerService"`
}

type entity struct {
	XMLName xml.Name        `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	ID      string          `xml:"entityID,attr"`
	Role    serviceProvider `xml:"SPSSODescriptor"`
}

// Describe returns the metadata of a pool as a service provider. They have nothing that depends on a provider: the certificate to which a
// provider encrypts is in its details. Cognito has no such document.
func (s *Service) Describe(ctx context.Context, poolID, base string) ([]byte, error) {
	signing, err := s.SigningCertificate(ctx, poolID)
	if err != nil {
		return nil, err
	}
	role := serviceProvider{Wants: true, Protocols: nsProtocol, Keys: []keyDescriptor{described("signing", signing)},
		SignOut: location{Binding: bindingPost, Location: base + SignOutPath},
		Answers: location{Binding: bindingPost, Location: base + AnswerPath, Index: "0", Default: "true"}}
	document, err := xml.MarshalIndent(entity{ID: EntityID(poolID), Role: role}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("saml: encoding metadata: %w", err)
	}
	return append([]byte(xml.Header), document...), nil
}
