package passkeys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
)

// Limits of what clients send, in bytes. An attestation may carry a chain of certificates.
const (
	maxCreation  = 64 << 10
	maxAssertion = 16 << 10
)

// sent is a PublicKeyCredential as clients send it. Extension results are ignored, because the options ask for none.
type sent struct {
	ID         string                    `json:"id"`
	RawID      protocol.URLEncodedBase64 `json:"rawId"`
	Type       string                    `json:"type"`
	Attachment string                    `json:"authenticatorAttachment"`
	Response   response                  `json:"response"`
}

type response struct {
	ClientDataJSON protocol.URLEncodedBase64 `json:"clientDataJSON"`

	AttestationObject protocol.URLEncodedBase64 `json:"attestationObject"` // of a registration
	Transports        []string                  `json:"transports"`

	AuthenticatorData protocol.URLEncodedBase64 `json:"authenticatorData"` // of an assertion
	Signature         protocol.URLEncodedBase64 `json:"signature"`
	UserHandle        protocol.URLEncodedBase64 `json:"userHandle"`
}

// parse reads a credential and its client data. The text is at most limit bytes.
func parse(text []byte, limit int) (*sent, *protocol.CollectedClientData, error) {
	if len(text) > limit {
		return nil, nil, fmt.Errorf("passkeys: the credential has %d bytes, more than %d", len(text), limit)
	}
	c := &sent{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, nil, fmt.Errorf("passkeys: the credential is not the JSON of a PublicKeyCredential: %w", err)
	}
	id, err := base64url.DecodeString(c.ID)
	switch {
	case err != nil || len(id) == 0 || !bytes.Equal(id, c.RawID):
		return nil, nil, errors.New("passkeys: id must be rawId in Base64url")
	case c.Type != publicKey:
		return nil, nil, errors.New("passkeys: type must be public-key")
	}
	data := &protocol.CollectedClientData{}
	if err := json.Unmarshal(c.Response.ClientDataJSON, data); err != nil {
		return nil, nil, fmt.Errorf("passkeys: clientDataJSON does not parse: %w", err)
	}
	return c, data, nil
}

// attestation parses what the authenticator says about a new credential. Its statement is not verified.
func (c *sent) attestation() (*protocol.AttestationObject, error) {
	r := protocol.AuthenticatorAttestationResponse{AttestationObject: c.Response.AttestationObject}
	r.ClientDataJSON = c.Response.ClientDataJSON
	parsed, err := r.Parse()
	if err != nil {
		return nil, fmt.Errorf("passkeys: the attestation object does not parse: %w", err)
	}
	return &parsed.AttestationObject, nil
}

// assertion parses the answer to a sign-in's challenge, whose client data is parsed already.
func (c *sent) assertion(data *protocol.CollectedClientData) (*protocol.ParsedCredentialAssertionData, error) {
	p := &protocol.ParsedCredentialAssertionData{}
	p.ID, p.Type, p.RawID = c.ID, c.Type, c.RawID
	p.Raw.AssertionResponse.ClientDataJSON, p.Raw.AssertionResponse.AuthenticatorData = c.Response.ClientDataJSON, c.Response.AuthenticatorData
	p.Response.CollectedClientData, p.Response.Signature, p.Response.UserHandle = *data, c.Response.Signature, c.Response.UserHandle
	if err := p.Response.AuthenticatorData.Unmarshal(c.Response.AuthenticatorData); err != nil {
		return nil, fmt.Errorf("passkeys: the authenticator data does not parse: %w", err)
	}
	return p, nil
}

// transports are the values that WebAuthn Level 3 registers, in the order in which a passkey lists them.
var transports = []string{"ble", "hybrid", "internal", "nfc", "smart-card", "usb"}

// knownTransports returns those of the given transports that are registered, each once.
func knownTransports(given []string) []string {
	var list []string
	for _, t := range transports {
		if slices.Contains(given, t) {
			list = append(list, t)
		}
	}
	return list
}

// knownAttachment returns an attachment if it is registered, else "".
func knownAttachment(given string) string {
	if given == string(protocol.Platform) || given == string(protocol.CrossPlatform) {
		return given
	}
	return ""
}
