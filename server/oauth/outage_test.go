package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/oauth"
)

// outage is a store that cannot be reached while down is set.
type outage struct {
	store.Store
	down atomic.Bool
}

func (o *outage) View(ctx context.Context, fn func(store.Tx) error) error {
	if o.down.Load() {
		return store.ErrUnavailable
	}
	return o.Store.View(ctx, fn)
}

func (o *outage) Update(ctx context.Context, fn func(store.Tx) error) error {
	if o.down.Load() {
		return store.ErrUnavailable
	}
	return o.Store.Update(ctx, fn)
}

func TestAnOutageOfTheStoreIsNotTheAppsMistake(t *testing.T) {
	o := new(outage)
	s := newSite(t, func(options *idp.Options) { o.Store, options.Store = options.Store, o })
	cookie := s.signIn()
	o.down.Store(true)
	w := s.ask(http.MethodGet, "https://auth.example.com/oauth2/authorize?"+s.query(""), "", cookie)
	if at := w.Header().Get("Location"); w.Code != http.StatusFound || !strings.Contains(at, "error=temporarily_unavailable") {
		t.Errorf("with a session: %d %s", w.Code, at)
	}
	w = s.ask(http.MethodGet, "https://auth.example.com/logout?client_id=2example23456789abcdefghij&logout_uri="+url.QueryEscape(goodbye), "", cookie)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("a client that was not asked for before: %d, %s", w.Code, w.Body)
	}
	if e := oauth.Failed(http.ErrServerClosed); e.Status != http.StatusInternalServerError {
		t.Errorf("another failure: %d", e.Status)
	}
}
