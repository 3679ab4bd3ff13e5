package login

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

const (
	// checkEvery is how often a session in memory is compared with the store, in the background, as long as it is in use.
	checkEvery = time.Minute
	// maxKnown is how long a subject stays in memory at most, and so how long a revocation has to be remembered.
	maxKnown = time.Hour
	// negativeTime is how long a cookie whose session has ended is refused without asking the store.
	negativeTime = time.Minute
	// patience limits the time for which a request waits for the provider. ALB waits as long.
	patience = 5 * time.Second
	// settled is the time after which tokens may be renewed again.
	settled = 2 * time.Second
)

// Subject implements authz.Logins.
func (s *Service) Subject(ctx context.Context, cookie, host string, now time.Time) (*authz.Subject, bool, error) {
	if len(cookie) != cookieLen {
		return nil, false, errNone
	}
	key := s.cache.Key(cookie)
	subject, outcome, err := s.cache.Get(key, now)
	switch outcome {
	case token.Hit:
		session := subject.Session()
		if session.Host != host {
			return nil, false, errNone
		}
		if due := session.Due.Load(); now.UnixNano() >= due && session.Due.CompareAndSwap(due, math.MaxInt64) {
			s.refresh(cookie, host, subject)
		}
		return subject, true, nil
	case token.Refused:
		return nil, true, err
	case token.Miss:
	}
	subject, err = s.flight(ctx, cookie, host, nil)
	return subject, false, err
}

// Renew implements authz.Logins.
func (s *Service) Renew(ctx context.Context, cookie, host string, revoked *authz.Subject) (*authz.Subject, error) {
	if s.o.Now().Sub(revoked.Session().Made) < settled {
		return nil, errOver // the new tokens are revoked too
	}
	return s.flight(ctx, cookie, host, revoked)
}

// flight loads a session, once for all requests that wait for it. With old, whose tokens are no longer valid, it renews them.
func (s *Service) flight(ctx context.Context, cookie, host string, old *authz.Subject) (*authz.Subject, error) {
	name := cookie + "\n" + host
	if old != nil {
		name += "\nrenew"
	}
	result := s.flights.DoChan(name, func() (any, error) {
		// The first request may go away while others wait.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		return s.load(ctx, cookie, host, old)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*authz.Subject), nil
	}
}

// load reads a session from the store, renews its tokens if they have expired or are old, and remembers the subject.
func (s *Service) load(ctx context.Context, cookie, host string, old *authz.Subject) (*authz.Subject, error) {
	id, secret, err := s.identify(cookie, host)
	if err != nil {
		return nil, err // cheaper to find out than to remember
	}
	key := s.cache.Key(cookie)
	subject, size, err := s.current(ctx, id, secret, old)
	if err != nil {
		if gone(err) {
			s.cache.Remove(key)
			s.cache.PutNegative(key, err, s.o.Now().Add(negativeTime))
		}
		return nil, err
	}
	until := subject.Session().Until
	if most := s.o.Now().Add(maxKnown); until.After(most) {
		until = most
	}
	s.cache.Put(key, subject, size, until)
	return subject, nil
}

// gone reports whether the error says that the session does not exist or has ended.
func gone(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.NotAuthorized || kind == fault.ExpiredToken
}

func (s *Service) current(ctx context.Context, id string, secret []byte, old *authz.Subject) (*authz.Subject, int, error) {
	record, err := s.find(ctx, id, secret)
	if err != nil {
		return nil, 0, err
	}
	stale := func(r *store.EdgeSession) bool {
		return !s.o.Now().Before(r.ValidUntil) || old != nil && r.ValidUntil.Equal(old.Session().Until)
	}
	k, err := s.open(&record)
	if err != nil {
		return nil, 0, err
	}
	if !stale(&record) {
		if k.Refresh == "" || s.o.Now().Before(renewal(&record, &k)) {
			return s.subject(&record, &k)
		}
		return s.early(ctx, record, &k)
	}
	if record, err = s.renew(ctx, record, stale); err != nil {
		return nil, 0, err
	}
	if k, err = s.open(&record); err != nil {
		return nil, 0, err
	}
	return s.subject(&record, &k)
}

// early renews tokens that are still good. If it fails, they are used until they expire; if another process does it, too.
func (s *Service) early(ctx context.Context, record store.EdgeSession, k *kept) (*authz.Subject, int, error) {
	before := record.ValidUntil
	stale := func(r *store.EdgeSession) bool { return r.ValidUntil.Equal(before) }
	leased, err := s.lease(ctx, &record, stale)
	if err == nil && leased {
		record, err = s.ask(ctx, record)
	}
	if gone(err) {
		return nil, 0, err
	}
	if err != nil {
		s.o.Log.Warn("renewing the tokens of a session before they expire", "error", err)
		record.ValidUntil = before
	} else if *k, err = s.open(&record); err != nil {
		return nil, 0, err
	}
	subject, size, err := s.subject(&record, k)
	if err == nil && record.ValidUntil.Equal(before) {
		subject.Session().Due.Store(s.o.Now().Add(checkEvery / 4).UnixNano())
	}
	return subject, size, err
}

// renewal returns when to renew tokens: once a third of their life is left, so that a provider may be away for that time.
func renewal(record *store.EdgeSession, k *kept) time.Time {
	return record.ValidUntil.Add(-record.ValidUntil.Sub(time.UnixMilli(k.Since)) / 3)
}

// due returns when to check a session in memory: to compare it with the store, or to renew its tokens.
func (s *Service) due(record *store.EdgeSession, k *kept) time.Time {
	check := s.o.Now().Add(checkEvery)
	if at := renewal(record, k); k.Refresh != "" && at.Before(check) {
		return at
	}
	return check
}

// refresh checks a session in memory, in the background. Requests use the session in memory until it is done, and if it
// fails because store or provider are away.
func (s *Service) refresh(cookie, host string, subject *authz.Subject) {
	session := subject.Session()
	again := func(after time.Duration) { session.Due.Store(s.o.Now().Add(after).UnixNano()) }
	started := s.inBackground(func(ctx context.Context) {
		if _, err := s.flight(ctx, cookie, host, nil); err != nil && !gone(err) {
			s.o.Log.Warn("looking after a session", "error", err)
			again(checkEvery / 4)
		}
	})
	if !started {
		again(time.Second)
	}
}

// inBackground runs f, unless too much runs already.
func (s *Service) inBackground(f func(context.Context)) bool {
	select {
	case s.background <- struct{}{}:
	default:
		return false
	}
	go func() {
		defer func() { <-s.background }()
		ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
		defer cancel()
		f(ctx)
	}()
	return true
}

// errBusy is the error while another process renews the tokens and the old ones have expired.
var errBusy = errors.New("login: another process is renewing the tokens of the session")
