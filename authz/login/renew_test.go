package login

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

// flaky is a store of which some writes fail.
type flaky struct {
	store.Store
	failures atomic.Int64 // of the next writes
}

func (f *flaky) Update(ctx context.Context, fn func(tx store.Tx) error) error {
	if f.failures.Add(-1) >= 0 {
		return fmt.Errorf("%w: a failover", store.ErrUnavailable)
	}
	return f.Store.Update(ctx, fn)
}

// record returns the record of the only session.
func (w *world) record(s *Service) (record store.EdgeSession) {
	w.t.Helper()
	must(w.t, w.store.View(w.t.Context(), func(tx store.Tx) error {
		list, err := tx.EdgeSessions.OfSubject(s.id, testIssuer, "sub-ann")
		if err != nil || len(list) != 1 {
			return fmt.Errorf("%d sessions, %w", len(list), err)
		}
		record = list[0]
		return nil
	}))
	return record
}

// refreshToken returns the refresh token of the only session.
func (w *world) refreshToken(s *Service) string {
	w.t.Helper()
	record := w.record(s)
	k, err := s.open(&record)
	must(w.t, err)
	return k.Refresh
}

func TestRenewedTokensAreKeptAlsoIfTheStoreIsAwayForAMoment(t *testing.T) {
	w := newWorld(t)
	f := &flaky{Store: w.store}
	s := w.service(func(o *Options) { o.Store = f })
	cookie := w.signIn(s)
	before := w.refreshToken(s)
	w.pass(2 * time.Hour)
	wait := make(chan struct{})
	w.set(func(w *world) { w.wait = wait })
	done := make(chan error, 1)
	go func() { _, err := w.resolve(s, cookie); done <- err }()
	w.asked(1)
	f.failures.Store(3)
	close(wait)
	if err := <-done; err != nil {
		t.Errorf("the request: %v", err)
	}
	if w.refreshToken(s) == before {
		t.Error("the new refresh token was lost")
	}
	if w.renewals != 1 {
		t.Errorf("renewed %d times", w.renewals)
	}
}

// asked waits until the provider was asked n times.
func (w *world) asked(n int) {
	for asked := 0; asked < n; time.Sleep(time.Millisecond) {
		w.set(func(w *world) { asked = w.renewals })
	}
}

// A process that was slow has new tokens when its lease is over. They must not be lost: the provider takes no further use of the old one.
func TestTokensThatCameAfterTheLeaseAreKept(t *testing.T) {
	w := newWorld(t)
	slow, other := w.service(), w.service()
	cookie := w.signIn(slow)
	w.pass(2 * time.Hour)
	wait := make(chan struct{})
	w.set(func(w *world) { w.wait = wait })
	done := make(chan error, 2)
	go func() { _, err := w.resolve(slow, cookie); done <- err }()
	w.asked(1)
	w.pass(lease)
	again := make(chan struct{})
	w.set(func(w *world) { w.wait, w.err = again, &Refused{Code: "invalid_grant"} }) // the slow one has used the token
	go func() { _, err := w.resolve(other, cookie); done <- err }()
	w.asked(2)
	close(wait)
	if err := <-done; err != nil {
		t.Errorf("the slow process: %v", err)
	}
	kept := w.refreshToken(slow)
	close(again)
	if err := <-done; err != nil {
		t.Errorf("the other process: %v", err)
	}
	if w.refreshToken(slow) != kept {
		t.Error("the tokens of the slow process were lost")
	}
}

// The clock of one process is ahead. It does not take the lease of another one as over.
func TestALeaseHoldsForAProcessWhoseClockIsAhead(t *testing.T) {
	w := newWorld(t)
	one := w.service()
	ahead := w.service(func(o *Options) {
		o.Now, o.Shared = func() time.Time { return w.clock().Add(50 * time.Second) }, w.clock
	})
	cookie := w.signIn(one)
	w.pass(2 * time.Hour)
	wait := make(chan struct{})
	w.set(func(w *world) { w.wait = wait })
	done := make(chan error, 1)
	go func() { _, err := w.resolve(one, cookie); done <- err }()
	w.asked(1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*pause)
	defer cancel()
	if _, _, err := ahead.Subject(ctx, cookie, testHost, w.clock()); !errors.Is(err, errBusy) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another process asks: %v", err)
	}
	close(wait)
	if err := <-done; err != nil {
		t.Error(err)
	}
	w.wantUser(ahead, cookie, "ann")
	if w.renewals != 1 {
		t.Errorf("renewed %d times", w.renewals)
	}
}
