package relyingparty

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/userpool/providers"
)

// Options are what New needs. Now, Rand and Log are required.
type Options struct {
	Now   func() time.Time // the clock against which ID tokens are checked
	Rand  io.Reader        // for states, nonces and PKCE verifiers
	Log   *slog.Logger     // gets failures to fetch user info and keys
	Rules outbound.Rules   // where providers may be; Redirects and Ports are set here
}

// Service asks providers. Its methods may be called from any goroutine.
type Service struct {
	o         Options
	client    *http.Client
	documents *bounded.Map[string, *document] // by issuer
	verifiers *bounded.Map[string, *token.Verifier]
}

const (
	maxCached    = 1000 // discovery documents and key sets
	cachedFor    = time.Hour
	maxRedirects = 5
	leeway       = time.Minute // clock skew
	maxToken     = 64 << 10    // bytes of an ID token
)

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Now == nil || o.Rand == nil || o.Log == nil {
		return nil, errors.New("relyingparty: Options.Now, Rand and Log are required")
	}
	o.Rules.Ports, o.Rules.Redirects = []uint16{443, 80}, maxRedirects
	return &Service{o: o, client: outbound.Client(o.Rules), documents: bounded.New[string, *document](maxCached),
		verifiers: bounded.New[string, *token.Verifier](maxCached)}, nil
}

// random returns n random bytes.
func (s *Service) random(n int) ([]byte, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(s.o.Rand, raw); err != nil {
		return nil, fmt.Errorf("relyingparty: reading random bytes: %w", err)
	}
	return raw, nil
}

// openID reports whether the provider gives ID tokens.
func openID(p *providers.Provider) bool {
	return p.Type != providers.Facebook && p.Type != providers.Amazon
}

// refuse returns an error for the client.
func refuse(cause error, format string, args ...any) *providers.Refusal {
	return &providers.Refusal{Code: "invalid_request", Description: fmt.Sprintf(format, args...), Cause: cause}
}
