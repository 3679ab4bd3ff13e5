package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/store/redis"
)

// Revocations connects the services that end sign-ins with the gates and APIs that must refuse revoked tokens. The store keeps
// revocations, an index in memory serves lookups, and Redis, if configured, distributes revocations to other processes. Without
// Redis, processes read from the store what others revoked.
type Revocations struct {
	index   *revoke.Index
	store   store.Store
	kept    Kept        // set by Load
	feed    *redis.Feed // nil = without Redis
	stale   time.Duration
	closed  bool // refuse when the feed is older than stale
	stop    context.CancelFunc
	stopped sync.WaitGroup // of the background work
	now     func() time.Time
	log     *slog.Logger

	background context.Context // ends when the process closes them
	hurry      chan struct{}   // others have revoked something

	base   time.Time
	proved atomic.Int64 // nanoseconds from base to the last read of the store, without Redis
}

// RevocationOptions are what NewRevocations needs. Redis and Shared may be nil.
type RevocationOptions struct {
	Index    *revoke.Index    // that of the storage: gates of an earlier configuration, which outlive a reload, look at the same one
	Store    store.Store      // has the revocations of all processes
	Redis    *config.Redis    // carries them sooner; nil = none does
	Shared   *config.Store    // nil = the store is a file
	Leases   *lease.Keeper    // let one process delete what has expired
	Now      func() time.Time // the clock of revocations
	Log      *slog.Logger     // gets failures to read and to send
	Observer redis.Observer   // counts what Redis carries
}

// NewRevocations begins to delete what has expired. Call Load before serving, and Close at the end.
func NewRevocations(o *RevocationOptions) *Revocations {
	background, stop := context.WithCancel(context.Background())
	r := &Revocations{index: o.Index, store: o.Store, now: o.Now, log: o.Log, background: background, stop: stop,
		hurry: make(chan struct{}, 1), base: o.Now()}
	r.stopped.Go(func() { r.maintain(o.Leases) })
	return r
}

// Kept reads revocations from the store. tokens.Service implements it.
type Kept interface {
	Revocations(ctx context.Context) ([]revoke.Record, error)
	RevocationsSince(ctx context.Context, at time.Time) ([]revoke.Record, error)
	RevocationsOf(ctx context.Context, changes []store.Change) ([]revoke.Record, error)
}

// Load fills the index from the store, and follows what other processes revoke: through Redis if there is one, else in the store.
func (r *Revocations) Load(ctx context.Context, o *RevocationOptions, from Kept) error {
	r.kept = from
	begun := r.now()
	records, err := from.Revocations(ctx)
	if err == nil {
		err = r.index.Apply(records...)
	}
	if err != nil {
		return fmt.Errorf("reading revocations: %w", err)
	}
	c := o.Redis
	if c == nil {
		if s := o.Shared; s != nil {
			r.stale, r.closed = time.Duration(s.MaxStale), s.Outage == "fail_closed"
		}
		r.prove(begun)
		r.stopped.Go(func() { r.follow(from, begun, o.Observer) })
		return nil
	}
	if r.feed, err = newFeed(o, r.index.Apply, from.Revocations); err != nil {
		return err
	}
	r.stale, r.closed = time.Duration(c.MaxStale), c.Outage == "fail_closed"
	r.feed.Start()
	return nil
}

const (
	// followEvery is how often a process without Redis reads what others revoked, if it does not learn before that there is
	// something. followGap is the shortest time between two reads.
	followEvery = 5 * time.Second
	followGap   = 500 * time.Millisecond
	// followBack covers the clocks of other processes, and transactions that take long.
	followBack = time.Minute
)

// follow reads what other processes revoke since begun.
func (r *Revocations) follow(from Kept, begun time.Time, observer redis.Observer) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for failed := false; ; {
		observer.RevocationState(r.State())
		select {
		case <-r.background.Done():
			return
		case <-tick.C:
		case <-r.hurry:
		}
		now := r.now()
		read, err := r.catchUp(from, begun)
		if err != nil && !failed && r.background.Err() == nil {
			r.log.Error("reading what other processes revoked; it is tried again", "error", err)
		}
		if err == nil {
			r.prove(now)
		}
		begun, failed = read, err != nil
		Pause(r.background, rest(r.now().Sub(now), failed))
	}
}

// rest is how long follow waits after a read: so long that reading takes a tenth of the time, and at most followEvery. After one that failed,
// as it does when the store has not answered for a while, followGap: what others revoked meanwhile takes effect as soon as it can.
func rest(took time.Duration, failed bool) time.Duration {
	if failed {
		return followGap
	}
	return min(max(followGap, 10*took), followEvery)
}

// Changed makes follow read at once. With Redis, where revocations of other processes arrive, the feed compares the store with the stream.
func (r *Revocations) Changed() {
	if r.feed != nil {
		r.feed.Recheck()
	}
	select {
	case r.hurry <- struct{}{}:
	default:
	}
}

// maxNamed is the most revocations that ChangedBy reads one by one.
const maxNamed = 256

// ChangedBy applies the revocations that changes name. If there are many, or some have no name, follow reads them a little later.
// With Redis it applies what the stream may lack, such as sign-outs by a command, which has no connection to Redis.
func (r *Revocations) ChangedBy(ctx context.Context, changes []store.Change) error {
	switch {
	case len(changes) == 0:
		return nil
	case len(changes) > maxNamed || slices.ContainsFunc(changes, func(c store.Change) bool { return c.Key == "" }):
		r.Changed()
		return nil
	}
	records, err := r.kept.RevocationsOf(ctx, changes)
	if err != nil {
		return fmt.Errorf("reading revocations: %w", err)
	}
	return r.index.Apply(records...)
}

// catchUp applies revocations since begun. It returns when it read the store, or begun if it could not.
func (r *Revocations) catchUp(from Kept, begun time.Time) (time.Time, error) {
	now := r.now()
	records, err := from.RevocationsSince(r.background, begun.Add(-followBack))
	if err == nil {
		err = r.index.Apply(records...)
	}
	if err != nil {
		return begun, err
	}
	return now, nil
}

func newFeed(o *RevocationOptions, apply func(...revoke.Record) error, known func(context.Context) ([]revoke.Record, error)) (*redis.Feed, error) {
	feed := RedisOptions(o.Redis, o.Now, o.Log)
	feed.Apply, feed.Known, feed.Observer = apply, known, o.Observer
	return redis.New(feed)
}

// Revoked implements tokens.Revoker. The store already holds the revocations.
func (r *Revocations) Revoked(ctx context.Context, made ...revoke.Record) error {
	if err := r.index.Apply(made...); err != nil {
		return err
	}
	if r.feed == nil {
		return nil
	}
	return r.feed.Publish(ctx, made...)
}

// ForGates returns the revocations in the form that gates use.
func (r *Revocations) ForGates() authz.Revocations {
	return &authz.IndexRevocations{Index: r.index, UpToDate: r.Fresh}
}

// SessionRevoked reports whether temporary credentials were ended before their time.
func (r *Revocations) SessionRevoked(record *session.Record) bool {
	for _, l := range record.Logins {
		if r.index.Revoked(revoke.Credential{Issuer: l.Issuer, Subject: l.Subject, OriginJTI: l.OriginJTI,
			AuthTime: l.AuthTime, IssuedAt: l.IssuedAt}) {
			return true
		}
	}
	return r.index.Revoked(revoke.Credential{Role: record.RoleARN, Identity: record.IdentityID, IssuedAt: record.IssuedAt})
}

// SignedOut implements identitypool.SignOuts. Signing a user out, disabling and deleting one are all revocations.
func (r *Revocations) SignedOut(_ context.Context, t *token.Token) (bool, error) {
	return r.index.Revoked(revoke.Credential{Issuer: t.Issuer.URL, Subject: t.Subject, OriginJTI: t.OriginJTI,
		AuthTime: time.Unix(t.AuthTime, 0), IssuedAt: time.Unix(t.IssuedAt, 0)}), nil
}

// prove notes that the index has what others had revoked at a time.
func (r *Revocations) prove(at time.Time) { r.proved.Store(int64(at.Sub(r.base))) }

// age is the time since the index had everything that others had revoked. It takes no lock.
func (r *Revocations) age() time.Duration {
	if r.feed != nil {
		return r.feed.Age()
	}
	return r.now().Sub(r.base) - time.Duration(r.proved.Load())
}

// Fresh reports whether the index is recent enough to decide with.
func (r *Revocations) Fresh() bool { return !r.closed || r.age() <= r.stale }

// State returns the state that /readyz shows. A store that is a file has no other process that could revoke while it cannot be read.
func (r *Revocations) State() string {
	switch age := r.age(); {
	case r.feed != nil:
		return r.feed.State()
	case r.stale == 0 || age <= min(4*followEvery, r.stale):
		return redis.StateOK
	case age <= r.stale:
		return redis.StateStale
	}
	return redis.StateLost
}

const (
	maintainEvery = 5 * time.Minute
	// sweepEvery is shorter, so that the process that swept is due again at its next turn.
	sweepEvery = maintainEvery - 30*time.Second
)

// Health fails if gates refuse because the index of revocations is too old. An old index with which gates go on is degraded.
func (r *Revocations) Health() health.Status {
	state, from := r.State(), "Redis"
	if r.feed == nil {
		from = "the store"
	}
	switch {
	case state == redis.StateOK:
		return health.Status{}
	case !r.Fresh():
		return health.Status{Level: health.Failed, Word: state, Detail: from + " is " + state + " for longer than max_stale, and outage is fail_closed"}
	}
	return health.Status{Level: health.Degraded, Word: state, Detail: from + " is " + state + "; what other processes revoke arrives late"}
}

// maintain deletes expired revocations, and sessions of browsers that are over: from memory, and in one of the processes from the
// store.
func (r *Revocations) maintain(leases *lease.Keeper) {
	ctx := r.background
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.index.Sweep()
		_, err := leases.Do(ctx, "revocations", sweepEvery, func(ctx context.Context) error {
			return errors.Join(r.deleteExpired(ctx), r.deleteSessions(ctx))
		})
		if err != nil && ctx.Err() == nil {
			r.log.Error("deleting expired revocations, and sessions of browsers that are over", "error", err)
		}
	}
}

func (r *Revocations) deleteExpired(ctx context.Context) error {
	return r.store.Update(ctx, func(tx store.Tx) error {
		if err := lease.Check(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Revocations.DeleteExpired(r.now(), 1000)
		return err
	})
}

// deleteSessions deletes the sessions of browsers that are over, a few at a time, so that other transactions do not wait.
func (r *Revocations) deleteSessions(ctx context.Context) error {
	const most = 1000
	for deleted := most; deleted == most; {
		if err := r.store.Update(ctx, func(tx store.Tx) (err error) {
			if err := lease.Check(ctx, tx); err != nil {
				return err
			}
			deleted, err = tx.EdgeSessions.DeleteExpired(r.now(), most)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the background work.
func (r *Revocations) Close() error {
	r.stop()
	r.stopped.Wait()
	if r.feed == nil {
		return nil
	}
	return r.feed.Close()
}
