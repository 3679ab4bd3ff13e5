package userpooltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// Flags of authenticator data: Web Authentication Level 3, section 6.1.
const (
	UserPresent    = 0x01
	UserVerified   = 0x04
	BackupEligible = 0x08
	BackedUp       = 0x10
	attested       = 0x40
)

// Authenticator is an authenticator with one credential, together with its client. Tests change the fields to send what an
// honest one would not.
type Authenticator struct {
	T          testing.TB    // ends the test if something cannot be made
	Key        crypto.Signer // ES256 or RS256
	ID         []byte        // of the credential
	AAGUID     []byte        // 16 bytes
	Origin     string        // of the page that asks: https://login.example.com
	RP         string        // what it hashes; "" is the RP ID of the options
	Flags      byte          // of authenticator data: UserPresent, UserVerified …
	Count      uint32        // of the next use; grows by Step
	Step       uint32        // 0 does not count, as passkeys that are synchronized
	Attachment string        // authenticatorAttachment: "platform", "cross-platform" or ""
	Transports []string      // of the registration: "internal", "hybrid" …
	Handle     []byte        // the user handle, learned from the options

	Type      string                  // of the client data; "" is the right one
	Challenge string                  // "" is the one of the options
	Cross     bool                    // the client is in a frame of another origin
	COSE      []byte                  // the public key to register; nil is that of Key
	Change    func(parts *Credential) // changes the credential last
}

// Credential holds the parts of a credential before they are encoded.
type Credential struct {
	ID, RawID, Type              string // of the JSON; "" is the right one
	ClientData, AuthData, Object []byte // clientDataJSON, authenticator data, and the attestation object of a registration
	Signature, Handle            []byte // of an assertion: the signature, and the user handle
}

// NewAuthenticator returns an authenticator with an ES256 key that verifies its user and does not count.
func NewAuthenticator(t testing.TB, origin string) *Authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	if _, err := rand.Read(id); err != nil {
		t.Fatal(err)
	}
	return &Authenticator{T: t, Key: key, ID: id, AAGUID: make([]byte, 16), Origin: origin, Flags: UserPresent | UserVerified,
		Attachment: "platform", Transports: []string{"internal"}}
}

// UseRSA gives the authenticator an RS256 key of that many bits.
func (a *Authenticator) UseRSA(bits int) {
	a.T.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		a.T.Fatal(err)
	}
	a.Key = key
}

type givenOptions struct {
	Challenge string
	RPID      string `json:"rpId"`
	RP        struct{ ID string }
	User      struct{ ID string }
}

func (a *Authenticator) read(options []byte) givenOptions {
	a.T.Helper()
	var o givenOptions
	if err := json.Unmarshal(options, &o); err != nil {
		a.T.Fatalf("options %s: %v", options, err)
	}
	return o
}

// Create makes the credential, as navigator.credentials.create does, and returns its JSON.
func (a *Authenticator) Create(options []byte) json.RawMessage {
	a.T.Helper()
	o := a.read(options)
	var err error
	if a.Handle, err = base64.RawURLEncoding.DecodeString(o.User.ID); err != nil {
		a.T.Fatal(err)
	}
	c := Credential{ClientData: a.clientData("webauthn.create", o.Challenge), AuthData: a.authData(o.RP.ID, true)}
	c.Object = a.cbor(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": c.AuthData})
	return a.encode(c, func(c *Credential) map[string]any {
		return map[string]any{"attestationObject": b64(c.Object), "transports": a.Transports, "publicKeyAlgorithm": -7,
			"authenticatorData": b64(c.AuthData), "publicKey": ""}
	})
}

// Get signs the challenge of the options, as navigator.credentials.get does, and returns the JSON of the assertion.
func (a *Authenticator) Get(options string) string {
	a.T.Helper()
	o := a.read([]byte(options))
	c := Credential{ClientData: a.clientData("webauthn.get", o.Challenge), AuthData: a.authData(o.RPID, false), Handle: a.Handle}
	hash := sha256.Sum256(c.ClientData)
	digest := sha256.Sum256(append(append([]byte{}, c.AuthData...), hash[:]...))
	var err error
	if c.Signature, err = a.Key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
		a.T.Fatal(err)
	}
	return string(a.encode(c, func(c *Credential) map[string]any {
		return map[string]any{"authenticatorData": b64(c.AuthData), "signature": b64(c.Signature), "userHandle": b64(c.Handle)}
	}))
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func or(given, usual string) string {
	if given != "" {
		return given
	}
	return usual
}

func (a *Authenticator) clientData(kind, challenge string) []byte {
	data, err := json.Marshal(map[string]any{"type": or(a.Type, kind), "challenge": or(a.Challenge, challenge), "origin": a.Origin, "crossOrigin": a.Cross})
	if err != nil {
		a.T.Fatal(err)
	}
	return data
}

// authData returns authenticator data, with the credential if it is new.
func (a *Authenticator) authData(rp string, created bool) []byte {
	hash := sha256.Sum256([]byte(or(a.RP, rp)))
	flags := a.Flags
	if created {
		flags |= attested
	}
	data := append(hash[:], flags)
	data = binary.BigEndian.AppendUint32(data, a.Count)
	a.Count += a.Step
	if !created {
		return data
	}
	data = append(data, a.AAGUID...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.ID)))
	data = append(data, a.ID...)
	if a.COSE != nil {
		return append(data, a.COSE...)
	}
	return append(data, a.PublicKey()...)
}

// PublicKey returns the COSE_Key of Key.
func (a *Authenticator) PublicKey() []byte {
	a.T.Helper()
	switch key := a.Key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			a.T.Fatal(err)
		}
		return a.cbor(webauthncose.EC2PublicKeyData{PublicKeyData: webauthncose.PublicKeyData{KeyType: 2, Algorithm: -7}, Curve: 1, XCoord: point[1:33], YCoord: point[33:]})
	case *rsa.PublicKey:
		return RS256(a.T, key.N.Bytes(), big.NewInt(int64(key.E)).Bytes())
	}
	a.T.Fatalf("no COSE_Key for %T", a.Key.Public())
	return nil
}

func (a *Authenticator) cbor(v any) []byte {
	a.T.Helper()
	data, err := webauthncbor.Marshal(v)
	if err != nil {
		a.T.Fatal(err)
	}
	return data
}

func (a *Authenticator) encode(c Credential, response func(*Credential) map[string]any) json.RawMessage {
	a.T.Helper()
	c.ID, c.RawID, c.Type = b64(a.ID), b64(a.ID), "public-key"
	if a.Change != nil {
		a.Change(&c)
	}
	parts := response(&c)
	parts["clientDataJSON"] = b64(c.ClientData)
	data, err := json.Marshal(map[string]any{"id": c.ID, "rawId": c.RawID, "type": c.Type, "clientExtensionResults": map[string]any{},
		"authenticatorAttachment": a.Attachment, "response": parts})
	if err != nil {
		a.T.Fatal(err)
	}
	return data
}

// RS256 returns a COSE_Key.
func RS256(t testing.TB, modulus, exponent []byte) []byte {
	t.Helper()
	data, err := webauthncbor.Marshal(webauthncose.RSAPublicKeyData{PublicKeyData: webauthncose.PublicKeyData{KeyType: 3, Algorithm: -257},
		Modulus: modulus, Exponent: exponent})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Attested returns an attestation object with a statement of the format packed whose signature is wrong.
func Attested(t testing.TB, authData []byte) []byte {
	t.Helper()
	data, err := webauthncbor.Marshal(map[string]any{"fmt": "packed", "authData": authData,
		"attStmt": map[string]any{"alg": -7, "sig": []byte{1}, "x5c": [][]byte{{2}}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}
