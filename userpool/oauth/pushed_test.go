package oauth_test

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

// push pushes a request for the client and returns the query that refers to it.
func (s *site) push(clientID string, changes ...string) (url.Values, error) {
	s.T.Helper()
	p, c, err := s.Pools.ClientOf(s.T.Context(), s.pool.ID, clientID)
	if err != nil {
		s.T.Fatal(err)
	}
	pushed, err := s.OAuth.Push(s.T.Context(), p, c, s.request(changes...))
	if err != nil {
		return nil, err
	}
	if pushed.Life != 90*time.Second {
		s.T.Error(pushed.Life)
	}
	return url.Values{"client_id": {clientID}, "request_uri": {pushed.RequestURI}}, nil
}

func (s *site) pushed(changes ...string) url.Values {
	s.T.Helper()
	q, err := s.push(s.client.ID, changes...)
	if err != nil {
		s.T.Fatal(err)
	}
	return q
}

func wantShown(t *testing.T, what string, err error, key string) {
	t.Helper()
	if e, ok := errors.AsType[*oauth.PageError](err); !ok || e.Key != key {
		t.Errorf("%s: %v, want the page %s", what, err, key)
	}
}

func TestPushedRequest(t *testing.T) {
	s := newSiteWithUsers(t)
	q := s.pushed("nonce=n-1", "lang=de", "login_hint=ann")
	for _, secret := range []string{"n-1", callback, "st%26te"} {
		if strings.Contains(q.Encode(), secret) {
			t.Errorf("the query shows %s", secret)
		}
	}
	q.Set("scope", "profile") // parameters next to the reference do not count
	q.Set("redirect_uri", "https://evil.example/")
	next, err := s.OAuth.Open(t.Context(), s.pool.ID, q)
	if err != nil || next.Get("lang") != "de" || len(next) != 3 {
		t.Fatal(next, err)
	}
	s.Clock.Forward(30 * time.Minute) // the user takes time on the pages
	if again, err := s.OAuth.Open(t.Context(), s.pool.ID, next); again != nil || err != nil {
		t.Error("back from the pages:", again, err)
	}
	next.Set("state", "x")
	for range 2 {
		a, err := s.OAuth.Parse(t.Context(), s.pool.ID, next)
		if err != nil {
			t.Fatal(err)
		}
		if a.RedirectURI != callback || a.State != "st&te" || a.Nonce != "n-1" || strings.Join(a.Scopes, " ") != "openid email" || a.LoginHint != "ann" {
			t.Errorf("%+v", a)
		}
	}
	s.Clock.Forward(31 * time.Minute)
	_, err = s.OAuth.Parse(t.Context(), s.pool.ID, next)
	wantShown(t, "after an hour", err, oauth.KeyExpired)

	plain := s.request()
	if got, err := s.OAuth.Open(t.Context(), s.pool.ID, plain); got != nil || err != nil {
		t.Error("a query of its own:", got, err)
	}
}

func TestPushedRequestIsUsedOnce(t *testing.T) {
	s := newSite(t)
	q := s.pushed()
	var opened atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.OAuth.Open(t.Context(), s.pool.ID, q); err == nil {
				opened.Add(1)
			} else {
				wantShown(t, "again", err, oauth.KeyExpired)
			}
		})
	}
	all.Wait()
	if opened.Load() != 1 {
		t.Errorf("%d of 8 may begin", opened.Load())
	}
}

func TestReferencesThatAreRefused(t *testing.T) {
	s := newSite(t)
	other, elsewhere := s.Client(s.pool.ID, settings()), s.Pool(userpool.PoolSettings{})
	with := func(name string, values ...string) url.Values {
		q := s.pushed()
		q[name] = values
		return q
	}
	uri := s.pushed().Get("request_uri")
	late := s.pushed()
	s.Clock.Forward(90 * time.Second)
	for name, tc := range map[string]struct {
		query url.Values
		pool  string
		key   string
	}{
		"another client":      {with("client_id", other.ID), s.pool.ID, oauth.KeyExpired},
		"no client":           {with("client_id"), s.pool.ID, oauth.KeyExpired},
		"two clients":         {with("client_id", s.client.ID, other.ID), s.pool.ID, oauth.KeyRequest},
		"two references":      {with("request_uri", uri, uri), s.pool.ID, oauth.KeyRequest},
		"another pool":        {s.pushed(), elsewhere.ID, oauth.KeyExpired},
		"after 90 seconds":    {late, s.pool.ID, oauth.KeyExpired},
		"changed":             {with("request_uri", uri[:60]+"A"+uri[61:]), s.pool.ID, oauth.KeyExpired},
		"made up":             {with("request_uri", "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"), s.pool.ID, oauth.KeyExpired},
		"longer than one can": {with("request_uri", "urn:ietf:params:oauth:request_uri:"+strings.Repeat("A", 16<<10)), s.pool.ID, oauth.KeyExpired},
	} {
		_, err := s.OAuth.Open(t.Context(), tc.pool, tc.query)
		wantShown(t, name, err, tc.key)
	}
	_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.pushed())
	wantShown(t, "one that is not opened, on the pages", err, oauth.KeyExpired)
}

// The client gets the error that a browser would get.
func TestPushesThatAreRefused(t *testing.T) {
	s := newSite(t)
	for change, code := range map[string]string{
		"redirect_uri=https://evil.example/":              oauth.InvalidRequest,
		"scope=admin":                                     oauth.InvalidScope,
		"response_type=id_token":                          oauth.UnsupportedResponseType,
		"code_challenge=short":                            oauth.InvalidRequest,
		"identity_provider=Nobody":                        oauth.InvalidRequest,
		"request=a.b.c":                                   oauth.RequestNotSupported,
		"request_uri=urn:ietf:params:oauth:request_uri:x": oauth.InvalidRequest,
		"state=" + strings.Repeat("a", 5000):              oauth.InvalidRequest,
	} {
		_, err := s.push(s.client.ID, change)
		wantCode(t, change[:min(len(change), 60)], err, code)
	}
	long := strings.Repeat("é", 2000) // 12,000 characters in a form
	_, err := s.push(s.client.ID, "state="+long)
	wantCode(t, "a request that fits into no address", err, oauth.InvalidRequest)
}

func TestClientThatMustPush(t *testing.T) {
	s := newSite(t)
	demanding := settings()
	demanding.OAuth = &oauthclient.Metadata{PAR: true}
	c, err := s.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: s.pool.ID, Name: "web", Settings: demanding})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.OAuth.Parse(t.Context(), s.pool.ID, s.request("client_id="+c.ID))
	if e, ok := errors.AsType[*oauth.RedirectError](err); !ok || e.Err.Code != oauth.InvalidRequest {
		t.Error("not pushed:", err)
	}
	q, err := s.push(c.ID)
	if err != nil {
		t.Fatal(err)
	}
	next, err := s.OAuth.Open(t.Context(), s.pool.ID, q)
	if err == nil {
		_, err = s.OAuth.Parse(t.Context(), s.pool.ID, next)
	}
	if err != nil {
		t.Error("pushed:", err)
	}
}

// Cognito ignores the parameter.
func TestStrictServiceKnowsNoPushedRequests(t *testing.T) {
	s := newSite(t, strict)
	q := s.request("request_uri=urn:ietf:params:oauth:request_uri:x")
	if next, err := s.OAuth.Open(t.Context(), s.pool.ID, q); next != nil || err != nil {
		t.Error(next, err)
	}
	if _, err := s.OAuth.Parse(t.Context(), s.pool.ID, q); err != nil {
		t.Error(err)
	}
}
