package token

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// site is the issuer's web server. Tests run it on a synctest clock, so that hours pass at once.
type site struct {
	mu     sync.Mutex
	keys   []PublicKey
	down   bool
	delay  time.Duration
	body   string // instead of keys
	kind   string // content type
	visits int
}

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.visits++
	keys, down, delay, body, kind := s.keys, s.down, s.delay, s.body, s.kind
	s.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if down {
		return nil, errors.New("connection refused")
	}
	if body == "" {
		written, err := MarshalJWKS(keys...)
		if err != nil {
			return nil, err
		}
		body = string(written)
	}
	if kind == "" {
		kind = "application/json"
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {kind}}, Request: r,
		ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (s *site) set(change func(*site)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.visits
}

// journal collects log lines.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) lines(level string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), "level="+level)
}

// remote starts RemoteKeys of an issuer at the site and closes them when the test ends.
func remote(t *testing.T, s *site, log *journal, change func(*RemoteOptions)) *RemoteKeys {
	t.Helper()
	o := RemoteOptions{Issuer: poolURL, JWKSURL: poolURL + "/.well-known/jwks.json", Client: &http.Client{Transport: s}, Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(log, nil))}
	if change != nil {
		change(&o)
	}
	r, err := NewRemote(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Start()
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func lookup(t *testing.T, r *RemoteKeys, kid string, want error) {
	t.Helper()
	key, err := r.Lookup(t.Context(), kid)
	if !errors.Is(err, want) || want == nil && (err != nil || key.ID != kid) {
		t.Errorf("%s: got %v, %v; want %v", kid, key, err, want)
	}
}

func TestKeysAreFetchedAtStartAndRefreshedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{keys: []PublicKey{testKey().Public()}}
		r := remote(t, s, &journal{}, nil)
		synctest.Wait()
		if s.count() != 1 {
			t.Fatalf("%d fetches after the start", s.count())
		}
		time.Sleep(3*time.Hour + time.Second)
		synctest.Wait()
		if got := s.count(); got != 13 {
			t.Errorf("%d fetches in three hours", got)
		}
		lookup(t, r, testKey().ID, nil)
		if got := s.count(); got != 13 {
			t.Error("a lookup of a known key fetched")
		}
		if status := r.Status(); !status.Usable || status.Keys != 1 || time.Since(status.Fetched) > time.Minute {
			t.Errorf("%+v", status)
		}
	})
}

func TestAFailedFirstFetchIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, log := &site{keys: []PublicKey{testKey().Public()}, down: true}, &journal{}
		r := remote(t, s, log, nil)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		lookup(t, r, testKey().ID, ErrKeysUnavailable)
		if n := s.count(); n < 10 || n > 20 {
			t.Errorf("%d fetches in ten minutes", n)
		}
		if r.Status().Usable {
			t.Error("usable without keys")
		}
		s.set(func(s *site) { s.down = false })
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		lookup(t, r, testKey().ID, nil)
		if log.lines("ERROR") != 1 || log.lines("WARN") != 0 || log.lines("INFO") != 1 {
			t.Errorf("want one line for each change:\n%s", log.text.String())
		}
	})
}

func TestTheLastKeysAreUsedUntilMaxStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, log := &site{keys: []PublicKey{testKey().Public()}}, &journal{}
		r := remote(t, s, log, func(o *RemoteOptions) { o.MaxStale = 2 * time.Hour })
		synctest.Wait()
		s.set(func(s *site) { s.down = true })
		time.Sleep(2*time.Hour - time.Second)
		synctest.Wait()
		lookup(t, r, testKey().ID, nil)
		if log.lines("WARN") != 1 || log.lines("ERROR") != 0 {
			t.Errorf("while the keys are good:\n%s", log.text.String())
		}
		time.Sleep(time.Second)
		lookup(t, r, testKey().ID, ErrKeysUnavailable)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if log.lines("WARN") != 1 || log.lines("ERROR") != 1 {
			t.Errorf("when they are too old:\n%s", log.text.String())
		}
		s.set(func(s *site) { s.down = false })
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		lookup(t, r, testKey().ID, nil)
		if log.lines("INFO") != 2 {
			t.Errorf("when they are back:\n%s", log.text.String())
		}
	})
}

func TestSixtyUnknownKeyIDsCauseAtMostFiveFetches(t *testing.T) {
	for name, pause := range map[string]time.Duration{"at once": 0, "one a second": time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &site{keys: []PublicKey{testKey().Public()}}
				r := remote(t, s, &journal{}, nil)
				synctest.Wait()
				for i := range 60 {
					lookup(t, r, fmt.Sprint("unknown", i), ErrUnknownKey)
					time.Sleep(pause)
				}
				if n := s.count(); n > 5 {
					t.Errorf("%d fetches", n)
				}
				lookup(t, r, testKey().ID, nil)
			})
		})
	}
}

// After a flood of unknown key IDs, the next fetch is possible after MinRefresh, even if the clock was set back.
func TestAFloodOfUnknownKeyIDsDelaysANewKeyByOneMinRefreshAtMost(t *testing.T) {
	for name, back := range map[string]time.Duration{"the clock goes on": 0, "the clock is set back": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &site{keys: []PublicKey{testKey().Public()}}
				var behind atomic.Int64
				r := remote(t, s, &journal{}, func(o *RemoteOptions) {
					o.MinRefresh, o.MaxStale = 30*time.Second, 48*time.Hour
					o.Now = func() time.Time { return time.Now().Add(-time.Duration(behind.Load())).Round(0) } // wall clock only
				})
				synctest.Wait()
				for i := range 60 {
					lookup(t, r, fmt.Sprint("unknown", i), ErrUnknownKey)
				}
				before := s.count()
				s.set(func(s *site) { s.keys = append(s.keys, otherKey().Public()) })
				lookup(t, r, otherKey().ID, ErrUnknownKey)
				behind.Store(int64(back))
				lookup(t, r, "unknown", ErrUnknownKey)
				time.Sleep(30 * time.Second)
				lookup(t, r, otherKey().ID, nil)
				if n := s.count() - before; n != 1 {
					t.Errorf("%d fetches", n)
				}
			})
		})
	}
}

func TestAllWaitingLookupsShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{keys: []PublicKey{testKey().Public()}, delay: time.Second}
		r := remote(t, s, &journal{}, nil)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { lookup(t, r, testKey().ID, nil) })
		}
		all.Wait()
		if s.count() != 1 {
			t.Errorf("%d fetches", s.count())
		}
	})
}

func TestACancelledLookupDoesNotFailOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{keys: []PublicKey{testKey().Public()}, delay: 3 * time.Second}
		r := remote(t, s, &journal{}, nil)
		var all sync.WaitGroup
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			if _, err := r.Lookup(ctx, testKey().ID); !errors.Is(err, ErrKeysUnavailable) || time.Since(began) > time.Second {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		})
		all.Go(func() { lookup(t, r, testKey().ID, nil) })
		all.Wait()
	})
}

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{keys: []PublicKey{testKey().Public()}}
		r := remote(t, s, &journal{}, nil)
		synctest.Wait()
		// With overlap: the new key is found on first use, and the old one stays.
		s.set(func(s *site) { s.keys = append(s.keys, otherKey().Public()) })
		lookup(t, r, otherKey().ID, nil)
		lookup(t, r, testKey().ID, nil)
		// Without overlap: the old key is gone after the next fetch.
		third := otherKey().Public()
		third.ID = "third"
		s.set(func(s *site) { s.keys = []PublicKey{third} })
		lookup(t, r, "third", nil)
		lookup(t, r, testKey().ID, ErrUnknownKey)
		if n := s.count(); n > 4 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestInvalidAnswersDoNotReplaceTheKeys(t *testing.T) {
	a, b := testKey().Public(), otherKey().Public()
	b.ID = a.ID
	twice, err := MarshalJWKS(a, b)
	if err != nil {
		t.Fatal(err)
	}
	many := `{"keys":[` + strings.Repeat(`{"kty":"OKP","crv":"Ed25519","x":"AAAA","kid":"a"},`, 9999) + `{}]}`
	for name, tc := range map[string]struct{ body, kind string }{
		"10,000 keys":               {many, ""},
		"more than a megabyte":      {`{"keys":[` + strings.Repeat(" ", 1<<20) + `]}`, ""},
		"HTML":                      {"<html>sign in</html>", "text/html; charset=utf-8"},
		"keys sent as a page":       {string(twice), "text/html"},
		"JSON that is not a set":    {`{"error":"nope"}`, ""},
		"an empty set":              {`{"keys":[]}`, ""},
		"different keys, one kid":   {string(twice), ""},
		"a set cut short":           {string(twice[:100]), ""},
		"nothing":                   {" ", ""},
		"nesting without end":       {strings.Repeat(`{"keys":[`, 50_000), ""},
		"a broken type":             {string(twice), "application/json;;;"},
		"only a key for encryption": {`{"keys":[{"kty":"RSA","use":"enc","kid":"a"}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, log := &site{keys: []PublicKey{testKey().Public()}}, &journal{}
				r := remote(t, s, log, nil)
				synctest.Wait()
				s.set(func(s *site) { s.body, s.kind = tc.body, tc.kind })
				time.Sleep(time.Hour)
				synctest.Wait()
				lookup(t, r, testKey().ID, nil)
				if log.lines("WARN") != 1 || log.lines("ERROR") != 0 {
					t.Errorf("not one clear line:\n%s", log.text.String())
				}
			})
		})
	}
}

func TestAFailingIssuerDoesNotAffectAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sick := &site{delay: time.Hour}
		well := &site{keys: []PublicKey{testKey().Public()}}
		const sickURL = "https://sick.example.com"
		issuer := Issuer{URL: poolURL, Keys: remote(t, well, &journal{}, nil), ClientIDs: []string{clientID}}
		other := Issuer{URL: sickURL, Keys: remote(t, sick, &journal{}, func(o *RemoteOptions) { o.Issuer = sickURL }), ClientIDs: []string{clientID}}
		v, err := New(Options{Issuers: []Issuer{issuer, other}, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		if _, err := v.Verify(t.Context(), sign(t, testKey(), claims(nil))); err != nil || time.Since(began) > 0 {
			t.Errorf("the reachable issuer: %v after %s", err, time.Since(began))
		}
		_, err = v.Verify(t.Context(), sign(t, testKey(), claims(map[string]any{"iss": sickURL})))
		if reasonOf(t, err) != KeysUnavailable || time.Since(began) > 5*time.Second {
			t.Errorf("the unreachable issuer: %v after %s", err, time.Since(began))
		}
	})
}

func TestCloseStopsFetchingAndKeepsTheKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{keys: []PublicKey{testKey().Public()}}
		r := remote(t, s, &journal{}, nil)
		synctest.Wait()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		visits := s.count()
		time.Sleep(time.Hour)
		lookup(t, r, testKey().ID, nil)
		lookup(t, r, "unknown", ErrUnknownKey)
		if s.count() != visits {
			t.Error("fetched after Close")
		}
	})
}

func TestASlowFetchEndsWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &journal{}
		r := remote(t, &site{delay: time.Hour}, log, func(o *RemoteOptions) { o.Timeout = 2 * time.Hour })
		synctest.Wait()
		began := time.Now()
		if err := r.Close(); err != nil || time.Since(began) > 0 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if log.text.Len() > 0 {
			t.Errorf("closing was logged as a failure:\n%s", log.text.String())
		}
	})
}
