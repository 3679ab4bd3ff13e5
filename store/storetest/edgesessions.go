package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

func edgeSession(id, subject string, created int) store.EdgeSession {
	return store.EdgeSession{ID: id, Login: "web", Issuer: "https://idp.example", Subject: subject, Secret: []byte{1}, Sealed: []byte{0, 255},
		CreatedAt: at(created), ExpiresAt: at(created + 100), ValidUntil: at(created + 10)}
}

func testEdgeSessions(t *testing.T, st store.Store) {
	full := edgeSession("a", "ann", 0)
	full.LeasedUntil = at(5)
	testRecord(t, st, keeper[store.EdgeSession]{
		get:    func(tx store.Tx, r store.EdgeSession) (store.EdgeSession, error) { return tx.EdgeSessions.Get(r.ID) },
		insert: func(tx store.Tx, r store.EdgeSession) error { return tx.EdgeSessions.Insert(r) },
		update: func(tx store.Tx, r store.EdgeSession) error { return tx.EdgeSessions.Update(r) },
	}, full, edgeSession("a", "ann", 0), "edge session", anyKey)
	update(t, st, func(tx store.Tx) error {
		elsewhere, foreign := edgeSession("d", "ann", 3), edgeSession("e", "ann", 4)
		elsewhere.Login, foreign.Issuer = "other", "https://other.example"
		for _, s := range []store.EdgeSession{edgeSession("b", "ann", 1), edgeSession("c", "bob", 2), elsewhere, foreign} {
			wantErr(t, "insert", tx.EdgeSessions.Insert(s), nil)
		}
		return nil
	})
	ids := func(list []store.EdgeSession) []string {
		return keys(list, func(s store.EdgeSession) string { return s.ID })
	}
	update(t, st, func(tx store.Tx) error {
		list, err := tx.EdgeSessions.OfSubject("web", "https://idp.example", "ann")
		wantErr(t, "of a subject", err, nil)
		same(t, "of a subject", ids(list), []string{"b", "a"})
		n, err := tx.EdgeSessions.Count(at(101))
		wantErr(t, "count", err, nil)
		same(t, "live", n, 3)
		n, err = tx.EdgeSessions.DeleteExpired(at(101), 1)
		wantErr(t, "delete expired", err, nil)
		same(t, "deleted", n, 1)
		_, err = tx.EdgeSessions.Get("a")
		wantErr(t, "the oldest", err, store.ErrNotFound)
		wantErr(t, "delete", tx.EdgeSessions.Delete("c"), nil)
		wantErr(t, "delete again", tx.EdgeSessions.Delete("c"), nil)
		_, err = tx.EdgeSessions.Get("c")
		wantErr(t, "deleted", err, store.ErrNotFound)
		return nil
	})
}
