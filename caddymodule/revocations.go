package caddymodule

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/redis"
)

// revocations joins those who end sign-ins with those who must know: the store keeps them, the index in memory answers
// the gates, Redis (if there is one) carries them to other processes.
type revocations struct {
	index   *revoke.Index
	store   store.Store
	feed    *redis.Feed // nil: this process is alone
	stale   time.Duration
	closed  bool // refuse when the feed is too old
	stop    context.CancelFunc
	stopped chan struct{} // closed when maintain has ended
	log     *slog.Logger
}

func newRevocations(s store.Store, log *slog.Logger) (*revocations, error) {
	index, err := revoke.NewIndex(revoke.Options{Now: time.Now, Skew: time.Second})
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	r := &revocations{index: index, store: s, log: log, stop: stop, stopped: make(chan struct{})}
	go func() {
		defer close(r.stopped)
		r.maintain(background)
	}()
	return r, nil
}

// load fills the index from the store and connects to Redis. known reads what the store keeps.
func (r *revocations) load(ctx context.Context, a *App, known func(context.Context) ([]revoke.Record, error)) error {
	records, err := known(ctx)
	if err == nil {
		err = r.index.Apply(records...)
	}
	if err != nil {
		return fmt.Errorf("reading revocations: %w", err)
	}
	if c := a.Redis; c != nil {
		if r.feed, err = newFeed(c, r.index.Apply, known, a); err != nil {
			return err
		}
		r.stale, r.closed = time.Duration(c.MaxStale), c.Outage == "fail_closed"
		r.feed.Start()
	}
	return nil
}

func newFeed(c *config.Redis, apply func(...revoke.Record) error, known func(context.Context) ([]revoke.Record, error), a *App) (*redis.Feed, error) {
	o := redis.Options{Addresses: c.Addresses, Master: c.Master, Username: c.Username, Password: seal.NewSecret(c.Password),
		Database: c.Database, Apply: apply, Known: known, MaxStale: time.Duration(c.MaxStale), Now: time.Now, Logger: a.log,
		Observer: a.metrics}
	if c.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return redis.New(o)
}

// Revoked implements tokens.Revoker: the store has the revocations, now everybody learns of them.
func (r *revocations) Revoked(ctx context.Context, made ...revoke.Record) error {
	if err := r.index.Apply(made...); err != nil {
		return err
	}
	if r.feed == nil {
		return nil
	}
	return r.feed.Publish(ctx, made...)
}

// forGates is what the gates ask.
func (r *revocations) forGates() authz.Revocations {
	return &authz.IndexRevocations{Index: r.index, UpToDate: r.Fresh}
}

// sessionRevoked is what the APIs ask.
func (r *revocations) sessionRevoked(record *session.Record) bool {
	for _, l := range record.Logins {
		if r.index.Revoked(revoke.Credential{Issuer: l.Issuer, Subject: l.Subject, OriginJTI: l.OriginJTI,
			AuthTime: l.AuthTime, IssuedAt: l.IssuedAt}) {
			return true
		}
	}
	return r.index.Revoked(revoke.Credential{Role: record.RoleARN, Identity: record.IdentityID, IssuedAt: record.IssuedAt})
}

// SignedOut implements identitypool.SignOuts: a user who was signed out, disabled or deleted is among the revocations.
func (r *revocations) SignedOut(_ context.Context, t *token.Token) (bool, error) {
	return r.index.Revoked(revoke.Credential{Issuer: t.Issuer.URL, Subject: t.Subject, OriginJTI: t.OriginJTI,
		AuthTime: time.Unix(t.AuthTime, 0), IssuedAt: time.Unix(t.IssuedAt, 0)}), nil
}

// Fresh says whether what is known is recent enough to rely on.
func (r *revocations) Fresh() bool { return r.feed == nil || !r.closed || r.feed.Age() <= r.stale }

// state is what /readyz says.
func (r *revocations) state() string {
	if r.feed == nil {
		return "ok"
	}
	return r.feed.State()
}

// maintain drops what is over.
func (r *revocations) maintain(ctx context.Context) {
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
			_, err := tx.Revocations.DeleteExpired(time.Now(), 1000)
			return err
		})
		if err != nil {
			r.log.Error("dropping revocations that are over", "error", err)
		}
	}
}

// Close ends the background work.
func (r *revocations) Close() error {
	r.stop()
	<-r.stopped
	if r.feed == nil {
		return nil
	}
	return r.feed.Close()
}
