package caddymodule

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/redis"
	"github.com/sluicegate/sluice/userpool"
)

// revocations joins those who end sign-ins with those who must know: the store keeps them, the index in memory answers
// the gates, Redis (if there is one) carries them to other processes.
type revocations struct {
	index  *revoke.Index
	store  store.Store
	feed   *redis.Feed // nil: this process is alone
	stale  time.Duration
	closed bool // refuse when the feed is too old
	stop   context.CancelFunc
	log    *slog.Logger
}

func newRevocations(ctx context.Context, a *App, s store.Store) (*revocations, error) {
	index, err := revoke.NewIndex(revoke.Options{Now: time.Now, Skew: time.Second})
	if err != nil {
		return nil, err
	}
	r := &revocations{index: index, store: s, log: a.log}
	known, err := r.known(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading revocations: %w", err)
	}
	if err := index.Apply(known...); err != nil {
		return nil, fmt.Errorf("reading revocations: %w", err)
	}
	if c := a.Redis; c != nil {
		if r.feed, err = newFeed(c, r, a); err != nil {
			return nil, err
		}
		r.stale, r.closed = time.Duration(c.MaxStale), c.Outage == "fail_closed"
		r.feed.Start()
	}
	background, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.maintain(background)
	return r, nil
}

func newFeed(c *config.Redis, r *revocations, a *App) (*redis.Feed, error) {
	o := redis.Options{Addresses: c.Addresses, Master: c.Master, Username: c.Username, Password: seal.NewSecret(c.Password),
		Database: c.Database, Apply: r.index.Apply, Known: r.known, MaxStale: time.Duration(c.MaxStale), Now: time.Now, Logger: a.log,
		Observer: a.metrics}
	if c.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return redis.New(o)
}

// known are the revocations that the store keeps.
func (r *revocations) known(ctx context.Context) ([]revoke.Record, error) {
	var kept []store.Revocation
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		kept, err = tx.Revocations.Live(time.Now())
		return err
	})
	return records(kept), err
}

// records puts the user pools' revocations into the index's terms.
func records(kept []store.Revocation) []revoke.Record {
	all := make([]revoke.Record, 0, len(kept))
	for _, k := range kept {
		switch k.Kind {
		case userpool.RevokedFamily:
			all = append(all, revoke.Family("", k.Key, k.Until))
		case userpool.RevokedUser:
			issuer, sub, _ := strings.Cut(k.Key, "\n")
			// The pool says "iat before this whole second", the index "up to and including the second of".
			all = append(all, revoke.Issued(issuer, sub, k.NotBefore.Add(-time.Second), k.Until))
		}
	}
	return all
}

// Revoked implements userpool.Revoker: the store has the revocations, now everybody learns of them.
func (r *revocations) Revoked(ctx context.Context, made ...store.Revocation) error {
	all := records(made)
	if err := r.index.Apply(all...); err != nil {
		return err
	}
	if r.feed == nil {
		return nil
	}
	return r.feed.Publish(ctx, all...)
}

// gateRevocations is what the gates ask.
type gateRevocations struct{ *revocations }

// Epoch implements authz.Revocations.
func (r gateRevocations) Epoch() uint64 { return r.index.Epoch() }

// Revoked implements authz.Revocations.
func (r gateRevocations) Revoked(p *principal.Principal) bool {
	if p.Kind != principal.RoleSession {
		return r.index.Revoked(revoke.Credential{Issuer: p.Issuer, Subject: p.Subject, OriginJTI: p.OriginJTI,
			AuthTime: p.AuthTime, IssuedAt: p.IssuedAt})
	}
	for _, l := range p.Logins {
		if r.loginRevoked(l.Issuer, l.Subject, l.OriginJTI, l.IssuedAt) {
			return true
		}
	}
	return r.index.Revoked(revoke.Credential{Role: p.RoleARN, Identity: p.IdentityID, IssuedAt: p.IssuedAt})
}

// loginRevoked judges credentials by the token they were got with: they die with it.
func (r *revocations) loginRevoked(issuer, subject, originJTI string, issued time.Time) bool {
	return r.index.Revoked(revoke.Credential{Issuer: issuer, Subject: subject, OriginJTI: originJTI, AuthTime: issued, IssuedAt: issued})
}

// sessionRevoked is what the APIs ask.
func (r *revocations) sessionRevoked(record *session.Record) bool {
	for _, l := range record.Logins {
		if r.loginRevoked(l.Issuer, l.Subject, l.OriginJTI, l.IssuedAt) {
			return true
		}
	}
	return r.index.Revoked(revoke.Credential{Role: record.RoleARN, Identity: record.IdentityID, IssuedAt: record.IssuedAt})
}

// Fresh implements authz.Revocations.
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
	if r.feed == nil {
		return nil
	}
	return r.feed.Close()
}
