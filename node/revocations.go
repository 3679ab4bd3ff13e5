package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
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
// revocations, an index in memory serves lookups, and Redis, if configured, distributes revocations to other processes.
type Revocations struct {
	index   *revoke.Index
	store   store.Store
	feed    *redis.Feed // nil = this is the only process
	stale   time.Duration
	closed  bool // refuse when the feed is older than stale
	stop    context.CancelFunc
	stopped chan struct{} // closed when maintain has ended
	now     func() time.Time
	log     *slog.Logger
}

// newRevocations uses the index of the storage: gates of an earlier configuration, whose long requests go on after a reload, look
// at the same one.
func newRevocations(o *Options, s *Storage) *Revocations {
	background, stop := context.WithCancel(context.Background())
	r := &Revocations{index: s.revoked, store: s.Store, now: o.Now, log: o.Log, stop: stop, stopped: make(chan struct{})}
	go func() {
		defer close(r.stopped)
		r.maintain(background)
	}()
	return r
}

// load fills the index with what known reads from the store, and connects to Redis.
func (r *Revocations) load(ctx context.Context, o *Options, known func(context.Context) ([]revoke.Record, error)) error {
	records, err := known(ctx)
	if err == nil {
		err = r.index.Apply(records...)
	}
	if err != nil {
		return fmt.Errorf("reading revocations: %w", err)
	}
	if c := o.Config.Redis; c != nil {
		if r.feed, err = newFeed(o, r.index.Apply, known); err != nil {
			return err
		}
		r.stale, r.closed = time.Duration(c.MaxStale), c.Outage == "fail_closed"
		r.feed.Start()
	}
	return nil
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
func (r *Revocations) maintain(ctx context.Context) {
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
	<-r.stopped
	if r.feed == nil {
		return nil
	}
	return r.feed.Close()
}
