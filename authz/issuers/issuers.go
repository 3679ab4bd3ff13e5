package issuers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sluicegate/sluice/authz/token"
)

// Options are the dependencies of a Verifier.
type Options struct {
	// Lookup reports whether an issuer is registered, by the exact iss of its tokens, and returns where its keys are; "" means
	// discovery. It is called for every token and must be fast. Required.
	Lookup func(iss string) (jwksURL string, ok bool)
	Client *http.Client // for keys and discovery documents; required
	Now    func() time.Time
	Log    *slog.Logger // nil means slog.Default()
}

// Limits on what is stored about issuers.
const (
	maxIssuers = 128
	leeway     = time.Minute
)

// algorithms are the signatures that IAM accepts of an OIDC provider. PS, EdDSA and Ed25519 are accepted beyond them.
var algorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"}

// Verifier verifies tokens of registered issuers. It is safe for concurrent use. Call Close to end its background work.
type Verifier struct {
	o    Options
	none *token.Verifier // refuses every token, with the right reason

	mu     sync.RWMutex
	known  map[string]*known // by iss
	closed bool
}

// known is an issuer whose keys are kept.
type known struct {
	jwksURL  string
	keys     *token.RemoteKeys
	verifier *token.Verifier
	since    time.Time
}

// New returns a Verifier. The error is a missing option.
func New(o Options) (*Verifier, error) {
	if o.Lookup == nil || o.Client == nil || o.Now == nil {
		return nil, errors.New("issuers: New: a required field of Options is not set")
	}
	none, err := token.New(token.Options{Now: o.Now, Issuers: []token.Issuer{{
		URL: "urn:sluice:nobody", Keys: new(token.StaticKeys), AnyClient: true}}})
	return &Verifier{o: o, none: none, known: make(map[string]*known)}, err
}

// Verify verifies a token of a registered issuer, for any client: the caller checks the audience. The token has no Username, whatever its
// claims are: that is the name of a user of Sluice, which another issuer cannot give. The error is a *token.Error.
func (v *Verifier) Verify(ctx context.Context, raw string) (*token.Token, error) {
	iss, ok := token.UnverifiedIssuer(raw)
	if !ok {
		return v.none.Verify(ctx, raw)
	}
	jwksURL, ok := v.o.Lookup(iss)
	if !ok {
		return v.none.Verify(ctx, raw)
	}
	k, err := v.of(iss, jwksURL)
	if err != nil {
		v.log().Warn("the keys of an issuer cannot be fetched", "issuer", iss, "error", err)
		return v.none.Verify(ctx, raw)
	}
	t, err := k.verifier.Verify(ctx, raw)
	if t != nil {
		t.Username = ""
	}
	return t, err
}

func (v *Verifier) log() *slog.Logger {
	if v.o.Log == nil {
		return slog.Default()
	}
	return v.o.Log
}

// of returns the kept keys of an issuer, or begins to fetch them.
func (v *Verifier) of(iss, jwksURL string) (*known, error) {
	v.mu.RLock()
	k := v.known[iss]
	v.mu.RUnlock()
	if k != nil && k.jwksURL == jwksURL {
		return k, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if k = v.known[iss]; k != nil && k.jwksURL == jwksURL {
		return k, nil
	}
	if v.closed {
		return nil, errors.New("issuers: the verifier is closed")
	}
	keys, err := token.NewRemote(token.RemoteOptions{Issuer: iss, JWKSURL: jwksURL, Client: v.o.Client, Now: v.o.Now, Logger: v.o.Log})
	if err != nil {
		return nil, err
	}
	verifier, err := token.New(token.Options{Now: v.o.Now, Issuers: []token.Issuer{{
		URL: iss, Keys: keys, Algorithms: algorithms, AnyClient: true, Leeway: leeway}}})
	if err != nil {
		return nil, err
	}
	if k != nil {
		v.end(k)
		delete(v.known, iss)
	}
	v.evict()
	keys.Start()
	k = &known{jwksURL: jwksURL, keys: keys, verifier: verifier, since: v.o.Now()}
	v.known[iss] = k
	return k, nil
}

// evict makes room for one issuer. It removes those that are no longer registered and, if that is not enough, the one that has been
// kept longest. The caller holds the lock.
func (v *Verifier) evict() {
	v.sweep()
	if len(v.known) < maxIssuers {
		return
	}
	oldest := ""
	for iss, k := range v.known {
		if oldest == "" || k.since.Before(v.known[oldest].since) {
			oldest = iss
		}
	}
	v.end(v.known[oldest])
	delete(v.known, oldest)
}

func (v *Verifier) sweep() {
	for iss, k := range v.known {
		if _, ok := v.o.Lookup(iss); !ok {
			v.end(k)
			delete(v.known, iss)
		}
	}
}

// end stops fetching the keys of an issuer, without waiting for a fetch that has begun.
func (v *Verifier) end(k *known) {
	go func() {
		if err := k.keys.Close(); err != nil {
			v.log().Warn("closing the keys of an issuer", "error", err)
		}
	}()
}

// Sweep stops fetching the keys of issuers that are no longer registered. Call it periodically.
func (v *Verifier) Sweep() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep()
}

// Close ends the background work.
func (v *Verifier) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	var errs []error
	for _, k := range v.known {
		errs = append(errs, k.keys.Close())
	}
	clear(v.known)
	return errors.Join(errs...)
}
