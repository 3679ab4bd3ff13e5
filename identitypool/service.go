package identitypool

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// Verifier verifies login tokens: those of user pools, for any client and of any use, and those of the configured OIDC
// issuers, for the clients that each is registered with. Its errors are *token.Error.
type Verifier interface {
	Verify(ctx context.Context, raw string) (*token.Token, error)
}

// Assumer turns what an identity pool knows into the session of a role.
type Assumer interface {
	// AssumeForIdentity evaluates the trust policy of r.RoleARN against the identity and mints the session. A fault of
	// kind AccessDenied says that the role is not there or does not trust the identity. The record's maps and slices
	// stay the caller's.
	AssumeForIdentity(ctx context.Context, r session.Record, d time.Duration, sourceIP, userAgent string, secure bool) (session.Credentials, error)
}

// SignOuts says whether a sign-in is over. Pools with ServerSideTokenCheck ask it on every call.
type SignOuts interface {
	// SignedOut reports whether the user behind the token was signed out globally, disabled or deleted since. An error
	// that is not a fault refuses the call as internal: when nobody can tell, nobody gets credentials.
	SignedOut(ctx context.Context, t *token.Token) (bool, error)
}

// Options are what New needs. All fields are required except those that say otherwise.
type Options struct {
	Store   store.Store
	Box     *seal.Box
	Roles   Assumer
	Region  string
	Account string
	Now     func() time.Time
	Rand    io.Reader

	// IssuerFor returns the iss of the user pool with that id when it is one of this server's. It makes
	// "<issuer without scheme>" and "cognito-idp.<region>.amazonaws.com/<id>" two names of one provider.
	IssuerFor func(userPoolID string) string
	// Verifier may be nil when the host sets it later by UseVerifier; until then every login is refused.
	Verifier Verifier
	// SignOuts may be nil: a pool with ServerSideTokenCheck then refuses its user pool's logins.
	SignOuts SignOuts
	// GuestPolicies are the ARNs of the session policies that limit guests in the enhanced flow.
	GuestPolicies []string
	// Lint says what is doubtful about giving a role to a pool's guests or authenticated identities; nil = nothing is.
	Lint func(roleARN, poolID string, guest bool) []string
	// Log takes those warnings; nil = nobody reads them.
	Log *slog.Logger
	// LoginsClaim names the claim of OpenID tokens that remembers the logins behind them; "" = none.
	LoginsClaim string
}

// Env is what a call says about its surroundings, for trust policies.
type Env struct {
	SourceIP  netip.Addr
	UserAgent string
	Secure    bool
}

// Service is the identity pools of one account. All methods may be called from any goroutine.
type Service struct {
	o        Options
	verifier atomic.Pointer[Verifier]
	verified *token.Cache[*token.Token]
	pools    atomic.Pointer[map[string]*pool] // by id; the map never changes
	writing  sync.Mutex                       // held from a write of a pool until readers see it
	ring     *keyring.Ring
	keys     atomic.Pointer[keyring.Keys] // set by RotateKeys
	own      *token.Verifier              // of the pools' own tokens

	identities *identityCache
}

// New returns a Service that has read all pools and its signing keys, and made a key when there was none. It fails when an
// option is missing or the store does.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Box == nil || o.Roles == nil || o.Region == "" || o.Account == "" || o.Now == nil || o.Rand == nil || o.IssuerFor == nil {
		return nil, errors.New("identitypool: an option is missing")
	}
	cache, err := token.NewCache[*token.Token](token.CacheOptions{MaxBytes: 16 << 20, NegativeMaxBytes: 1 << 20, Rand: o.Rand})
	if err != nil {
		return nil, err
	}
	identities, err := newIdentityCache()
	if err != nil {
		return nil, err
	}
	ring, err := newRing(o)
	if err != nil {
		return nil, err
	}
	s := &Service{o: o, verified: cache, identities: identities, ring: ring}
	if s.own, err = token.New(token.Options{Issuers: []token.Issuer{s.TokenIssuer()}, Now: o.Now}); err != nil {
		return nil, err
	}
	if o.Verifier != nil {
		s.UseVerifier(o.Verifier)
	}
	if err := s.Reload(ctx); err != nil {
		return nil, err
	}
	return s, s.RotateKeys(ctx)
}

// UseVerifier replaces the verifier of login tokens and forgets what the old one verified.
func (s *Service) UseVerifier(v Verifier) {
	s.verifier.Store(&v)
	s.verified.Purge()
}
