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
	// MaxToken is the longest session token, in characters. It travels in a header or, percent-encoded, in a query.
	MaxToken = 12 << 10
	// MaxLifetime is the longest session that any operation of STS grants.
	MaxLifetime = 36 * time.Hour

	keyPrefix    = "ASIA"
	keyRandom    = 10 // bytes; 16 characters of base32
	accessKeyLen = len(keyPrefix) + 16
	secretBytes  = 30
	secretLen    = secretBytes / 3 * 4 // in base64

	tokenPurpose = "session credentials"
)

// noHead keeps the place of a sealed message's head.
var noHead [seal.HeadSize]byte

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
	Box  *seal.Box // required; its source of randomness is that of access key ids, too
	Rand io.Reader // of secret access keys; crypto/rand when nil
}

// Minter makes and opens temporary credentials. It is safe for concurrent use.
type Minter struct {
	tokens  *seal.Use
	rand    io.Reader
	scratch sync.Pool // of *scratch
}

// scratch is the memory that minting or opening takes for a moment.
type scratch struct {
	message []byte // sealed or not
	text    []byte // of a secret, its access key id and token
	random  [secretBytes]byte
}

// maxScratch is how large a message may be for its memory to be kept: what any token holds.
const maxScratch = MaxToken

// NewMinter returns a Minter.
func NewMinter(o Options) (*Minter, error) {
	if o.Box == nil {
		return nil, errors.New("session: a minter needs a box")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return &Minter{
		tokens: o.Box.For(tokenPurpose), rand: o.Rand, scratch: sync.Pool{New: func() any { return new(scratch) }},
	}, nil
}

// Mint makes credentials for the record, good from IssuedAt to ExpiresAt, both cut to the second. It fails with
// fault.PackedPolicyTooLarge when the record does not fit a token, and with an internal error when the record has no kind,
// no sensible times, or tags that are not in the order of their keys.
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
		return Credentials{}, fmt.Errorf("session: no randomness: %w", err)
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
	all := string(s.text) // one allocation for what is used together
	return Credentials{
		SecretAccessKey: seal.NewSecret(all[:secretLen]),
		AccessKeyID:     all[secretLen:][:accessKeyLen],
		SessionToken:    all[secretLen+accessKeyLen:],
		Expiration:      time.Unix(r.ExpiresAt.Unix(), 0).UTC(),
	}, nil
}

// release keeps memory for the next call, without the secrets that stood in it: sealed bytes are none.
func (m *Minter) release(s *scratch, secrets []byte) {
	clear(secrets)
	clear(s.random[:])
	if cap(s.message) <= maxScratch {
		m.scratch.Put(s)
	}
}

// Open returns the record and the secret of the credentials that a request names. The failure is ErrInvalid or, for a
// session that was good, ErrExpired. The same arguments give the same record and secret until it expires, so callers may
// keep them under a keyed hash of both strings.
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

// open fails for reasons that nobody is told.
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
	texts := string(plain)                   // one copy of all
	r, err := parseRecord(texts[secretLen:]) // fails if a later version of this program has made it
	return r, seal.NewSecret(texts[:secretLen]), err
}

// IsTemporary reports whether an access key id is of temporary credentials: those are good only with a session token.
func IsTemporary(accessKeyID string) bool { return strings.HasPrefix(accessKeyID, keyPrefix) }

// accessKeyID is the access key id that goes with a sealed message, from the first 80 bits of its nonce, which are random.
// So a token has one key id, and whoever changes the nonce to have another has a token that does not open.
func accessKeyID(sealed []byte) (id [accessKeyLen]byte) {
	copy(id[:], keyPrefix)
	base32.StdEncoding.Encode(id[len(keyPrefix):], seal.Nonce(sealed)[:keyRandom])
	return id
}

// check refuses a record that no operation may mint.
func (r *Record) check() error {
	life := r.ExpiresAt.Sub(r.IssuedAt)
	switch issued := r.IssuedAt.Unix(); {
	case !r.Kind.known():
		return fmt.Errorf("session: %d is no kind of session", r.Kind)
	case issued <= 0 || issued > maxSeconds:
		return errors.New("session: no issue time")
	case life < time.Second || life > MaxLifetime:
		return fmt.Errorf("session: a session of %s cannot be", life)
	}
	for i := range r.PrincipalTags {
		if i > 0 && r.PrincipalTags[i].Key <= r.PrincipalTags[i-1].Key {
			return errors.New("session: tags that are not in the order of their keys")
		}
	}
	for i := range r.Logins {
		if l := &r.Logins[i]; !encodable(l.AuthTime) || !encodable(l.IssuedAt) {
			return errors.New("session: a login before 1970, or past all sense")
		}
	}
	return nil
}

// encodable says whether an optional time has an encoding.
func encodable(t time.Time) bool {
	seconds := t.Unix()
	return seconds >= 0 && seconds < maxSeconds || t.IsZero()
}
