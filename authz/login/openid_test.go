package login

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/seal"
)

// openID is a provider over HTTP whose token endpoint gives answers.
type openID struct {
	*OpenID
	answer map[string]any // of the token endpoint
	down   atomic.Bool
	hold   chan struct{} // discovery waits for it; nil for not
	asked  atomic.Int64  // how often the discovery document was asked for
	now    atomic.Int64  // seconds since 1970
}

func startOpenID(t *testing.T) *openID {
	t.Helper()
	p := &openID{answer: map[string]any{"access_token": "a", "token_type": "Bearer"}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.OpenID = NewOpenID(OpenIDOptions{Issuer: server.URL, ClientID: testClient, Secret: seal.NewSecret("secret"), Scopes: []string{"openid", "notes/write"},
		Now: func() time.Time { return time.Unix(p.now.Load(), 0) }})
	return p
}

func (p *openID) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := p.answer
	if r.URL.Path == "/.well-known/openid-configuration" {
		p.asked.Add(1)
		if p.hold != nil {
			<-p.hold
		}
		at := "http://" + r.Host
		answer = map[string]any{"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token"}
	}
	if p.down.Load() {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func TestScopesAreThoseThatWereGranted(t *testing.T) {
	p, ctx := startOpenID(t), t.Context()
	for name, tc := range map[string]struct {
		scope             any
		redeemed, renewed []string // renewed nil means: as before
	}{
		"not named": {nil, []string{"openid", "notes/write"}, nil},
		"fewer":     {"openid", []string{"openid"}, []string{"openid"}},
		"none":      {"", []string{}, []string{}},
	} {
		delete(p.answer, "scope")
		if tc.scope != nil {
			p.answer["scope"] = tc.scope
		}
		got, err := p.Redeem(ctx, Redemption{Code: "c"})
		must(t, err)
		if !slices.Equal(got.Scopes, tc.redeemed) {
			t.Errorf("%s: a code gives %q, want %q", name, got.Scopes, tc.redeemed)
		}
		got, err = p.Refresh(ctx, "r")
		must(t, err)
		if !slices.Equal(got.Scopes, tc.renewed) || (got.Scopes == nil) != (tc.renewed == nil) {
			t.Errorf("%s: a renewal gives %q, want %q", name, got.Scopes, tc.renewed)
		}
	}
}

// RFC 6749 sections 5.1 and 6: an answer without scope leaves the scopes as they are. They must not become those that the login
// asks for.
func TestARenewalThatNamesNoScopesAddsNone(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	cookie := w.signIn(s)
	w.pass(time.Hour)
	w.set(func(w *world) { w.unscoped = true })
	subject, _, err := s.Subject(t.Context(), cookie, testHost, w.clock())
	must(t, err)
	if got := subject.Principal.Scopes; w.renewals != 1 || !slices.Equal(got, []string{"openid"}) {
		t.Errorf("after %d renewals: %q", w.renewals, got)
	}
}

func TestAllWaitForOneDiscovery(t *testing.T) {
	p := startOpenID(t)
	p.hold = make(chan struct{})
	p.down.Store(true)
	errs, begun := make(chan error, 50), make(chan struct{}, 50)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			begun <- struct{}{}
			_, err := p.metadata(t.Context())
			errs <- err
		})
	}
	for range 50 {
		<-begun
	}
	close(p.hold)
	all.Wait()
	for range 50 {
		if err := <-errs; err == nil {
			t.Fatal("discovery succeeded")
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("%d requests for the document of a provider that is down", n)
	}
	p.down.Store(false)
	p.now.Add(1)
	if _, err := p.metadata(t.Context()); err != nil {
		t.Errorf("a second later: %v", err)
	}
	p.down.Store(true)
	p.now.Add(7200)
	if _, err := p.metadata(t.Context()); err != nil {
		t.Errorf("with an old document: %v", err)
	}
}
