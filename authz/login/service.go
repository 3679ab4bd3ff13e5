package login

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// DefaultCacheBytes is the default memory for subjects of sessions: about 45,000 of them.
const DefaultCacheBytes = 64 << 20

// Options are the dependencies and settings of a Service. All are required, unless a comment says otherwise.
type Options struct {
	Store    store.Store     // keeps the sessions
	Box      *seal.Box       // seals attempts and tokens, and hashes the secrets of cookies
	Provider Provider        // signs the users in
	Issuer   string          // of the ID tokens
	ClientID string          // at the issuer
	Apart    string          // what sessions are for, if they are none of the routes'; "" for those
	Verifier *token.Verifier // accepts the issuer's ID tokens for the client, and nothing else
	Revoker  Revoker         // learns of sessions that end
	Lifetime time.Duration   // of a session
	// AccessTokens keeps access tokens in memory, for upstreams that get them.
	AccessTokens bool
	CacheBytes   int64            // 0 means DefaultCacheBytes
	Now          func() time.Time // decides whether attempts, sessions and tokens have expired
	Shared       func() time.Time // the clock of all processes on the store, for leases; nil = Now
	Rand         io.Reader        // crypto/rand.Reader outside of tests
	Log          *slog.Logger     // gets failures of work in the background
}

// Revoker makes revocations known to all processes. The store already holds them.
type Revoker interface {
	Revoked(ctx context.Context, made ...revoke.Record) error
}

// Service is one login. It is safe for concurrent use.
type Service struct {
	o       Options
	id      string
	cache   *token.Cache[*authz.Subject]
	flights singleflight.Group
	// background bounds the renewals and checks that no request waits for.
	background chan struct{}
}

// maxBackground is the number of renewals and checks that run at a time without a request that waits for them.
const maxBackground = 16

// New returns a Service.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Box == nil || o.Provider == nil || o.Verifier == nil || o.Revoker == nil || o.Now == nil || o.Rand == nil || o.Log == nil {
		return nil, errors.New("login: a dependency is missing")
	}
	if o.Issuer == "" || o.ClientID == "" || o.Lifetime <= 0 {
		return nil, errors.New("login: Issuer, ClientID and Lifetime are required")
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.Shared == nil {
		o.Shared = o.Now
	}
	cache, err := token.NewCache[*authz.Subject](token.CacheOptions{MaxBytes: o.CacheBytes, Rand: o.Rand})
	if err != nil {
		return nil, err
	}
	return &Service{o: o, id: ID(o.Issuer, o.ClientID, o.Apart), cache: cache, background: make(chan struct{}, maxBackground)}, nil
}

// ID returns the name of the login at an issuer with a client: 16 hexadecimal digits. Sessions of one login are of no use to
// another, and those of routes are useless outside them.
func ID(issuer, clientID, apart string) string {
	text := issuer + "\n" + clientID
	if apart != "" {
		text += "\n" + apart
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// Lifetime returns how long a session lasts.
func (s *Service) Lifetime() time.Duration { return s.o.Lifetime }

// Cache returns the cache of subjects, for metrics.
func (s *Service) Cache() *token.Cache[*authz.Subject] { return s.cache }

// Close waits for the renewals that are running.
func (s *Service) Close() error {
	for range maxBackground {
		s.background <- struct{}{}
	}
	return nil
}
