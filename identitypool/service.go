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

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// Verifier verifies login tokens: those of user pools, for any client and of any use, and those of the configured OIDC
// issuers, for the clients that each is registered with. Its errors are *token.Error.
type Verifier interface {
	Verify(ctx context.Context, raw string) (*token.Token, error)
}

// Assumer creates the session of a role for an identity.
type Assumer interface {
	// AssumeForIdentity evaluates the trust policy of r.RoleARN for the identity and mints the session. Errors: AccessDenied if
	// the role does not exist or does not trust the identity, Validation for tags that STS does not take, PackedPolicyTooLarge for tags
	// that are too large together. It does not keep the maps and slices of the record.
	AssumeForIdentity(ctx context.Context, r session.Record, d time.Duration, sourceIP, userAgent string, secure bool) (session.Credentials, error)
}

// SignOuts reports ended sign-ins. Pools with ServerSideTokenCheck ask it on every call.
type SignOuts interface {
	// SignedOut reports whether the user of the token has been signed out globally, disabled or deleted since. On an error the
	// call is refused; one that is not a fault is reported as internal.
	SignedOut(ctx context.Context, t *token.Token) (bool, error)
}

// Assertions verifies the responses of SAML providers of IAM.
type Assertions interface {
	// VerifyAssertion returns the assertion in a response, in Base64, and the ARNs of the roles that it names for the provider. The text of
	// a fault is shown to the client.
	VerifyAssertion(providerARN, response string) (a *assertion.Assertion, roles []string, err error)
}

// AccessTokens verifies access tokens of public providers. Package accesstoken has its errors.
type AccessTokens interface {
	Knows(provider string) bool
	// Verify returns the user of a token that was issued for one of the applications.
	Verify(ctx context.Context, provider, token string, apps ...string) (*accesstoken.User, error)
}

// Options are the dependencies of a Service. Fields are required unless they say otherwise.
type Options struct {
	Store   store.Store      // keeps pools, identities and keys
	Box     *seal.Box        // seals the private keys of the pools' tokens
	Roles   Assumer          // makes the sessions of roles
	Regions region.Set       // in which pools can be made; the first is the default
	Account string           // 12 digits
	Now     func() time.Time // the clock of tokens and keys
	Rand    io.Reader        // crypto/rand.Reader outside of tests

	// IssuerFor returns the iss of the user pool with the given id if it is one of this server's. The names
	// "<issuer without scheme>" and "cognito-idp.<region>.amazonaws.com/<id>" then mean the same provider.
	IssuerFor func(userPoolID string) string
	// Issuer returns the client IDs of an OIDC provider of IAM by its URL, exactly as it is registered. It may be nil; then those of the verifier count.
	Issuer func(iss string) (clientIDs []string, ok bool)
	// Verifier may be nil and set later by UseVerifier. Until then every login is refused.
	Verifier Verifier
	// SignOuts may be nil. Pools with ServerSideTokenCheck then refuse the logins of their user pools.
	SignOuts SignOuts
	// Assertions may be nil. Logins of SAML providers are then refused.
	Assertions Assertions
	// AccessTokens may be nil. Logins of public providers that issue access tokens are then refused.
	AccessTokens AccessTokens
	// GuestPolicies are the ARNs of the session policies that limit guests in the enhanced flow.
	GuestPolicies []string
	// Lint returns warnings about giving a role to a pool's guests or authenticated identities. It may be nil.
	Lint func(roleARN, poolID string, guest bool) []string
	// Log receives those warnings. It may be nil.
	Log *slog.Logger
	// LoginsClaim is the claim of OpenID tokens that lists the logins behind them; "" = none.
	LoginsClaim string
	// NewKey makes an RSA key; its ID and algorithm do not matter. nil makes one of 2048 bits.
	NewKey func(rand io.Reader) (*token.SigningKey, error)
	// KeyRotation is how long a key signs; 0 is 90 days.
	KeyRotation time.Duration
	// Rotated is called with each key that follows another one; see package keyring. It may be nil.
	Rotated func(store.SigningKey)
}

// Env holds properties of the request that trust policies can test.
type Env struct {
	SourceIP  netip.Addr // aws:SourceIp; the zero Addr = unknown
	UserAgent string     // aws:UserAgent; "" = none
	Secure    bool       // aws:SecureTransport
}

// Service serves the identity pools of one account. It is safe for concurrent use.
type Service struct {
	o        Options
	verifier atomic.Pointer[Verifier]
	verified *token.Cache[*token.Token]
	pools    atomic.Pointer[map[string]*pool] // by id; the map never changes
	writing  sync.Mutex                       // held from a write of a pool until readers see it
	ring     *keyring.Ring
	keys     atomic.Pointer[keyring.Keys] // set by RotateKeys
	own      *token.Verifier              // of the pools' own tokens
	ensured  sync.Map                     // ids of pools whose roles Ensure has set, for WarnOfRoles

	identities *identityCache
}

// New returns a Service. It reads all pools and signing keys from the store and creates a key if there is none. Errors: a missing
// option, an error of the store.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Box == nil || o.Roles == nil || o.Regions.IsZero() || o.Account == "" || o.Now == nil || o.Rand == nil || o.IssuerFor == nil {
		return nil, errors.New("identitypool: New: a required field of Options is not set")
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

// UseVerifier replaces the verifier of login tokens and empties the cache of verified tokens.
func (s *Service) UseVerifier(v Verifier) {
	s.verifier.Store(&v)
	s.verified.Purge()
}
