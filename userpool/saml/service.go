package saml

import (
	"errors"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
	"golang.org/x/sync/singleflight"
)

// Paths below the pool's domain.
const (
	AnswerPath   = "/saml2/idpresponse"
	SignOutPath  = "/saml2/logout"
	MetadataPath = "/saml2/metadata" // not of Cognito
)

// The times of SAML.
const (
	skew          = time.Minute     // by which a provider's clock may differ
	solicitedAge  = 5 * time.Minute // of an assertion that was asked for
	unaskedAge    = 6 * time.Minute // of one that was not
	maxMetadata   = 10_000          // that are remembered
	metadataFresh = 6 * time.Hour
	metadataLife  = 24 * time.Hour // of metadata whose address does not answer any more
	metadataRetry = time.Minute    // after which such an address is asked again
)

// Options are what New needs. All are required.
type Options struct {
	Base  *userpool.Base    // the store with the signing keys, and what seals them
	Pools *userpool.Service // finds pools
	HTTP  *http.Client      // fetches metadata; see package outbound
}

// Service speaks SAML for user pools. Its methods may be called from any goroutine.
type Service struct {
	o        Options
	base     *userpool.Base
	metadata *bounded.Map[string, fetched]
	silent   *bounded.Map[string, struct{}] // providers whose metadata could not be fetched for a logout request
	keys     *bounded.Map[string, *signer]
	flights  singleflight.Group
}

var (
	_ providers.Leg   = (*Service)(nil)
	_ providers.Maker = (*Service)(nil)
)

// fetched is metadata with the times from which they are read again, and from which they do not count any more.
type fetched struct {
	*assertion.Metadata
	refresh, until time.Time
}

// New returns a Service, or an error that names the required options.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.HTTP == nil {
		return nil, errors.New("saml: Options.Base, Pools and HTTP are required")
	}
	return &Service{o: o, base: o.Base, metadata: bounded.New[string, fetched](maxMetadata), silent: bounded.New[string, struct{}](maxMetadata), keys: bounded.New[string, *signer](maxMetadata)}, nil
}

// EntityID returns the name of a pool as a service provider.
func EntityID(poolID string) string { return "urn:amazon:cognito:sp:" + poolID }

// requestID draws the identifier of a message.
func (s *Service) requestID() (string, error) {
	id, err := s.base.UUID()
	return "_" + id, err
}
