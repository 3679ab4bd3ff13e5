package fleet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

func TestSessionsThatAreOverAreDeleted(t *testing.T) {
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "sessions.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	now := time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	insert := func(id string, ends time.Time) {
		t.Helper()
		if err := st.Update(t.Context(), func(tx store.Tx) error {
			return tx.EdgeSessions.Insert(store.EdgeSession{ID: id, Login: "l", Issuer: "i", Subject: "s", Secret: []byte{1}, Sealed: []byte{2}, ExpiresAt: ends})
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		insert(fmt.Sprint("over", i), now)
	}
	insert("live", now.Add(time.Second))
	r := &Revocations{store: st, now: func() time.Time { return now }}
	if err := r.deleteSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := st.View(t.Context(), func(tx store.Tx) error {
		left, err := tx.EdgeSessions.OfSubject("l", "i", "s")
		if len(left) != 1 || left[0].ID != "live" {
			t.Errorf("%v are left", left)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// others is what other processes write to the store.
type others struct {
	records []revoke.Record
	since   time.Time
	named   []store.Change
	err     error
}

func (o *others) Revocations(context.Context) ([]revoke.Record, error) { return nil, nil }

func (o *others) RevocationsSince(_ context.Context, at time.Time) ([]revoke.Record, error) {
	o.since = at
	return o.records, o.err
}

func (o *others) RevocationsOf(_ context.Context, changes []store.Change) ([]revoke.Record, error) {
	o.named = append(o.named, changes...)
	return o.records, o.err
}

func TestWithoutRedisAProcessReadsWhatOthersRevoke(t *testing.T) {
	begun := time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	now := begun.Add(followEvery)
	clock := func() time.Time { return now }
	index, err := revoke.NewIndex(revoke.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	r := &Revocations{index: index, background: t.Context(), now: clock}
	store := &others{records: []revoke.Record{revoke.Issued("https://id.example", "ann", begun, now.Add(time.Hour))}, err: errors.New("busy")}
	if read, err := r.catchUp(store, begun); err == nil || !read.Equal(begun) {
		t.Errorf("a store that cannot be read: %v, %v", read, err)
	}
	store.err = nil
	read, err := r.catchUp(store, begun)
	if err != nil || !read.Equal(now) || !store.since.Equal(begun.Add(-followBack)) {
		t.Errorf("read at %v since %v, %v", read, store.since, err)
	}
	if !index.Revoked(revoke.Credential{Issuer: "https://id.example", Subject: "ann", IssuedAt: begun.Add(-time.Minute)}) {
		t.Error("the token is not revoked")
	}
	epoch := index.Epoch()
	if _, err := r.catchUp(store, read); err != nil || index.Epoch() != epoch {
		t.Errorf("what is known already made a change: %v", err)
	}
}

// A process that is cut off from the store does not learn what others revoke there.
func TestAProcessThatCannotReadTheStoreRefusesAfterAWhile(t *testing.T) {
	begun := time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	now := begun
	for _, tc := range []struct {
		stale  time.Duration // 0 = the store is a file
		closed bool
		after  time.Duration
		fresh  bool
		state  string
	}{
		{5 * time.Minute, true, 10 * time.Second, true, "ok"},
		{5 * time.Minute, true, 4 * time.Minute, true, "stale"},
		{5 * time.Minute, true, 6 * time.Minute, false, "lost"},
		{5 * time.Minute, false, 6 * time.Minute, true, "lost"},
		{0, false, time.Hour, true, "ok"},
	} {
		now = begun
		r := &Revocations{now: func() time.Time { return now }, base: begun, stale: tc.stale, closed: tc.closed}
		r.prove(begun)
		now = begun.Add(tc.after)
		if r.Fresh() != tc.fresh || r.State() != tc.state {
			t.Errorf("%v after the last read, %+v: fresh %v, state %s", tc.after, tc, r.Fresh(), r.State())
		}
		r.prove(now)
		if !r.Fresh() || r.State() != "ok" {
			t.Errorf("after a read: fresh %v, state %s", r.Fresh(), r.State())
		}
	}
}

// A regression test. A read that failed after the eleven seconds for which the store did not answer was followed by a pause of 110 seconds, in
// which sign-outs in other processes had no effect.
func TestAReadThatFailedIsRepeatedSoon(t *testing.T) {
	for _, tc := range []struct {
		took   time.Duration
		failed bool
		want   time.Duration
	}{
		{time.Millisecond, false, followGap},
		{followGap / 5, false, 2 * followGap},
		{time.Minute, false, followEvery},
		{time.Millisecond, true, followGap},
		{11 * time.Second, true, followGap},
	} {
		if got := rest(tc.took, tc.failed); got != tc.want {
			t.Errorf("after %s (failed: %t): %s, want %s", tc.took, tc.failed, got, tc.want)
		}
	}
}
