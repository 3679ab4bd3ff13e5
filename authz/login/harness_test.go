package login

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

const (
	testIssuer = "https://idp.example"
	testClient = "web"
	testHost   = "app.example"
)

// world is a store, a master key, a provider and a clock that the services of a test share, like the processes of a cluster.
type world struct {
	t     testing.TB
	store store.Store
	box   *seal.Box
	key   *token.SigningKey
	index *revoke.Index

	mu       sync.Mutex
	now      time.Time
	user     string
	life     time.Duration
	nonce    string
	audience any
	more     map[string]any // claims
	refresh  bool
	unscoped bool  // answers do not name the scopes
	err      error // of the provider
	wait     chan struct{}
	renewals int
	revoked  int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "sessions.db")})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	master, err := seal.GenerateMasterKey(rand.Reader)
	must(t, err)
	box, err := seal.New(seal.Options{Keys: []seal.Key{master}})
	must(t, err)
	key, err := token.GenerateKey(rand.Reader, "ES256")
	must(t, err)
	w := &world{t: t, store: st, box: box, key: key, now: time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC), user: "ann", life: time.Hour,
		audience: testClient, refresh: true}
	w.index, err = revoke.NewIndex(revoke.Options{Now: w.clock})
	must(t, err)
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) set(change func(w *world)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

func (w *world) pass(d time.Duration) { w.set(func(w *world) { w.now = w.now.Add(d) }) }

// service returns a Service, as one of several processes has it.
func (w *world) service(change ...func(*Options)) *Service {
	w.t.Helper()
	keys := &token.StaticKeys{}
	must(w.t, keys.Set(w.key.Public()))
	verifier, err := token.New(token.Options{Now: w.clock, Issuers: []token.Issuer{{URL: testIssuer, Keys: keys, Algorithms: []string{"ES256"}, Audiences: []string{testClient}}}})
	must(w.t, err)
	o := Options{Store: w.store, Box: w.box, Provider: w, Issuer: testIssuer, ClientID: testClient, Verifier: verifier, Revoker: w,
		Lifetime: 12 * time.Hour, Now: w.clock, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	must(w.t, err)
	w.t.Cleanup(func() { must(w.t, s.Close()) })
	return s
}

// Authorize implements Provider.
func (w *world) Authorize(_ context.Context, r Authorization) (string, error) {
	return testIssuer + "/authorize?" + url.Values{"state": {r.State}, "nonce": {r.Nonce}}.Encode(), nil
}

// Redeem implements Provider. A code is the nonce of its request.
func (w *world) Redeem(_ context.Context, r Redemption) (*Tokens, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	nonce := r.Code
	if w.nonce != "" {
		nonce = w.nonce
	}
	return w.tokens(nonce)
}

// Refresh implements Provider.
func (w *world) Refresh(_ context.Context, refresh string) (*Tokens, error) {
	w.mu.Lock()
	wait, err := w.wait, w.err
	w.renewals++
	w.mu.Unlock()
	if wait != nil {
		<-wait
	}
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if refresh == "" {
		return nil, &Refused{Code: "invalid_grant"}
	}
	return w.tokens("")
}

// Revoke implements Provider.
func (w *world) Revoke(context.Context, string) error {
	w.set(func(w *world) { w.revoked++ })
	return nil
}

// Logout implements Provider.
func (w *world) Logout(_ context.Context, _, back string) (string, error) {
	return testIssuer + "/end?" + url.QueryEscape(back), nil
}

// NamesIssuer implements Provider.
func (w *world) NamesIssuer(context.Context) (bool, error) { return true, nil }

// Revoked implements Revoker.
func (w *world) Revoked(_ context.Context, made ...revoke.Record) error {
	return w.index.Apply(made...)
}

func (w *world) tokens(nonce string) (*Tokens, error) {
	claims := map[string]any{"iss": testIssuer, "sub": "sub-" + w.user, "aud": w.audience, "iat": w.now.Unix(), "exp": w.now.Add(w.life).Unix()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	for name, value := range w.more {
		claims[name] = value
	}
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	signed, err := w.key.Sign(text, "JWT")
	if err != nil {
		return nil, err
	}
	t := &Tokens{ID: signed, Access: "access", Scopes: []string{"openid"}, ExpiresIn: w.life}
	if w.unscoped {
		t.Scopes = nil
	}
	if w.refresh {
		t.Refresh = rand.Text()
	}
	return t, nil
}

// begin starts an attempt and returns it with its state and nonce.
func (w *world) begin(s *Service) (a *Attempt, state, nonce string) {
	w.t.Helper()
	a, err := s.Begin(w.t.Context(), Start{Host: testHost, RedirectURI: "https://app.example/cb", Target: "/deep"})
	must(w.t, err)
	u, err := url.Parse(a.URL)
	must(w.t, err)
	return a, u.Query().Get("state"), u.Query().Get("nonce")
}

// signIn returns the cookie of a new session.
func (w *world) signIn(s *Service) string {
	w.t.Helper()
	a, state, nonce := w.begin(s)
	made, err := s.Finish(w.t.Context(), Answer{Host: testHost, Cookie: a.Cookie, State: state, Code: nonce, Issuer: testIssuer})
	must(w.t, err)
	return made.Cookie
}

// resolve returns the user of a cookie, or the error.
func (w *world) resolve(s *Service, cookie string) (string, error) {
	subject, _, err := s.Subject(w.t.Context(), cookie, testHost, w.clock())
	if err != nil {
		return "", err
	}
	return subject.Principal.Subject, nil
}

// await waits until all work in the background is done.
func await(s *Service) {
	for range maxBackground {
		s.background <- struct{}{}
	}
	for range maxBackground {
		<-s.background
	}
}

var errAway = errors.New("the provider is away")

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
