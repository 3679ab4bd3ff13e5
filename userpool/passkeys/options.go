package passkeys

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// How long a client may take, as the options tell it.
const (
	registrationTimeout = time.Minute
	assertionTimeout    = 3 * time.Minute
)

const publicKey = "public-key"

// base64url is the encoding of bytes in the JSON of WebAuthn: Base64url without padding.
var base64url = base64.RawURLEncoding.Strict()

// challengeSize is the number of random bytes in a challenge. WebAuthn recommends at least 16.
const challengeSize = 32

func (s *Service) newChallenge() (string, error) {
	raw, err := s.base.Random(challengeSize)
	return base64url.EncodeToString(raw), err
}

// The options' members are those that AWS sends.
type creationOptions struct {
	RP                     relyingParty `json:"rp"`
	User                   userEntity   `json:"user"`
	Challenge              string       `json:"challenge"`
	PubKeyCredParams       []parameter  `json:"pubKeyCredParams"`
	Timeout                int64        `json:"timeout"` // milliseconds
	ExcludeCredentials     []descriptor `json:"excludeCredentials"`
	AuthenticatorSelection selection    `json:"authenticatorSelection"`
}

type relyingParty struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type userEntity struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type parameter struct {
	Type string                               `json:"type"`
	Alg  webauthncose.COSEAlgorithmIdentifier `json:"alg"`
}

type descriptor struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	Transports *[]string `json:"transports,omitempty"`
}

type selection struct {
	RequireResidentKey bool   `json:"requireResidentKey"`
	ResidentKey        string `json:"residentKey"`
	UserVerification   string `json:"userVerification"`
}

type requestOptions struct {
	Challenge        string       `json:"challenge"`
	Timeout          int64        `json:"timeout"` // milliseconds
	RPID             string       `json:"rpId"`
	AllowCredentials []descriptor `json:"allowCredentials"`
	UserVerification string       `json:"userVerification"`
}

func verification(w userpool.WebAuthn) string {
	if w.Verify {
		return "required"
	}
	return "preferred"
}

// creation returns the options with which a client makes a credential. The user handle is the sub's text.
func creation(w userpool.WebAuthn, sub, name, challenge string, registered []store.Passkey) (json.RawMessage, error) {
	o := creationOptions{
		RP:        relyingParty{ID: w.RelyingParty, Name: w.RelyingParty},
		User:      userEntity{ID: base64url.EncodeToString([]byte(sub)), Name: name, DisplayName: name},
		Challenge: challenge, Timeout: registrationTimeout.Milliseconds(),
		PubKeyCredParams:       []parameter{{publicKey, webauthncose.AlgES256}, {publicKey, webauthncose.AlgRS256}},
		ExcludeCredentials:     make([]descriptor, 0, len(registered)),
		AuthenticatorSelection: selection{RequireResidentKey: true, ResidentKey: "required", UserVerification: verification(w)},
	}
	for _, p := range registered {
		o.ExcludeCredentials = append(o.ExcludeCredentials, descriptor{ID: base64url.EncodeToString(p.ID), Type: publicKey})
	}
	return encode(o)
}

// request returns the options with which a client signs in.
func request(w userpool.WebAuthn, challenge string, allowed []store.Passkey) (json.RawMessage, error) {
	o := requestOptions{Challenge: challenge, Timeout: assertionTimeout.Milliseconds(), RPID: w.RelyingParty,
		AllowCredentials: make([]descriptor, 0, len(allowed)), UserVerification: verification(w)}
	for _, p := range allowed {
		transports := append([]string{}, p.Transports...)
		o.AllowCredentials = append(o.AllowCredentials, descriptor{ID: base64url.EncodeToString(p.ID), Type: publicKey, Transports: &transports})
	}
	return encode(o)
}

func encode(options any) (json.RawMessage, error) {
	data, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("passkeys: encoding options: %w", err)
	}
	return data, nil
}
