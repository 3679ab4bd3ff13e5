package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

func testIdentities(t *testing.T, st store.Store) {
	seed(t, st)
	ann := store.Login{Provider: "cognito-idp.us-east-1.amazonaws.com/" + pool1, Subject: "sub-ann"}
	bob := store.Login{Provider: "localhost:8080/" + pool2, Subject: "sub-bob"}
	full := store.Identity{
		PoolID: idPool1, ID: "us-east-1:1", Logins: []store.Login{bob, ann}, Guest: true, Disabled: true,
		CreatedAt: at(0), ModifiedAt: at(1),
	}
	sparse := store.Identity{PoolID: idPool1, ID: "us-east-1:1", CreatedAt: at(0), ModifiedAt: at(1)}
	testRecord(t, st, keeper[store.Identity]{
		get:    func(tx store.Tx, r store.Identity) (store.Identity, error) { return tx.Identities.Get(r.ID) },
		insert: func(tx store.Tx, r store.Identity) error { return tx.Identities.Insert(r) },
		update: func(tx store.Tx, r store.Identity) error { return tx.Identities.Update(r) },
		delete: func(tx store.Tx, r store.Identity) error { return tx.Identities.Delete(r.ID) },
	}, full, sparse, "identity", "id")

	guest := store.Identity{PoolID: idPool1, ID: "us-east-1:2", Guest: true, CreatedAt: at(0), ModifiedAt: at(1)}
	other := store.Identity{PoolID: idPool2, ID: "us-east-1:3", Logins: []store.Login{ann}, CreatedAt: at(0), ModifiedAt: at(1)}
	testLogins(t, st, full, guest, other)
	view(t, st, func(tx store.Tx) error {
		list, err := tx.Identities.List(idPool1, false, store.Page{})
		wantErr(t, "list", err, nil)
		same(t, "list", list, []store.Identity{full, guest})
		list, err = tx.Identities.List(idPool1, true, store.Page{})
		wantErr(t, "list", err, nil)
		same(t, "list without the disabled", list, []store.Identity{guest})
		return nil
	})
	// A login moves from one identity to another in one transaction, as in a merge.
	update(t, st, func(tx store.Tx) error {
		from, to := full, guest
		from.Logins, to.Logins, to.Guest = []store.Login{bob}, []store.Login{ann}, false
		if err := tx.Identities.Update(from); err != nil {
			return err
		}
		return tx.Identities.Update(to)
	})
	view(t, st, func(tx store.Tx) error {
		got, err := tx.Identities.ByLogin(idPool1, ann)
		wantErr(t, "by login", err, nil)
		same(t, "the new owner", got.ID, guest.ID)
		return nil
	})
	wantErr(t, "an identity of a pool that does not exist", try(st, func(tx store.Tx) error {
		return tx.Identities.Insert(store.Identity{PoolID: "x", ID: "y"})
	}), store.ErrNotFound)
}

// testLogins inserts the identities and finds them by their logins. full and other have the login ann, full also bob.
func testLogins(t *testing.T, st store.Store, full, guest, other store.Identity) {
	t.Helper()
	bob, ann := full.Logins[0], full.Logins[1]
	update(t, st, func(tx store.Tx) error {
		for _, i := range []store.Identity{full, guest, other} {
			wantErr(t, "insert", tx.Identities.Insert(i), nil)
		}
		claimed := guest
		claimed.Logins = []store.Login{ann}
		wantConflict(t, "a login of another identity, by update", tx.Identities.Update(claimed), "login", ann.Provider)
		claimed.ID = "us-east-1:4"
		wantConflict(t, "a login of another identity, by insert", tx.Identities.Insert(claimed), "login", ann.Provider)
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		got, err := tx.Identities.Get(guest.ID)
		wantErr(t, "get", err, nil)
		same(t, "after a refused update", got, guest)
		for _, login := range full.Logins {
			got, err := tx.Identities.ByLogin(idPool1, login)
			wantErr(t, "by login", err, nil)
			same(t, "by login", got, full)
		}
		_, err = tx.Identities.ByLogin(idPool2, bob)
		wantErr(t, "by a login in another pool", err, store.ErrNotFound)
		of, err := tx.Identities.Of(ann)
		wantErr(t, "of", err, nil)
		same(t, "of", of, []store.Identity{full, other})
		return nil
	})
}
