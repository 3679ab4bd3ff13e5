package session

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

const (
	// MaxToken is the maximum length of a session token in characters. Tokens are sent in headers and, percent-encoded, in
	// queries.
	MaxToken = 12 << 10
	// MaxLifetime is the longest session that any STS operation grants.
	MaxLifetime = 36 * time.Hour

	keyPrefix    = "ASIA"
	keyRandom    = 10 // bytes, which are 16 characters of base32
	accessKeyLen = len(keyPrefix) + 16
	secretBytes  = 30
	secretLen    = secretBytes / 3 * 4 // in base64

	tokenPurpose = "session credentials"
)

// noHead reserves space for the head of a sealed message.
var noHead [seal.HeadSize]byte

// The errors of Open, with the messages of AWS.
var (
	// ErrInvalid means that the token is malformed, was changed, belongs to another access key, or was sealed with an unknown
	// master key.
	ErrInvalid = fault.New(fault.NotAuthorized, "The security token included in the request is invalid.")
	// ErrExpired means that the session has expired.
	ErrExpired = fault.New(fault.ExpiredToken, "The security token included in the request is expired")
)

// Credentials are temporary credentials as STS and identity pools return them.
type Credentials struct {
	AccessKeyID     string      // ASIA and 16 characters of A-Z and 2-7
	SecretAccessKey seal.Secret // 40 characters of Base64
	SessionToken    string      // base64url; useless without the secret access key
	Expiration      time.Time   // to the second, in UTC
}

// Options are the options of NewMinter.
type Options struct {
	Box  *seal.Box // required; its source of nonces also determines the access key IDs
	Rand io.Reader // source of secret access keys; nil means crypto/rand
}

// Minter mints and opens temporary credentials. It is safe for concurrent use.
type Minter struct {
	tokens  *seal.Use
	rand    io.Reader
	scratch sync.Pool // of *scratch
}

// scratch holds the buffers of one call of Mint or Open. It is pooled.
type scratch struct {
	message []byte // plaintext or sealed message
	text    []byte // secret access key, access key ID and token, one after the other
	random  [secretBytes]byte
}

// maxScratch is the capacity up to which the message buffer is reused. Any token fits.
const maxScratch = MaxToken

// NewMinter returns a Minter. It returns an error if there is no Box.
func NewMinter(o Options) (*Minter, error) {
	if o.Box == nil {
		return nil, errors.New("session: Options.Box is required")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return &Minter{
		tokens: o.Box.For(tokenPurpose), rand: o.Rand, scratch: sync.Pool{New: func() any { return new(scratch) }},
	}, nil
}

// Mint returns credentials for the record. They are valid from IssuedAt to ExpiresAt, both truncated to the second. The error is
// fault.PackedPolicyTooLarge if the record does not fit in a token, and an internal error if the record has an unknown kind or
// invalid times, or if its tags are not sorted by key.
func (m *Minter) Mint(r *Record) (Credentials, error) {
	if err := r.check(); err != nil {
		return Credentials{}, err
	}
	s := m.scratch.Get().(*scratch)
	c, err := m.mint(s, r)
	if err != nil {
		m.release(s, s.message)
		return Credentials{}, err
	}
	m.release(s, s.text[:secretLen])
	return c, nil
}

func (m *Minter) mint(s *scratch, r *Record) (Credentials, error) {
	if _, err := io.ReadFull(m.rand, s.random[:]); err != nil {
		return Credentials{}, fmt.Errorf("session: cannot read random bytes: %w", err)
	}
	var secret [secretLen]byte
	base64.StdEncoding.Encode(secret[:], s.random[:])
	s.message = r.appendTo(append(append(s.message[:0], noHead[:]...), secret[:]...))
	if n := seal.TokenLen(len(s.message) - seal.HeadSize); n > MaxToken {
		return Credentials{}, fault.New(fault.PackedPolicyTooLarge,
			"Packed policy consumes %d%% of allotted space, please use smaller policy.", (n*100+MaxToken-1)/MaxToken)
	}
	sealed, err := m.tokens.SealInPlace(s.message, nil)
	if err != nil {
		return Credentials{}, err
	}
	s.message = sealed
	id := accessKeyID(sealed)
	s.text = seal.AppendToken(append(append(s.text[:0], secret[:]...), id[:]...), sealed)
	all := string(s.text) // one allocation for all three
	return Credentials{
		SecretAccessKey: seal.NewSecret(all[:secretLen]),
		AccessKeyID:     all[secretLen:][:accessKeyLen],
		SessionToken:    all[secretLen+accessKeyLen:],
		Expiration:      time.Unix(r.ExpiresAt.Unix(), 0).UTC(),
	}, nil
}

// release clears the secrets and returns s to the pool.
func (m *Minter) release(s *scratch, secrets []byte) {
	clear(secrets)
	clear(s.random[:])
	if cap(s.message) <= maxScratch {
		m.scratch.Put(s)
	}
}

// Open returns the record and the secret access key for an access key ID and a session token. The error is ErrExpired for an
// expired session and ErrInvalid otherwise. The results do not change until the session expires, so callers may cache them
// under a keyed hash of both strings.
func (m *Minter) Open(accessKey, sessionToken string, now time.Time) (*Record, seal.Secret, error) {
	if len(accessKey) != accessKeyLen || !IsTemporary(accessKey) || len(sessionToken) > MaxToken {
		return nil, seal.Secret{}, ErrInvalid
	}
	s := m.scratch.Get().(*scratch)
	r, secret, err := m.open(s, accessKey, sessionToken)
	m.release(s, s.message)
	if err != nil {
		return nil, seal.Secret{}, ErrInvalid
	}
	if !now.Before(r.ExpiresAt) {
		return nil, seal.Secret{}, ErrExpired
	}
	return r, secret, nil
}

// open is Open without the check of the time. Open replaces its error, which clients must not see.
func (m *Minter) open(s *scratch, accessKey, sessionToken string) (*Record, seal.Secret, error) {
	sealed, err := seal.AppendDecoded(s.message[:0], sessionToken)
	if err != nil {
		return nil, seal.Secret{}, err
	}
	s.message = sealed
	if len(sealed) < seal.Overhead+secretLen {
		return nil, seal.Secret{}, errRecord
	}
	if id := accessKeyID(sealed); string(id[:]) != accessKey {
		return nil, seal.Secret{}, errRecord
	}
	plain, err := m.tokens.OpenInPlace(sealed, nil)
	if err != nil {
		return nil, seal.Secret{}, err
	}
	texts := string(plain)                   // the only copy; the strings of the record are parts of it
	r, err := parseRecord(texts[secretLen:]) // fails if a later version of Sluice minted it
	return r, seal.NewSecret(texts[:secretLen]), err
}

// IsTemporary reports whether an access key ID belongs to temporary credentials, which need a session token.
func IsTemporary(accessKeyID string) bool { return strings.HasPrefix(accessKeyID, keyPrefix) }

// accessKeyID returns the access key ID that belongs to a sealed message. It is made from the first 80 bits of the nonce. A token
// therefore has only one access key ID: if the nonce is changed to get another one, the token does not open.
func accessKeyID(sealed []byte) (id [accessKeyLen]byte) {
	copy(id[:], keyPrefix)
	base32.StdEncoding.Encode(id[len(keyPrefix):], seal.Nonce(sealed)[:keyRandom])
	return id
}

// check returns an error if the record must not be minted.
func (r *Record) check() error {
	life := r.ExpiresAt.Sub(r.IssuedAt)
	switch issued := r.IssuedAt.Unix(); {
	case !r.Kind.known():
		return fmt.Errorf("session: unknown kind %d", r.Kind)
	case issued <= 0 || issued > maxSeconds:
		return errors.New("session: IssuedAt is missing or out of range")
	case life < time.Second || life > MaxLifetime:
		return fmt.Errorf("session: a session cannot last %s; use 1s to 36h", life)
	}
	for i := range r.PrincipalTags {
		if i > 0 && r.PrincipalTags[i].Key <= r.PrincipalTags[i-1].Key {
			return errors.New("session: PrincipalTags are not sorted by key or have a key twice")
		}
	}
	for i := range r.Logins {
		if l := &r.Logins[i]; !encodable(l.AuthTime) || !encodable(l.IssuedAt) {
			return errors.New("session: the time of a login is out of range")
		}
	}
	return nil
}

// encodable reports whether an optional time has an encoding.
func encodable(t time.Time) bool {
	seconds := t.Unix()
	return seconds >= 0 && seconds < maxSeconds || t.IsZero()
}
