package saml

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/userpool/providers"
)

const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	bindingPost = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	rsaSHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
)

// authnRequest has Cognito's attributes, in its order.
type authnRequest struct {
	XMLName  xml.Name  `xml:"urn:oasis:names:tc:SAML:2.0:protocol AuthnRequest"`
	Answers  string    `xml:"AssertionConsumerServiceURL,attr"`
	To       string    `xml:"Destination,attr"`
	Force    bool      `xml:"ForceAuthn,attr,omitempty"`
	ID       string    `xml:"ID,attr"`
	IssuedAt time.Time `xml:"IssueInstant,attr"`
	Binding  string    `xml:"ProtocolBinding,attr"`
	Version  string    `xml:"Version,attr"`
	Issuer   string    `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
}

// Ask returns the provider's address with a request.
func (s *Service) Ask(ctx context.Context, p *providers.Provider, q *providers.Question) (string, error) {
	m, err := s.of(ctx, p)
	if err != nil {
		return "", unreachable(p, err)
	}
	if q.RequestID, err = s.requestID(); err != nil {
		return "", err
	}
	_, force := q.NotBefore() // SAML has no max_age
	message, err := xml.Marshal(authnRequest{Answers: q.Base + AnswerPath, To: m.SingleSignOn, Force: force, ID: q.RequestID,
		IssuedAt: s.base.Now(), Binding: bindingPost, Version: "2.0", Issuer: EntityID(p.PoolID)})
	if err != nil {
		return "", fmt.Errorf("saml: encoding a request: %w", err)
	}
	return s.redirect(ctx, p.PoolID, m.SingleSignOn, "SAMLRequest", message, q.State, p.Details[providers.RequestSigning] != "")
}

// unreachable is the refusal of a provider without usable metadata.
func unreachable(p *providers.Provider, err error) error {
	return &providers.Refusal{Code: "server_error", Description: "Error retrieving metadata of " + p.Name, Down: true, Cause: err}
}

// redirect returns the address that takes a message by the HTTP-Redirect binding.
func (s *Service) redirect(ctx context.Context, poolID, address, kind string, message []byte, relay string, signed bool) (string, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(message); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := kind + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes()))
	if relay != "" {
		query += "&RelayState=" + url.QueryEscape(relay)
	}
	if signed {
		k, err := s.signer(ctx, poolID)
		if err != nil {
			return "", err
		}
		query += "&SigAlg=" + url.QueryEscape(rsaSHA256)
		signature, err := k.sign(query)
		if err != nil {
			return "", err
		}
		query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + query, nil
}
