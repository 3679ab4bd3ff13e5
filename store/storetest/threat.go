package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

func session(id, sub, family string, active int) store.Session {
	return store.Session{ID: id, PoolID: pool1, Sub: sub, ClientID: client1, Family: family, CreatedAt: at(0), ActiveAt: at(active), ExpiresAt: at(100)}
}

func sessionIDs(list []store.Session) []string {
	return keys(list, func(s store.Session) string { return s.ID })
}

func testSessions(t *testing.T, st store.Store) {
	seed(t, st)
	update(t, st, func(tx store.Tx) error {
		for _, f := range []string{"1", "2", "3"} {
			wantErr(t, "insert", tx.RefreshTokens.Insert(token(f, "sub-ann")), nil)
		}
		return nil
	})
	full := session("tkn1", "sub-ann", "1", 7)
	full.Origin, full.Device, full.Address = "sso1", "Chrome 125, Windows 10", "192.0.2.1"
	full.Browser, full.SignIn = []byte{1}, []byte(`{"a":1}`)
	testRecord(t, st, keeper[store.Session]{
		get:    func(tx store.Tx, r store.Session) (store.Session, error) { return tx.Sessions.Get(r.ID) },
		insert: func(tx store.Tx, r store.Session) error { return tx.Sessions.Insert(r) },
		update: func(tx store.Tx, r store.Session) error { return tx.Sessions.Update(r) },
	}, full, session("tkn1", "sub-ann", "", 7), "session", anyKey)
	expired := session("tkn3", "sub-ann", "3", 9)
	expired.ExpiresAt = at(50)
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "insert", tx.Sessions.Insert(session("tkn2", "sub-ann", "2", 8)), nil)
		wantErr(t, "insert", tx.Sessions.Insert(expired), nil)
		wantErr(t, "insert", tx.Sessions.Insert(session("sso1", "sub-ann", "", 1)), nil)
		wantErr(t, "insert", tx.Sessions.Insert(session("sso2", "sub-bob", "", 1)), nil)
		return nil
	})
	for name, s := range map[string]store.Session{"user": session("x", "sub-x", "", 1), "family": session("x", "sub-ann", "x", 1)} {
		wantErr(t, "of a "+name+" that does not exist", try(st, func(tx store.Tx) error { return tx.Sessions.Insert(s) }), store.ErrNotFound)
	}
	wantConflict(t, "a second session of a family", try(st, func(tx store.Tx) error {
		return tx.Sessions.Insert(session("x", "sub-ann", "1", 1))
	}), "session", "family")
	liveSessions(t, st, full)
	endSessions(t, st)
}

// liveSessions reads the sessions of ann.
func liveSessions(t *testing.T, st store.Store, full store.Session) {
	t.Helper()
	view(t, st, func(tx store.Tx) error {
		got, err := tx.Sessions.OfFamily("1")
		wantErr(t, "of a family", err, nil)
		same(t, "of a family", got, full)
		_, err = tx.Sessions.OfFamily("x")
		wantErr(t, "of a family without a session", err, store.ErrNotFound)
		_, err = tx.Sessions.OfFamily("")
		wantErr(t, "of no family", err, store.ErrNotFound)
		live, err := tx.Sessions.Live(pool1, "sub-ann", at(50))
		wantErr(t, "live", err, nil)
		same(t, "live", sessionIDs(live), []string{"tkn2", "tkn1", "sso1"})
		through, err := tx.Sessions.OfOrigin(pool1, "sub-ann", "sso1")
		same(t, "through an SSO session", sessionIDs(through), []string{"tkn1"})
		return err
	})
}

// endSessions ends sessions in every way.
func endSessions(t *testing.T, st store.Store) {
	t.Helper()
	revoked := token("2", "sub-ann")
	revoked.RevokedAt = at(9)
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "revoke a family", tx.RefreshTokens.Update(revoked), nil)
		live, err := tx.Sessions.Live(pool1, "sub-ann", at(0))
		same(t, "live after a revocation", sessionIDs(live), []string{"tkn3", "tkn1", "sso1"})
		return err
	})
	for _, want := range []int{1, 0} {
		update(t, st, func(tx store.Tx) error {
			n, err := tx.Sessions.DeleteExpired(at(50), 1)
			same(t, "deleted expired", n, want)
			return err
		})
	}
	update(t, st, func(tx store.Tx) error {
		_, err := tx.RefreshTokens.Trim(pool1, "sub-ann", 0, 10)
		wantErr(t, "trim families", err, nil)
		wantErr(t, "delete", tx.Sessions.Delete("sso1"), nil)
		wantErr(t, "delete what is not there", tx.Sessions.Delete("sso1"), nil)
		live, err := tx.Sessions.Live(pool1, "sub-ann", at(0))
		same(t, "live at the end", sessionIDs(live), nilIDs)
		return err
	})
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "delete the user", tx.Users.Delete(pool1, "sub-bob"), nil)
		_, err := tx.Sessions.Get("sso2")
		wantErr(t, "the user's session", err, store.ErrNotFound)
		return nil
	})
}

var nilIDs = keys([]store.Session(nil), func(s store.Session) string { return s.ID })

func testPasswords(t *testing.T, st store.Store) {
	seed(t, st)
	get := func(sub string) (list []string) {
		t.Helper()
		view(t, st, func(tx store.Tx) (err error) {
			list, err = tx.Passwords.Get(pool1, sub)
			return err
		})
		return list
	}
	same(t, "before put", get("sub-ann"), []string(nil))
	for _, list := range [][]string{{"a"}, {"b", "a"}, nil, {"c"}} {
		update(t, st, func(tx store.Tx) error { return tx.Passwords.Put(pool1, "sub-ann", list) })
		same(t, "hashes", get("sub-ann"), list)
	}
	same(t, "another user's", get("sub-bob"), []string(nil))
	wantErr(t, "of a user that does not exist", try(st, func(tx store.Tx) error {
		return tx.Passwords.Put(pool1, "x", []string{"a"})
	}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "delete the user", tx.Users.Delete(pool1, "sub-ann"), nil)
		list, err := tx.Passwords.Get(pool1, "sub-ann")
		same(t, "after the user was deleted", list, []string(nil))
		return err
	})
}

func event(sub, id string, passed bool, second int) store.AuthEvent {
	return store.AuthEvent{PoolID: pool1, Sub: sub, ID: id, Passed: passed, Data: doc(`{"type":"SignIn"}`), CreatedAt: at(second)}
}

func testAuthEvents(t *testing.T, st store.Store) {
	seed(t, st)
	pending := event("sub-ann", "b", false, 2)
	update(t, st, func(tx store.Tx) error {
		for _, e := range []store.AuthEvent{event("sub-ann", "a", true, 2), pending, event("sub-ann", "c", true, 1),
			event("sub-ann", "d", false, 3), event("sub-bob", "e", true, 4)} {
			wantErr(t, "put", tx.AuthEvents.Put(e), nil)
		}
		return nil
	})
	wantErr(t, "of a user that does not exist", try(st, func(tx store.Tx) error {
		return tx.AuthEvents.Put(event("x", "x", true, 1))
	}), store.ErrNotFound)
	done := pending
	done.Passed, done.Data, done.CreatedAt = true, doc(`{}`), at(90)
	update(t, st, func(tx store.Tx) error { return tx.AuthEvents.Put(done) })
	done.CreatedAt = pending.CreatedAt
	view(t, st, func(tx store.Tx) error {
		got, err := tx.AuthEvents.Get(pool1, "sub-ann", "b")
		wantErr(t, "get", err, nil)
		same(t, "a replaced event keeps its time", got, done)
		_, err = tx.AuthEvents.Get(pool1, "sub-bob", "b")
		wantErr(t, "of another user", err, store.ErrNotFound)
		return nil
	})
	wantEvents(t, st, "all", nil, 0, "d", "b", "a", "c")
	wantEvents(t, st, "a page", nil, 2, "d", "b")
	wantEvents(t, st, "the next page", &done, 2, "a", "c")
	view(t, st, func(tx store.Tx) error {
		list, err := tx.AuthEvents.Passed(pool1, "sub-ann", 2)
		same(t, "passed", keys(list, func(e store.AuthEvent) string { return e.ID }), []string{"b", "a"})
		return err
	})
	trimEvents(t, st)
}

func wantEvents(t *testing.T, st store.Store, what string, after *store.AuthEvent, limit int, want ...string) {
	t.Helper()
	view(t, st, func(tx store.Tx) error {
		list, err := tx.AuthEvents.Of(pool1, "sub-ann", after, limit)
		same(t, what, keys(list, func(e store.AuthEvent) string { return e.ID }), want)
		return err
	})
}

func trimEvents(t *testing.T, st store.Store) {
	t.Helper()
	update(t, st, func(tx store.Tx) error {
		return tx.AuthEvents.Trim(pool1, "sub-ann", true, 2, 10)
	})
	wantEvents(t, st, "after a trim", nil, 0, "d", "b", "a")
	for _, want := range []int{1, 1, 0} {
		update(t, st, func(tx store.Tx) error {
			n, err := tx.AuthEvents.DeleteOlder(at(3), 1)
			same(t, "deleted", n, want)
			return err
		})
	}
	wantEvents(t, st, "the young", nil, 0, "d")
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "delete the user", tx.Users.Delete(pool1, "sub-ann"), nil)
		_, err := tx.AuthEvents.Get(pool1, "sub-ann", "d")
		wantErr(t, "the user's event", err, store.ErrNotFound)
		return nil
	})
}
