package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// RemoteOptions are the dependencies and limits of RemoteKeys. Zero durations and limits mean the defaults.
type RemoteOptions struct {
	Issuer  string // the exact iss; identifies the issuer in logs and metrics; required
	JWKSURL string // empty means OpenID Connect discovery at the issuer

	Client *http.Client     // nil means its own client; RemoteKeys copies it and replaces CheckRedirect and Jar
	Now    func() time.Time // required

	Refresh    time.Duration // age at which keys are fetched again in the background; default 15 min
	MinRefresh time.Duration // time between fetches caused by unknown key IDs and bad signatures, after a first burst of two; default 30 s
	MaxStale   time.Duration // age at which keys are no longer used; default 24 h
	Timeout    time.Duration // for one fetch, including discovery; default 5 s
	MaxBytes   int64         // of each document; default 1 MiB
	MaxKeys    int           // of a set; default 1,000
	AllowHTTP  bool          // allow plain HTTP to hosts other than localhost

	Logger   *slog.Logger // nil means slog.Default()
	Observer Observer     // nil means NoObserver
}

// RemoteKeys is a KeySet of an issuer on another server. It fetches the keys at Start and every Refresh. If the server
// fails, it uses the last keys until they are MaxStale old. An unknown key ID causes a fetch, and so does a signature that
// does not fit the key; at most one per MinRefresh, which all waiting lookups share. Lookups of known keys take no lock and do not wait.
//
// Call Start to begin fetching and Close to end it.
type RemoteKeys struct {
	o       RemoteOptions
	fetcher *fetcher
	current atomic.Pointer[remoteSet]
	changes atomic.Uint64 // times that a key was removed or replaced

	life context.Context // of all fetches; a lookup that is canceled must not cancel the fetch for others
	stop context.CancelFunc
	done sync.WaitGroup

	quiet atomic.Int64 // in nanoseconds since 1970; until then no fetch is in progress and no unknown key ID causes one

	mu      sync.Mutex
	opened  bool      // Start told the observer, and Close did not
	flight  *flight   // the fetch in progress, if any
	credits float64   // number of fetches that tokens may cause
	counted time.Time // when credits was last updated
	health  health    // last logged
	skipped string    // skipped keys, last logged
}

type remoteSet struct {
	keys    map[string]*PublicKey
	fetched time.Time
}

// byPrint returns the only key with a certificate's thumbprint, or the one whose kid it is, as at AD FS.
func (s *remoteSet) byPrint(print string) *PublicKey {
	found := s.keys[print]
	for _, key := range s.keys {
		if key == found || !slices.Contains(key.prints, print) {
			continue
		}
		if found != nil {
			return nil
		}
		found = key
	}
	return found
}

type flight struct {
	done chan struct{}
	err  error // valid after done is closed
}

// health is the state of an issuer's keys for the log.
type health uint8

const (
	unknown health = iota
	good
	failing // the last fetch failed; the keys are still usable
	without // no keys, or keys older than MaxStale
)

// maxCredits is the size of the burst of fetches that unknown key IDs may cause; see RemoteOptions.MinRefresh.
const maxCredits = 2

// NewRemote returns RemoteKeys without keys, or an error that says which option is wrong. It does not fetch; call Start.
func NewRemote(o RemoteOptions) (*RemoteKeys, error) {
	if o.Issuer == "" || o.Now == nil {
		return nil, errors.New("token: remote keys: Issuer and Now are required")
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&o.Refresh, 15 * time.Minute}, {&o.MinRefresh, 30 * time.Second}, {&o.MaxStale, 24 * time.Hour}, {&o.Timeout, 5 * time.Second}} {
		if *d.value < 0 {
			return nil, fmt.Errorf("token: issuer %s: duration %s is negative", o.Issuer, *d.value)
		}
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if o.Refresh >= o.MaxStale {
		o.Refresh = o.MaxStale / 2
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 20
	}
	if o.MaxKeys <= 0 {
		o.MaxKeys = 1000
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Observer == nil {
		o.Observer = NoObserver{}
	}
	f, err := newFetcher(&o)
	if err != nil {
		return nil, fmt.Errorf("token: issuer %s: %w", o.Issuer, err)
	}
	r := &RemoteKeys{o: o, fetcher: f, credits: maxCredits, counted: o.Now()}
	r.life, r.stop = context.WithCancel(context.Background())
	return r, nil
}

// Start begins to fetch the keys in the background, until Close. Call it once.
func (r *RemoteKeys) Start() {
	r.mu.Lock()
	r.opened = true
	r.mu.Unlock()
	r.o.Observer.KeysOpened(r.o.Issuer)
	begun := r.fetch() // before a lookup does
	r.done.Go(func() {
		const first, last = time.Second, time.Minute
		retry := first
		for r.life.Err() == nil {
			var wait time.Duration
			if set := r.current.Load(); set != nil {
				wait = set.fetched.Add(r.o.Refresh).Sub(r.o.Now()) // a lookup may have fetched meanwhile
			}
			f := begun
			if begun = nil; wait <= 0 {
				if f == nil {
					f = r.fetch()
				}
				<-f.done
				if f.err == nil {
					retry = first
				} else {
					wait, retry = retry, min(2*retry, last)
				}
			}
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-r.life.Done():
				timer.Stop()
			}
		}
	})
}

// Close ends the background work and waits for it. The last keys stay usable.
func (r *RemoteKeys) Close() error {
	r.mu.Lock()
	r.stop() // under the lock, so that no fetch begins afterwards
	opened := r.opened
	r.opened = false
	r.mu.Unlock()
	r.done.Wait()
	if opened {
		r.o.Observer.KeysClosed(r.o.Issuer)
	}
	r.fetcher.client.CloseIdleConnections()
	return nil
}

// Lookup implements KeySet. It waits for one fetch if the key is unknown or the keys are too old, and if MinRefresh allows
// a fetch.
func (r *RemoteKeys) Lookup(ctx context.Context, kid string) (*PublicKey, error) {
	return r.lookup(ctx, keyName{kid: kid})
}

func (r *RemoteKeys) lookup(ctx context.Context, name keyName) (*PublicKey, error) {
	now := r.o.Now()
	key, err := r.find(name, now)
	if err == nil {
		return key, nil
	}
	f := r.demand(now)
	if f == nil {
		return nil, err
	}
	select {
	case <-f.done:
		return r.find(name, r.o.Now())
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, ctx.Err())
	}
}

func (r *RemoteKeys) find(name keyName, now time.Time) (*PublicKey, error) {
	set := r.current.Load()
	if set == nil || now.Sub(set.fetched) >= r.o.MaxStale {
		return nil, ErrKeysUnavailable
	}
	if name.kid == "" && name.print != "" {
		if key := set.byPrint(name.print); key != nil {
			return key, nil
		}
	}
	return find(set.keys, name.kid)
}

// Generation implements KeySet.
func (r *RemoteKeys) Generation() uint64 { return r.changes.Load() }

// RemoteStatus describes an issuer's keys.
type RemoteStatus struct {
	Usable  bool // there are keys, and they are not older than MaxStale
	Keys    int
	Fetched time.Time // when the keys were fetched; zero if never
}

// Status returns the current status.
func (r *RemoteKeys) Status() RemoteStatus {
	set := r.current.Load()
	if set == nil {
		return RemoteStatus{}
	}
	usable := r.o.Now().Sub(set.fetched) < r.o.MaxStale
	return RemoteStatus{Usable: usable, Keys: len(set.keys), Fetched: set.fetched}
}

// demand returns a fetch to wait for, or nil if MinRefresh allows none. In the latter case it usually takes no lock, so that
// a flood of unknown key IDs does not delay other lookups.
func (r *RemoteKeys) demand(now time.Time) *flight {
	// If wait exceeds MinRefresh, the clock was set back.
	if wait := time.Duration(r.quiet.Load() - now.UnixNano()); 0 < wait && wait <= r.o.MinRefresh {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	earned := float64(now.Sub(r.counted)) / float64(r.o.MinRefresh)
	r.credits, r.counted = min(maxCredits, r.credits+max(0, earned)), now
	if r.credits < 1 {
		r.quiet.Store(now.Add(time.Duration((1 - r.credits) * float64(r.o.MinRefresh))).UnixNano())
		return nil
	}
	r.credits--
	return r.begin()
}

// fetch returns the fetch in progress or begins one.
func (r *RemoteKeys) fetch() *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	return r.begin()
}

// begin starts a fetch, which takes at most Timeout. The caller holds the lock.
func (r *RemoteKeys) begin() *flight {
	f := &flight{done: make(chan struct{})}
	if err := r.life.Err(); err != nil { // closed
		f.err = err
		close(f.done)
		return f
	}
	r.flight = f
	r.quiet.Store(0) // from now on, lookups wait for this fetch
	r.done.Go(func() {
		ctx, cancel := context.WithTimeout(r.life, r.o.Timeout)
		defer cancel()
		started := r.o.Now()
		set, err := r.fetcher.fetch(ctx)
		usable := 0
		if err == nil {
			keys := make(map[string]*PublicKey, len(set.Keys))
			for i := range set.Keys {
				keys[set.Keys[i].ID] = &set.Keys[i]
			}
			usable = len(keys)
			was := r.current.Swap(&remoteSet{keys: keys, fetched: r.o.Now()})
			if was != nil && withdrawn(was.keys, keys) {
				r.changes.Add(1)
			}
		}
		r.o.Observer.KeysFetched(r.o.Issuer, usable, r.o.Now().Sub(started), err)
		r.mu.Lock()
		r.report(set, err)
		r.flight, f.err = nil, err
		r.mu.Unlock()
		close(f.done)
	})
	return f
}

// report logs one line when the health changes or other keys are skipped.
func (r *RemoteKeys) report(set *JWKS, err error) {
	log, was := r.o.Logger.With("issuer", r.o.Issuer), r.health
	if err == nil {
		r.health = good
		if was != good {
			log.Info("fetched the issuer's keys", "keys", len(set.Keys))
		}
		if notes := fmt.Sprint(set.Skipped); len(set.Skipped) > 0 && notes != r.skipped {
			r.skipped = notes
			log.Warn("skipped some of the issuer's keys", "skipped", len(set.Skipped), "first", set.Skipped[0].Error())
		}
		return
	}
	if r.life.Err() != nil {
		return // closed, not failed
	}
	current := r.current.Load()
	switch {
	case current != nil && r.o.Now().Sub(current.fetched) < r.o.MaxStale:
		r.health = failing
		if was != failing {
			log.Warn("cannot fetch the issuer's keys; using the last ones", "error", err,
				"until", current.fetched.Add(r.o.MaxStale))
		}
	default:
		r.health = without
		if was != without {
			log.Error("cannot fetch the issuer's keys; refusing its tokens", "error", err)
		}
	}
}
