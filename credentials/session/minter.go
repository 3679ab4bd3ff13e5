package session

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

const (
	// MaxToken is the longest session token, in characters. It travels in a header or, percent-encoded, in a query.
	MaxToken = 12 << 10
	// MaxLifetime is the longest session that any operation of STS grants.
	MaxLifetime = 36 * time.Hour

	keyPrefix    = "ASIA"
	keyRandom    = 10 // bytes; 16 characters of base32
	accessKeyLen = len(keyPrefix) + 16
	secretBytes  = 30 // 40 characters of base64

	tokenPurpose  = "session token"
	secretPurpose = "session secret"
)

// What Open says, in AWS's words. Compare with errors.Is.
var (
	// ErrInvalid: the token is malformed, tampered with, of another access key, or sealed under a key no longer held.
	ErrInvalid = fault.New(fault.NotAuthorized, "The security token included in the request is invalid.")
	// ErrExpired: the session is over.
	ErrExpired = fault.New(fault.ExpiredToken, "The security token included in the request is expired")
)

// Credentials are what STS and identity pools answer.
type Credentials struct {
	AccessKeyID     string // ASIA and 16 of A-Z, 2-7
	SecretAccessKey seal.Secret
	SessionToken    string // base64url; not secret by itself, but nobody else's business
	Expiration      time.Time
}

// Options are what NewMinter needs.
type Options struct {
	Box  *seal.Box // required
	Rand io.Reader // of access key ids; crypto/rand when nil
}

// Minter makes and opens temporary credentials. It is safe for concurrent use.
type Minter struct {
	box  *seal.Box
	rand io.Reader
}

// NewMinter returns a Minter.
func NewMinter(o Options) (*Minter, error) {
	if o.Box == nil {
		return nil, errors.New("session: a minter needs a box")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return &Minter{box: o.Box, rand: o.Rand}, nil
}

// Mint makes credentials for the record, good from IssuedAt to ExpiresAt, both cut to the second. It fails with
// fault.PackedPolicyTooLarge when the record does not fit a token, and with an internal error when the record has no kind
// or no sensible times.
func (m *Minter) Mint(r *Record) (Credentials, error) {
	if err := r.check(); err != nil {
		return Credentials{}, err
	}
	id, err := m.newAccessKeyID()
	if err != nil {
		return Credentials{}, err
	}
	plain := r.appendTo(make([]byte, 0, 512))
	if n := seal.TokenLen(len(plain)); n > MaxToken {
		return Credentials{}, fault.New(fault.PackedPolicyTooLarge,
			"Packed policy consumes %d%% of allotted space, please use smaller policy.", (n*100+MaxToken-1)/MaxToken)
	}
	aad := []byte(id)
	secret, _ := m.secret(m.box.CurrentKeyID(), aad, plain)
	token, err := m.box.SealToken(tokenPurpose, plain, aad)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{
		AccessKeyID: id, SecretAccessKey: secret, SessionToken: token, Expiration: time.Unix(r.ExpiresAt.Unix(), 0).UTC(),
	}, nil
}

// Open returns the record and the secret of the credentials that a request names. The failure is ErrInvalid or, for a
// session that was good, ErrExpired. The same arguments give the same record and secret until it expires, so callers may
// keep them under a keyed hash of both strings.
func (m *Minter) Open(accessKeyID, sessionToken string, now time.Time) (*Record, seal.Secret, error) {
	if len(accessKeyID) != accessKeyLen || !IsTemporary(accessKeyID) || len(sessionToken) > MaxToken {
		return nil, seal.Secret{}, ErrInvalid
	}
	sealed, err := seal.DecodeToken(sessionToken)
	if err != nil {
		return nil, seal.Secret{}, ErrInvalid
	}
	keyID, _ := seal.KeyID(sealed)
	aad := []byte(accessKeyID)
	plain, err := m.box.OpenInPlace(tokenPurpose, sealed, aad)
	if err != nil {
		return nil, seal.Secret{}, ErrInvalid
	}
	r, err := parseRecord(plain)
	if err != nil {
		return nil, seal.Secret{}, ErrInvalid // made by a later version of this program
	}
	if !now.Before(r.ExpiresAt) {
		return nil, seal.Secret{}, ErrExpired
	}
	secret, ok := m.secret(keyID, aad, plain)
	if !ok {
		return nil, seal.Secret{}, ErrInvalid
	}
	return r, secret, nil
}

// IsTemporary reports whether an access key id is of temporary credentials: those are good only with a session token.
func IsTemporary(accessKeyID string) bool { return strings.HasPrefix(accessKeyID, keyPrefix) }

// secret derives the secret access key. It is bound to the key id and to every byte of the record, under the master key
// that sealed the token.
func (m *Minter) secret(keyID uint32, accessKeyID, record []byte) (seal.Secret, bool) {
	sum, ok := m.box.MACWith(keyID, secretPurpose, accessKeyID, record)
	if !ok {
		return seal.Secret{}, false
	}
	return seal.NewSecret(base64.StdEncoding.EncodeToString(sum[:secretBytes])), true
}

func (m *Minter) newAccessKeyID() (string, error) {
	var random [keyRandom]byte
	if _, err := io.ReadFull(m.rand, random[:]); err != nil {
		return "", fmt.Errorf("session: no randomness: %w", err)
	}
	var id [accessKeyLen]byte
	copy(id[:], keyPrefix)
	base32.StdEncoding.Encode(id[len(keyPrefix):], random[:])
	return string(id[:]), nil
}

// check refuses a record that no operation may mint.
func (r *Record) check() error {
	life := r.ExpiresAt.Sub(r.IssuedAt)
	switch {
	case r.Kind < AssumedRole || r.Kind > UserSession:
		return fmt.Errorf("session: %d is no kind of session", r.Kind)
	case r.IssuedAt.Unix() <= 0:
		return errors.New("session: no issue time")
	case life < time.Second || life > MaxLifetime:
		return fmt.Errorf("session: a session of %s cannot be", life)
	}
	for _, l := range r.Logins {
		if l.AuthTime.Unix() < 0 && !l.AuthTime.IsZero() || l.IssuedAt.Unix() < 0 && !l.IssuedAt.IsZero() {
			return errors.New("session: a login before 1970") // has no encoding
		}
	}
	return nil
}
