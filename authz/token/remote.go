package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// RemoteOptions say where an issuer's keys are and how patiently they are asked for. Zero durations and bounds mean the
// defaults.
type RemoteOptions struct {
	Issuer  string // the exact iss; names the issuer in logs and counters, and is where discovery starts
	JWKSURL string // empty: OpenID Connect discovery at the issuer

	Client *http.Client     // nil: one of our own; its CheckRedirect and Jar are replaced in a copy
	Now    func() time.Time // required

	Refresh    time.Duration // keys this old are fetched again in the background; 15 min
	MinRefresh time.Duration // one fetch for unknown key ids per this time, and one in reserve; 30 s
	MaxStale   time.Duration // keys this old are not used any more; 24 h
	Timeout    time.Duration // for one fetch as a whole, discovery included; 5 s
	MaxBytes   int64         // of each document; 1 MiB
	MaxKeys    int           // in a set; 1,000
	AllowHTTP  bool          // also from hosts other than this one

	Logger   *slog.Logger // nil: slog.Default()
	Observer Observer     // nil: NoObserver
}

// RemoteKeys keeps the keys of an issuer elsewhere. They are fetched before anybody asks, again while they are still
// good, and outlive an outage by MaxStale. An unknown key id causes one fetch, for all who wait together and not more
// often than MinRefresh allows. Lookups of known keys take no lock and never wait.
//
// Start begins the background work, Close ends it.
type RemoteKeys struct {
	o       RemoteOptions
	fetcher *fetcher
	current atomic.Pointer[remoteSet]

	life context.Context // of all fetches: a request that gives up must not fail the others
	stop context.CancelFunc
	done sync.WaitGroup

	quiet atomic.Int64 // nanoseconds since 1970: until then no unknown key id causes a fetch, and none is in progress

	mu      sync.Mutex
	flight  *flight   // the fetch in progress, if any
	credits float64   // fetches that unknown key ids may still cause
	counted time.Time // when credits was last brought up to date
	health  health
	skipped string // what was last logged of skipped keys
}

type remoteSet struct {
	keys    map[string]*PublicKey
	fetched time.Time
}

type flight struct {
	done chan struct{}
	err  error // valid when done is closed
}

// health is what was last said in the log.
type health uint8

const (
	unknown health = iota
	good
	failing // with keys that can still be used
	without // no keys, or too old ones
)

// Unknown key ids may cause this many fetches at once, and one per MinRefresh from then on.
const maxCredits = 2

// NewRemote checks the options. It fetches nothing.
func NewRemote(o RemoteOptions) (*RemoteKeys, error) {
	if o.Issuer == "" || o.Now == nil {
		return nil, errors.New("token: remote keys need an issuer and a clock")
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&o.Refresh, 15 * time.Minute}, {&o.MinRefresh, 30 * time.Second}, {&o.MaxStale, 24 * time.Hour}, {&o.Timeout, 5 * time.Second}} {
		if *d.value < 0 {
			return nil, fmt.Errorf("token: issuer %s: a negative duration", o.Issuer)
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

// Start fetches the keys in the background, now and from then on until Close. Call it once.
func (r *RemoteKeys) Start() {
	r.done.Go(func() {
		const first, last = time.Second, time.Minute
		retry := first
		for r.life.Err() == nil {
			var wait time.Duration
			if set := r.current.Load(); set != nil {
				wait = set.fetched.Add(r.o.Refresh).Sub(r.o.Now()) // a request may have fetched meanwhile
			}
			if wait <= 0 {
				f := r.fetch()
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

// Close ends the background work and the fetch in progress, and waits for them. Keys that are there stay usable.
func (r *RemoteKeys) Close() error {
	r.mu.Lock()
	r.stop() // under the lock: no fetch begins after it
	r.mu.Unlock()
	r.done.Wait()
	r.fetcher.client.CloseIdleConnections()
	return nil
}

// Lookup returns the key. It waits, for one fetch, only when the set has no such key or is too old, and when MinRefresh
// allows another fetch.
func (r *RemoteKeys) Lookup(ctx context.Context, kid string) (*PublicKey, error) {
	now := r.o.Now()
	key, err := r.find(kid, now)
	if err == nil {
		return key, nil
	}
	f := r.demand(now)
	if f == nil {
		return nil, err
	}
	select {
	case <-f.done:
		return r.find(kid, r.o.Now())
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, ctx.Err())
	}
}

func (r *RemoteKeys) find(kid string, now time.Time) (*PublicKey, error) {
	set := r.current.Load()
	if set == nil || now.Sub(set.fetched) >= r.o.MaxStale {
		return nil, ErrKeysUnavailable
	}
	if key := set.keys[kid]; key != nil {
		return key, nil
	}
	return nil, ErrUnknownKey
}

// RemoteStatus is how an issuer's keys stand, for readiness and the admin endpoint.
type RemoteStatus struct {
	Usable  bool // there are keys, and not too old
	Keys    int
	Fetched time.Time // when the keys were fetched; zero when never
}

// Status tells how the keys stand.
func (r *RemoteKeys) Status() RemoteStatus {
	set := r.current.Load()
	if set == nil {
		return RemoteStatus{}
	}
	usable := r.o.Now().Sub(set.fetched) < r.o.MaxStale
	return RemoteStatus{Usable: usable, Keys: len(set.keys), Fetched: set.fetched}
}

// demand returns a fetch to wait for, or nil when there have been enough: then without a lock, so that a flood of unknown
// key ids holds up nobody.
func (r *RemoteKeys) demand(now time.Time) *flight {
	if wait := time.Duration(r.quiet.Load() - now.UnixNano()); 0 < wait && wait <= r.o.MinRefresh { // more: the clock was set back
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

// fetch returns the fetch in progress, or begins one.
func (r *RemoteKeys) fetch() *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	return r.begin()
}

// begin starts a fetch; the caller holds the lock. The fetch ends by itself within Timeout.
func (r *RemoteKeys) begin() *flight {
	f := &flight{done: make(chan struct{})}
	if err := r.life.Err(); err != nil { // closed
		f.err = err
		close(f.done)
		return f
	}
	r.flight = f
	r.quiet.Store(0) // whoever wants a key from now on waits for this fetch
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
			r.current.Store(&remoteSet{keys: keys, fetched: r.o.Now()})
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

// report writes one line when something changed, and none while it stays as it is.
func (r *RemoteKeys) report(set *JWKS, err error) {
	log, was := r.o.Logger.With("issuer", r.o.Issuer), r.health
	if err == nil {
		r.health = good
		if was != good {
			log.Info("keys of the issuer are there", "keys", len(set.Keys))
		}
		if notes := fmt.Sprint(set.Skipped); len(set.Skipped) > 0 && notes != r.skipped {
			r.skipped = notes
			log.Warn("some keys of the issuer are not used", "skipped", len(set.Skipped), "first", set.Skipped[0].Error())
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
			log.Warn("keys of the issuer cannot be fetched, those at hand are used", "error", err,
				"until", current.fetched.Add(r.o.MaxStale))
		}
	default:
		r.health = without
		if was != without {
			log.Error("no keys of the issuer, its tokens are refused", "error", err)
		}
	}
}
