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
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// TokenVerifier verifies web identity tokens: those of identity pools and of the configured OIDC issuers, with the
// client ids that each issuer is allowed. Only tokens of Sluice's own user pools have a Username, which becomes aws:username. Its errors are
// *token.Error.
type TokenVerifier interface {
	Verify(ctx context.Context, raw string) (*token.Token, error)
}

// Options are the dependencies of a Service. All fields except Dated, Verifier, Strict and Log are required.
type Options struct {
	Store   store.Store      // keeps roles, policies and entities
	Box     *seal.Box        // seals the root key and the keys of SAML providers
	Minter  *session.Minter  // makes session tokens
	Account string           // twelve digits
	Regions region.Set       // the first is aws:RequestedRegion of calls that name none
	Now     func() time.Time // the clock of everything but sessions
	Rand    io.Reader        // crypto/rand.Reader outside of tests

	// Dated is the clock that dates sessions, which aws:TokenIssueTime is compared with: the same for all processes on the store. nil = Now.
	Dated func() time.Time
	// Verifier may be nil and set later by UseVerifier. Until then AssumeRoleWithWebIdentity refuses every provider.
	Verifier TokenVerifier
	// Strict leaves the user's name out of sessions, as AWS does.
	Strict bool
	// Log receives warnings about stored policies that do not parse and therefore deny. It may be nil.
	Log *slog.Logger
}

// Service manages roles, policies and their sessions. It is safe for concurrent use.
type Service struct {
	store   store.Store
	box     *seal.Box
	minter  *session.Minter
	account string
	regions region.Set
	now     func() time.Time
	dated   func() time.Time
	rand    io.Reader
	strict  bool
	log     *slog.Logger

	verifier atomic.Pointer[TokenVerifier]
	access   atomic.Pointer[AccessTokens]
	root     atomic.Pointer[rootKey]
	current  atomic.Pointer[snapshot]
	writing  sync.Mutex // held from a write in the store until the snapshot is replaced
}

// New returns a Service. It reads all roles and policies from the store. Errors: a missing option, an error of the store.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Box == nil || o.Minter == nil || o.Account == "" || o.Regions.IsZero() || o.Now == nil || o.Rand == nil {
		return nil, errors.New("iam: New: a required field of Options is not set")
	}
	s := &Service{store: o.Store, box: o.Box, minter: o.Minter, account: o.Account, regions: o.Regions, now: o.Now, dated: o.Dated, rand: o.Rand, strict: o.Strict, log: o.Log}
	if s.dated == nil {
		s.dated = s.now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.Verifier != nil {
		s.UseVerifier(o.Verifier)
	}
	return s, s.Reload(ctx)
}

// UseVerifier replaces the verifier of web identity tokens.
func (s *Service) UseVerifier(v TokenVerifier) { s.verifier.Store(&v) }

// Account returns the twelve-digit account of the Service's ARNs.
func (s *Service) Account() string { return s.account }

// Version returns a number that changes with every change of a role or policy. Caches of decisions compare it.
func (s *Service) Version() uint64 { return s.current.Load().version }
