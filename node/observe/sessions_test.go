package observe_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/sluicegate/sluice/node/observe"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

type seen struct {
	observe.NoObserver
	sessions []observe.Sessions
}

func (s *seen) Sessions(n observe.Sessions) { s.sessions = append(s.sessions, n) }

func TestOnlyLiveSessionsAreCounted(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "store.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	err = st.Update(t.Context(), func(tx store.Tx) error {
		for id, ends := range map[string]time.Duration{"a": time.Hour, "b": 2 * time.Hour, "over": 0} {
			if err := tx.EdgeSessions.Insert(store.EdgeSession{ID: id, Secret: []byte{1}, Sealed: []byte{1}, ExpiresAt: now.Add(ends)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	o := new(seen)
	counter := observe.Counter{Store: st, Now: func() time.Time { return now }, Observer: o}
	if err := counter.Count(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(90 * time.Minute)
	if err := counter.Count(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(o.sessions) != 2 || o.sessions[0] != (observe.Sessions{Edge: 2}) || o.sessions[1] != (observe.Sessions{Edge: 1}) {
		t.Errorf("%+v", o.sessions)
	}
}
