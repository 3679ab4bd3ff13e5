package node

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

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
