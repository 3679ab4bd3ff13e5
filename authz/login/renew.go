package login

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
)

const (
	// lease is how long a process may take to renew the tokens of a session before another one tries.
	lease = 15 * time.Second
	// pause is how long a process waits before it looks whether another one has renewed the tokens.
	pause = 100 * time.Millisecond
)

// renew gets new tokens for a session. One process does it at a time: a provider that rotates refresh tokens takes a second use
// for theft. The record holds the lease, so no transaction is open while the provider is asked.
func (s *Service) renew(ctx context.Context, record store.EdgeSession, stale func(*store.EdgeSession) bool) (store.EdgeSession, error) {
	for {
		leased, err := s.lease(ctx, &record, stale)
		if err != nil || !stale(&record) {
			return record, err
		}
		if leased {
			return s.ask(ctx, record)
		}
		select {
		case <-ctx.Done():
			return record, errors.Join(errBusy, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// lease reads the record again and takes the lease, unless the tokens have been renewed or another process has it.
func (s *Service) lease(ctx context.Context, record *store.EdgeSession, stale func(*store.EdgeSession) bool) (leased bool, err error) {
	id := record.ID
	err = s.o.Store.Update(ctx, func(tx store.Tx) (err error) {
		leased = false
		if *record, err = s.read(tx, id); err != nil {
			return err
		}
		now := s.o.Now()
		if !stale(record) || now.Before(record.LeasedUntil) {
			return nil
		}
		leased, record.LeasedUntil = true, now.Add(lease).Truncate(time.Millisecond)
		return tx.EdgeSessions.Update(*record)
	})
	return leased, err
}

// ask asks the provider for new tokens. A provider that refuses has ended the session.
func (s *Service) ask(ctx context.Context, record store.EdgeSession) (store.EdgeSession, error) {
	k, err := s.open(&record)
	if err != nil {
		return record, err
	}
	if k.Refresh == "" {
		return record, errors.Join(s.end(ctx, &record), errOver)
	}
	got, err := s.o.Provider.Refresh(ctx, k.Refresh)
	if _, refused := errors.AsType[*Refused](err); refused {
		s.o.Log.Info("a session ended because its tokens cannot be renewed", "reason", err)
		if err := s.end(ctx, &record); err != nil {
			return record, err
		}
		return record, errOver
	}
	if err != nil {
		return record, errors.Join(err, s.release(ctx, &record))
	}
	id, err := s.renewed(ctx, &record, &k, got)
	if err != nil {
		return record, errors.Join(err, s.release(ctx, &record))
	}
	held := record.LeasedUntil
	if err := s.keep(&record, k, id, got); err != nil {
		return record, err
	}
	// What the provider gave must not be lost, even if the request has gone.
	err = s.o.Store.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		now, err := tx.EdgeSessions.Get(record.ID)
		if err != nil || !now.LeasedUntil.Equal(held) {
			return errors.Join(err, errLate)
		}
		return tx.EdgeSessions.Update(record)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return record, errOver // it ended meanwhile
	case err != nil:
		return record, err
	}
	return record, nil
}

var errLate = errors.New("login: renewing the tokens of the session took longer than its lease")

// renewed checks a new ID token: it is of the same user (OpenID Connect Core 1.0 section 12.2).
func (s *Service) renewed(ctx context.Context, record *store.EdgeSession, k *kept, got *Tokens) (*token.Token, error) {
	if got.ID == "" {
		if got.ExpiresIn == 0 {
			return nil, fmt.Errorf("%w: it does not say when the tokens expire", ErrBadAnswer)
		}
		got.ID = k.ID
		return nil, nil
	}
	id, err := s.verify(ctx, got.ID)
	if err != nil {
		return nil, err
	}
	if id.Subject != record.Subject {
		return nil, fmt.Errorf("%w: the new ID token belongs to another user", ErrBadAnswer)
	}
	return id, nil
}

// release gives the lease back, so that the next request tries again.
func (s *Service) release(ctx context.Context, record *store.EdgeSession) error {
	held := record.LeasedUntil
	return s.o.Store.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		now, err := tx.EdgeSessions.Get(record.ID)
		if err != nil || !now.LeasedUntil.Equal(held) {
			return nil
		}
		now.LeasedUntil = s.o.Now().Add(pause).Truncate(time.Millisecond)
		return tx.EdgeSessions.Update(now)
	})
}
