package iam

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// TokenVerifier verifies web identity tokens: those of identity pools and of the configured OIDC issuers, with the
// client ids that each issuer is allowed. Its errors are *token.Error.
type TokenVerifier interface {
	Verify(ctx context.Context, raw string) (*token.Token, error)
}

// Options are what New needs. All fields are required except Verifier, Strict and Log.
type Options struct {
	Store   store.Store
	Box     *seal.Box
	Minter  *session.Minter
	Account string // twelve digits
	Now     func() time.Time
	Rand    io.Reader

	// Verifier may be nil: AssumeRoleWithWebIdentity then knows no provider. It may also be set later by UseVerifier.
	Verifier TokenVerifier
	// Strict keeps the user's name out of sessions, as AWS does.
	Strict bool
	// Log is told of policies in the store that do not parse, and therefore deny; nil = silent.
	Log *slog.Logger
}

// Service is roles, policies and the sessions made of them. All methods may be called from any goroutine.
type Service struct {
	store   store.Store
	box     *seal.Box
	minter  *session.Minter
	account string
	now     func() time.Time
	rand    io.Reader
	strict  bool
	log     *slog.Logger

	verifier atomic.Pointer[TokenVerifier]
	root     atomic.Pointer[rootKey]
	current  atomic.Pointer[snapshot]
	writing  sync.Mutex // held from a write in the store until the snapshot shows it
}

// New returns a Service that has read all roles and policies. It fails when an option is missing or the store does.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Box == nil || o.Minter == nil || o.Account == "" || o.Now == nil || o.Rand == nil {
		return nil, errors.New("iam: an option is missing")
	}
	s := &Service{store: o.Store, box: o.Box, minter: o.Minter, account: o.Account, now: o.Now, rand: o.Rand, strict: o.Strict, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.Verifier != nil {
		s.UseVerifier(o.Verifier)
	}
	return s, s.Reload(ctx)
}

// UseVerifier replaces the verifier of web identity tokens, for a host that builds it after the pools.
func (s *Service) UseVerifier(v TokenVerifier) { s.verifier.Store(&v) }

// Account returns the twelve-digit account that the Service's ARNs carry.
func (s *Service) Account() string { return s.account }

// Version returns a number that changes with every change of a role or policy. Whoever caches decisions compares it.
func (s *Service) Version() uint64 { return s.current.Load().version }
