package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

// sso returns an SSO session of a browser.
func sso(id, sub string, browser byte, active int) store.Session {
	s := session(id, sub, "", active)
	s.Browser, s.SignIn = []byte{browser}, []byte(id)
	return s
}

func testSSOSessions(t *testing.T, st store.Store) {
	seed(t, st)
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "insert", tx.RefreshTokens.Insert(token("1", "sub-ann")), nil)
		wantErr(t, "insert", tx.Sessions.Insert(session("tkn1", "sub-ann", "1", 1)), nil)
		for _, s := range []store.Session{sso("sso1", "sub-ann", 1, 1), sso("sso2", "sub-bob", 1, 3), sso("sso3", "sub-ann", 2, 2), sso("sso4", "sub-ann", 3, 4)} {
			wantErr(t, "insert", tx.Sessions.Insert(s), nil)
		}
		return nil
	})
	ofBrowser := func(pool string, browser byte, want ...string) {
		t.Helper()
		view(t, st, func(tx store.Tx) error {
			list, err := tx.Sessions.OfBrowser(pool, []byte{browser})
			same(t, "of the browser", sessionIDs(list), want)
			return err
		})
	}
	ofBrowser(pool1, 1, "sso2", "sso1")
	ofBrowser(pool2, 1)
	ofBrowser(pool1, 9)
	view(t, st, func(tx store.Tx) error {
		n, err := tx.Sessions.CountSSO(at(99))
		same(t, "live", n, 4)
		wantErr(t, "count", err, nil)
		n, err = tx.Sessions.CountSSO(at(100))
		same(t, "live when all have expired", n, 0)
		return err
	})
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "trim", tx.Sessions.TrimSSO(pool1, "sub-ann", 1), nil)
		live, err := tx.Sessions.Live(pool1, "sub-ann", at(0))
		same(t, "what is left", sessionIDs(live), []string{"sso4", "tkn1"})
		wantErr(t, "trim all", tx.Sessions.TrimSSO(pool1, "sub-ann", 0), nil)
		return err
	})
	ofBrowser(pool1, 3)
	ofBrowser(pool1, 1, "sso2")
}

func authorizationCode(hash byte, sub string, kept int) store.AuthorizationCode {
	return store.AuthorizationCode{Hash: []byte{hash}, PoolID: pool1, ClientID: client1, Sub: sub, Session: "sso1", Grant: []byte("{}"),
		ExpiresAt: at(5), KeptUntil: at(kept)}
}

func testAuthorizationCodes(t *testing.T, st store.Store) {
	seed(t, st)
	full := authorizationCode(1, "sub-ann", 10)
	full.Family = "family"
	testRecord(t, st, keeper[store.AuthorizationCode]{
		get: func(tx store.Tx, r store.AuthorizationCode) (store.AuthorizationCode, error) {
			return tx.AuthorizationCodes.Get(r.Hash)
		},
		insert: func(tx store.Tx, r store.AuthorizationCode) error { return tx.AuthorizationCodes.Insert(r) },
		update: func(tx store.Tx, r store.AuthorizationCode) error { return tx.AuthorizationCodes.Update(r) },
	}, full, authorizationCode(1, "sub-bob", 11), "authorization code", "hash")
	wantErr(t, "of a user who does not exist", try(st, func(tx store.Tx) error {
		return tx.AuthorizationCodes.Insert(authorizationCode(9, "sub-x", 1))
	}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		for _, c := range []store.AuthorizationCode{authorizationCode(2, "sub-ann", 20), authorizationCode(3, "sub-bob", 30), authorizationCode(4, "sub-bob", 40), authorizationCode(5, "sub-bob", 50)} {
			wantErr(t, "insert", tx.AuthorizationCodes.Insert(c), nil)
		}
		n, err := tx.AuthorizationCodes.DeleteExpired(at(30), 1)
		same(t, "deleted", n, 1)
		wantErr(t, "delete those of ann", tx.AuthorizationCodes.DeleteOfUser(pool1, "sub-ann"), nil)
		return err
	})
	update(t, st, func(tx store.Tx) error {
		n, err := tx.AuthorizationCodes.DeleteExpired(at(30), 0)
		same(t, "deleted", n, 1)
		_, missing := tx.AuthorizationCodes.Get([]byte{2})
		wantErr(t, "get", missing, store.ErrNotFound)
		return err
	})
	update(t, st, func(tx store.Tx) error {
		_, err := tx.AuthorizationCodes.Get([]byte{4})
		wantErr(t, "get", err, nil)
		return tx.Users.Delete(pool1, "sub-bob")
	})
	view(t, st, func(tx store.Tx) error {
		_, err := tx.AuthorizationCodes.Get([]byte{4})
		wantErr(t, "get without the user", err, store.ErrNotFound)
		return nil
	})
}
