package login

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// SignerOptions are the dependencies of a Signer. All but KeyRotation are required.
type SignerOptions struct {
	Store           store.Store      // keeps the signing keys
	Box             *seal.Box        // seals the private ones
	Now             func() time.Time // the clock of the keys and of exp
	Rand            io.Reader        // crypto/rand.Reader outside of tests
	Region, Account string           // of the ARN in the header's member signer
	LoginID         string           // 16 hexadecimal digits, see ID; the load balancer's id in that ARN
	KeyRotation     time.Duration    // how long a key signs; 0 = 90 days
}

// Signer makes the header x-amzn-oidc-data of an Application Load Balancer: the claims of the user, signed with ES256. Its keys
// are in the store, so all processes sign with the same one, and rotate.
type Signer struct {
	o    SignerOptions
	arn  string
	ring *keyring.Ring

	mu    sync.Mutex
	keys  *keyring.Keys
	until time.Time // when the keys are read again
}

// KeyOwner owns the keys that sign the headers of the edge in the store.
const KeyOwner = "edge"

const (
	dataLife = 2 * time.Minute // as ALB's
	keysLife = time.Hour
)

// NewSigner returns a Signer.
func NewSigner(o SignerOptions) (*Signer, error) {
	if o.KeyRotation == 0 {
		o.KeyRotation = 90 * 24 * time.Hour
	}
	ring, err := keyring.New(keyring.Options{Store: o.Store, Seal: o.Box, Now: o.Now, Rand: o.Rand, Purpose: KeyPurpose,
		NewKey: func(random io.Reader, _ []store.SigningKey) (*token.SigningKey, error) {
			key, err := token.GenerateKey(random, "ES256")
			if err != nil {
				return nil, err
			}
			id, err := uuid.NewRandomFromReader(random) // ALB's key ids are UUIDs, and verifiers check that
			if err != nil {
				return nil, err
			}
			key.ID = id.String()
			return key, nil
		},
		Schedule: keyring.Schedule{Period: o.KeyRotation, Lead: 24 * time.Hour, Linger: 24 * time.Hour}})
	if err != nil {
		return nil, err
	}
	return &Signer{o: o, ring: ring, arn: "arn:aws:elasticloadbalancing:" + o.Region + ":" + o.Account + ":loadbalancer/app/sluice/" + o.LoginID}, nil
}

// current returns the keys. It reads them once an hour, and rotates them then.
func (s *Signer) current(ctx context.Context) (*keyring.Keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	if s.keys != nil && now.Before(s.until) {
		return s.keys, nil
	}
	keys, err := s.read(ctx)
	switch {
	case err == nil:
		s.keys, s.until = keys, now.Add(keysLife)
	case s.keys == nil:
		return nil, err
	default:
		s.until = now.Add(keysLife / 60) // the store is away; the old keys are good
	}
	return s.keys, nil
}

func (s *Signer) read(ctx context.Context) (*keyring.Keys, error) {
	if err := s.ring.Ensure(ctx, KeyOwner, KeyOwner); err != nil {
		return nil, err
	}
	if _, err := s.ring.Rotate(ctx, KeyOwner, KeyOwner); err != nil {
		return nil, err
	}
	return s.ring.Load(ctx, KeyOwner)
}

// Key returns a public key in PEM; false if there is none with the id.
func (s *Signer) Key(ctx context.Context, id string) ([]byte, bool) {
	keys, err := s.current(ctx)
	if err != nil {
		return nil, false
	}
	for _, key := range keys.Published(s.o.Now()) {
		if key.ID == id {
			der, err := x509.MarshalPKIXPublicKey(key.Key)
			return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err == nil
		}
	}
	return nil, false
}

// Data returns the value of the header for a session. It signs once a minute for each session.
func (s *Signer) Data(ctx context.Context, p *principal.Principal, session *authz.Session) (string, error) {
	now := s.o.Now()
	if made := session.Data.Load(); made != nil && now.Before(made.Until) {
		return made.Text, nil
	}
	keys, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	key, err := keys.Signer(KeyOwner, now)
	if err != nil {
		return "", err
	}
	expires := now.Add(dataLife)
	if session.Until.Before(expires) {
		expires = session.Until
	}
	text, err := s.sign(key, p, session, expires.Unix())
	if err != nil {
		return "", err
	}
	session.Data.Store(&authz.SessionData{Text: text, Until: expires.Add(-dataLife / 2)})
	return text, nil
}

func (s *Signer) sign(key *token.SigningKey, p *principal.Principal, session *authz.Session, expires int64) (string, error) {
	private, ok := key.Private.(*ecdsa.PrivateKey)
	if !ok {
		return "", errors.New("login: the signing key is not one for ES256")
	}
	header, err := json.Marshal(struct {
		Type      string `json:"typ"`
		KeyID     string `json:"kid"`
		Algorithm string `json:"alg"`
		Issuer    string `json:"iss"`
		Client    string `json:"client"`
		Signer    string `json:"signer"`
		Expires   int64  `json:"exp"`
	}{"JWT", key.ID, "ES256", p.Issuer, p.ClientID, s.arn, expires})
	if err != nil {
		return "", err
	}
	payload, err := userInfo(p, session, expires)
	if err != nil {
		return "", err
	}
	encode := base64.URLEncoding.EncodeToString // with padding, as ALB does
	signed := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(s.o.Rand, private, sum[:])
	if err != nil {
		return "", fmt.Errorf("login: signing: %w", err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return signed + "." + encode(signature[:]), nil
}

// plumbing are claims about the ID token instead of the user.
var plumbing = map[string]bool{"iss": true, "aud": true, "azp": true, "exp": true, "iat": true, "nbf": true, "nonce": true, "at_hash": true,
	"c_hash": true, "s_hash": true, "jti": true, "origin_jti": true, "event_id": true, "auth_time": true, "token_use": true, "sid": true,
	"sub": true, "username": true}

// infoClaim returns a claim of an ID token as ALB gets it from the UserInfo endpoint; false if the endpoint does not have it. That of
// a user pool has the user's attributes only, all as text: email_verified is "true".
func infoClaim(p *principal.Principal, claims *token.Claims, name, raw string) (string, bool) {
	switch {
	case plumbing[name]:
		return "", false
	case p.PoolID == "":
		return raw, true
	case strings.HasPrefix(name, "cognito:"), name == "acr", name == "amr":
		return "", false
	}
	if values, ok := claims.Values(name, "formatted"); ok && name == "address" && len(values) == 1 {
		text, err := json.Marshal(values[0])
		return string(text), err == nil
	}
	if raw != "" && !strings.ContainsRune(`"{[`, rune(raw[0])) {
		raw = `"` + raw + `"` // a number or a boolean
	}
	return raw, true
}

// userInfo returns the claims about the user in the order of the ID token, after sub and, where the pool gives one, username.
func userInfo(p *principal.Principal, session *authz.Session, expires int64) ([]byte, error) {
	var b bytes.Buffer
	add := func(name string, raw []byte) error {
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		b.Write(key)
		b.WriteByte(':')
		b.Write(raw)
		return err
	}
	text := func(name, value string) error {
		raw, err := json.Marshal(value)
		return errors.Join(err, add(name, raw))
	}
	err := text("sub", p.Subject)
	if p.Username != "" {
		err = errors.Join(err, text("username", p.Username))
	}
	for name, raw := range session.Claims.All() {
		if value, ok := infoClaim(p, &session.Claims, name, raw); ok && err == nil {
			err = add(name, []byte(value))
		}
	}
	err = errors.Join(err, add("exp", fmt.Append(nil, expires)), text("iss", p.Issuer))
	b.WriteByte('}')
	return b.Bytes(), err
}

// KeyPurpose is the purpose with which the signing keys of KeyOwner are sealed.
const KeyPurpose = "edge signing key"
