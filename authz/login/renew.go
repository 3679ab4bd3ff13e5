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
		now := s.o.Shared()
		if !stale(record) || now.Before(record.LeasedUntil) {
			return nil
		}
		leased, record.LeasedUntil = true, now.Add(lease).Truncate(time.Millisecond)
		return tx.EdgeSessions.Update(*record)
	})
	return leased, err
}

// ask asks the provider for new tokens. A provider that refuses has ended the session, unless another process was asking at the same time
// and has got them.
func (s *Service) ask(ctx context.Context, record store.EdgeSession) (store.EdgeSession, error) {
	k, err := s.open(&record)
	if err != nil {
		return record, err
	}
	if k.Refresh == "" {
		return record, errors.Join(s.end(ctx, &record), errOver)
	}
	before := record
	got, err := s.o.Provider.Refresh(ctx, k.Refresh)
	if _, refused := errors.AsType[*Refused](err); refused {
		if now, err := s.now(ctx, &before); err != nil || !now.ValidUntil.Equal(before.ValidUntil) {
			return now, err
		}
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
	if err := s.keep(&record, k, id, got); err != nil {
		return record, err
	}
	return s.store(context.WithoutCancel(ctx), &before, record)
}

// now reads a session again. The error is errOver if it has ended.
func (s *Service) now(ctx context.Context, record *store.EdgeSession) (now store.EdgeSession, err error) {
	err = s.o.Store.View(ctx, func(tx store.Tx) (err error) {
		now, err = s.read(tx, record.ID)
		return err
	})
	return now, err
}

// store writes the renewed tokens. What the provider gave must not be lost: one that rotates refresh tokens takes a further use of the old one for
// theft. So it tries again as long as no other process asks, and writes although the request has gone or the lease has ended. If another
// process has renewed the tokens as well, its tokens stay.
func (s *Service) store(ctx context.Context, before *store.EdgeSession, renewed store.EdgeSession) (store.EdgeSession, error) {
	for {
		kept := renewed
		err := s.o.Store.Update(ctx, func(tx store.Tx) error {
			now, err := s.read(tx, renewed.ID)
			if err != nil {
				return err
			}
			if kept = renewed; !now.LeasedUntil.Equal(before.LeasedUntil) && !now.ValidUntil.Equal(before.ValidUntil) {
				kept = now
				return nil
			}
			return tx.EdgeSessions.Update(renewed)
		})
		if !errors.Is(err, store.ErrUnavailable) || !s.o.Shared().Before(before.LeasedUntil) {
			return kept, err
		}
		s.o.Log.Warn("the renewed tokens of a session cannot be stored yet", "error", err)
		time.Sleep(pause)
	}
}

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
		now.LeasedUntil = s.o.Shared().Add(pause).Truncate(time.Millisecond)
		return tx.EdgeSessions.Update(now)
	})
}
