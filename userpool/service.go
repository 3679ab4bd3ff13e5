package userpool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/store"
)

// Options are what New needs. Base, Regions, Account, IssuerFor and CheckProviders are required.
type Options struct {
	// Required, as all up to IssuerFor. The first of Regions is the default.
	Base      *Base
	Regions   region.Set
	Account   string                     // 12 digits
	IssuerFor func(poolID string) string // returns the iss of a pool's tokens; must be a pure function
	// CheckProviders refuses SupportedIdentityProviders that a client of the pool cannot have.
	CheckProviders func(tx store.Tx, poolID string, names []string) error

	// DomainHost returns the host name of a prefix domain of the pool; nil appends AWS's ".auth.<region>.amazoncognito.com". It must
	// be a pure function.
	DomainHost func(poolID, prefix string) string
	// Mapped reports whether a function is mapped to an ARN. The log names the functions of pools that are not mapped; nil
	// takes all for mapped.
	Mapped func(arn string) bool
	// NewKey makes a signing key; nil makes RSA keys of 2048 bits for RS256.
	NewKey func(rand io.Reader) (*token.SigningKey, error)
	// KeyRotation is how long a key signs; 0 is 90 days. The next key is published KeyLead before it signs. The public
	// half stays published for a day and an hour after its key stops signing, longer than any ID or access token lives.
	KeyRotation time.Duration
	KeyLead     time.Duration // 0 is 24 hours
	// CacheFor is how long a pool, client or key read from the store is used without reading it again; 0 is 10 s. It
	// bounds the delay of changes that other processes make. Changes made through this Service apply at once.
	CacheFor time.Duration
}

// Service keeps pools, app clients and signing keys. Its methods may be called from any goroutine.
type Service struct {
	o       Options
	base    *Base
	pools   *cache[*Pool]
	clients *cache[*Client]
	ring    *keyring.Ring
	counts  *bounded.Map[string, int] // of the users of pools with many
}

// New checks the options and fills in defaults. It reads nothing: call Start before serving.
func New(o Options) (*Service, error) {
	switch {
	case o.Base == nil:
		return nil, errors.New("userpool: Options.Base is required")
	case o.Regions.IsZero() || o.Account == "":
		return nil, errors.New("userpool: Options.Regions and Options.Account are required")
	case o.IssuerFor == nil || o.CheckProviders == nil:
		return nil, errors.New("userpool: Options.IssuerFor and Options.CheckProviders are required")
	}
	if o.NewKey == nil {
		o.NewKey = func(rand io.Reader) (*token.SigningKey, error) { return token.GenerateKey(rand, "RS256") }
	}
	if o.DomainHost == nil {
		o.DomainHost = func(poolID, prefix string) string {
			region, _, _ := strings.Cut(poolID, "_")
			return prefix + ".auth." + region + ".amazoncognito.com"
		}
	}
	o.KeyRotation = orDefault(o.KeyRotation, KeyRotation)
	o.KeyLead = orDefault(o.KeyLead, 24*time.Hour)
	o.CacheFor = orDefault(o.CacheFor, 10*time.Second)
	if o.KeyLead >= o.KeyRotation {
		return nil, errors.New("userpool: Options.KeyLead must be shorter than Options.KeyRotation")
	}
	ring, err := newRing(o)
	if err != nil {
		return nil, err
	}
	return &Service{
		o:       o,
		base:    o.Base,
		pools:   newCache[*Pool](o.Base.Now, o.CacheFor, maxCachedPools),
		clients: newCache[*Client](o.Base.Now, o.CacheFor, maxCachedClients),
		ring:    ring,
		counts:  bounded.New[string, int](maxCachedPools),
	}, nil
}

// ClockLeeway is how far the clocks of nodes may differ, and how far ahead of the clock a pool's own tokens may be dated.
const ClockLeeway = 30 * time.Second

// Bounds of the caches. A full cache evicts the entry that expires first, which costs reads, never correctness.
const (
	maxCachedPools   = 10_000
	maxCachedClients = 50_000
)

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// LowerAlphanumeric is the alphabet of client ids and secrets.
const LowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"

// MaxPoolID is the longest pool id of the API, in characters.
const MaxPoolID = 55

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + LowerAlphanumeric

// newPoolID returns the region of the call, an underscore and 9 letters and digits, as AWS's ids are.
func (s *Service) newPoolID(ctx context.Context) (string, error) {
	tail, err := s.base.RandomText(alphanumeric, 9)
	return s.o.Regions.Called(ctx) + "_" + tail, err
}

func (s *Service) newClientID() (string, error) { return s.base.RandomText(LowerAlphanumeric, 26) }

func (s *Service) NewClientSecret() (string, error) { return s.base.RandomText(LowerAlphanumeric, 52) }

// poolARN returns the pool's resource name.
func (s *Service) poolARN(poolID string) string { return s.ARN(s.o.Regions.Of(poolID), poolID) }

// ARN returns the resource name that a pool has in a region.
func (s *Service) ARN(region, poolID string) string {
	return fmt.Sprintf("arn:aws:cognito-idp:%s:%s:userpool/%s", region, s.o.Account, poolID)
}

// Serves reports whether the process serves the pool with an id, as far as its region says.
func (s *Service) Serves(poolID string) bool { return s.o.Regions.Serves(poolID) }

// Home returns the region of a pool.
func (s *Service) Home(poolID string) string { return s.o.Regions.Of(poolID) }
