package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/redis"
)

// Revocations connects the services that end sign-ins with the gates and APIs that must refuse revoked tokens. The store keeps
// revocations, an index in memory serves lookups, and Redis, if configured, distributes revocations to other processes. Without
// Redis, processes read from the store what others revoked.
type Revocations struct {
	index   *revoke.Index
	store   store.Store
	feed    *redis.Feed // nil = without Redis
	stale   time.Duration
	closed  bool // refuse when the feed is older than stale
	stop    context.CancelFunc
	stopped sync.WaitGroup // of the background work
	now     func() time.Time
	log     *slog.Logger

	background context.Context // ends when the process closes them
}

// newRevocations uses the index of the storage: gates of an earlier configuration, whose long requests go on after a reload, look
// at the same one.
func newRevocations(o *Options, s *Storage) *Revocations {
	background, stop := context.WithCancel(context.Background())
	r := &Revocations{index: s.revoked, store: s.Store, now: o.Now, log: o.Log, background: background, stop: stop}
	r.stopped.Go(r.maintain)
	return r
}

// kept reads revocations from the store. tokens.Service implements it.
type kept interface {
	Revocations(ctx context.Context) ([]revoke.Record, error)
	RevocationsSince(ctx context.Context, at time.Time) ([]revoke.Record, error)
}

// load fills the index from the store, and follows what other processes revoke: through Redis if there is one, else in the store.
func (r *Revocations) load(ctx context.Context, o *Options, from kept) error {
	begun := r.now()
	records, err := from.Revocations(ctx)
	if err == nil {
		err = r.index.Apply(records...)
	}
	if err != nil {
		return fmt.Errorf("reading revocations: %w", err)
	}
	c := o.Config.Redis
	if c == nil {
		r.stopped.Go(func() { r.follow(from, begun) })
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
	// followEvery is how often a process without Redis reads what others revoked.
	followEvery = 5 * time.Second
	// followBack covers the clocks of other processes, and transactions that take long.
	followBack = time.Minute
)

// follow reads what other processes revoke since begun.
func (r *Revocations) follow(from kept, begun time.Time) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for failed := false; ; {
		select {
		case <-r.background.Done():
			return
		case <-tick.C:
		}
		read, err := r.catchUp(from, begun)
		if err != nil && !failed && r.background.Err() == nil {
			r.log.Error("reading what other processes revoked; it is tried again", "error", err)
		}
		begun, failed = read, err != nil
	}
}

// catchUp applies what was revoked since begun. It returns when it read the store, or begun if it could not.
func (r *Revocations) catchUp(from kept, begun time.Time) (time.Time, error) {
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

func newFeed(o *Options, apply func(...revoke.Record) error, known func(context.Context) ([]revoke.Record, error)) (*redis.Feed, error) {
	c := o.Config.Redis
	feed := redis.Options{Addresses: c.Addresses, Master: c.Master, Username: c.Username, Password: seal.NewSecret(c.Password),
		Database: c.Database, Apply: apply, Known: known, MaxStale: time.Duration(c.MaxStale), Now: o.Now, Logger: o.Log,
		Observer: o.Observer}
	if c.TLS {
		feed.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
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

// forGates returns the revocations in the form that gates use.
func (r *Revocations) forGates() authz.Revocations {
	return &authz.IndexRevocations{Index: r.index, UpToDate: r.Fresh}
}

// sessionRevoked reports whether temporary credentials were ended before their time.
func (r *Revocations) sessionRevoked(record *session.Record) bool {
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

// Fresh reports whether the index is recent enough to decide with.
func (r *Revocations) Fresh() bool { return r.feed == nil || !r.closed || r.feed.Age() <= r.stale }

// state returns the state that /readyz shows.
func (r *Revocations) state() string {
	if r.feed == nil {
		return "ok"
	}
	return r.feed.State()
}

// maintain deletes expired revocations, and sessions of browsers that are over.
func (r *Revocations) maintain() {
	ctx := r.background
	tick := time.NewTicker(5 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.index.Sweep()
		err := r.store.Update(ctx, func(tx store.Tx) error {
			_, err := tx.Revocations.DeleteExpired(r.now(), 1000)
			return err
		})
		if err != nil {
			r.log.Error("deleting expired revocations", "error", err)
		}
		if err := r.deleteSessions(ctx); err != nil {
			r.log.Error("deleting sessions of browsers that are over", "error", err)
		}
	}
}

// deleteSessions deletes the sessions of browsers that are over, a few at a time, so that other transactions do not wait.
func (r *Revocations) deleteSessions(ctx context.Context) error {
	const most = 1000
	for deleted := most; deleted == most; {
		if err := r.store.Update(ctx, func(tx store.Tx) (err error) {
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
