package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

func deviceGrant(id, code string, expires int) store.DeviceGrant {
	return store.DeviceGrant{ID: id, PoolID: pool1, ClientID: client1, UserCode: code, Data: []byte{1}, ExpiresAt: at(expires)}
}

func testDeviceGrants(t *testing.T, st store.Store) {
	seed(t, st)
	full := deviceGrant("a", "code a", 100)
	full.Data = []byte{0, 255}
	testRecord(t, st, keeper[store.DeviceGrant]{
		get:    func(tx store.Tx, r store.DeviceGrant) (store.DeviceGrant, error) { return tx.DeviceGrants.Get(r.ID) },
		insert: func(tx store.Tx, r store.DeviceGrant) error { return tx.DeviceGrants.Insert(r) },
		update: func(tx store.Tx, r store.DeviceGrant) error { return tx.DeviceGrants.Update(r) },
	}, full, deviceGrant("a", "code a", 100), "device grant", anyKey)
	wantConflict(t, "the same code", try(st, func(tx store.Tx) error { return tx.DeviceGrants.Insert(deviceGrant("b", "code a", 0)) }), "device grant", "user code")
	wantErr(t, "without a client", try(st, func(tx store.Tx) error {
		g := deviceGrant("b", "code b", 0)
		g.ClientID = "none"
		return tx.DeviceGrants.Insert(g)
	}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "second", tx.DeviceGrants.Insert(deviceGrant("b", "code b", 50)), nil)
		got, err := tx.DeviceGrants.OfCode(pool1, "code b")
		wantErr(t, "of a code", err, nil)
		same(t, "of a code", got.ID, "b")
		_, err = tx.DeviceGrants.OfCode(pool2, "code b")
		wantErr(t, "in another pool", err, store.ErrNotFound)
		n, err := tx.DeviceGrants.DeleteExpired(at(50), 10)
		wantErr(t, "delete expired", err, nil)
		same(t, "deleted", n, 1)
		wantErr(t, "insert again", tx.DeviceGrants.Insert(deviceGrant("b", "code b", 200)), nil)
		wantErr(t, "delete", tx.DeviceGrants.Delete("b"), nil)
		wantErr(t, "delete again", tx.DeviceGrants.Delete("b"), nil)
		return tx.Clients.Delete(client1)
	})
	view(t, st, func(tx store.Tx) error {
		_, err := tx.DeviceGrants.Get("a")
		wantErr(t, "of a deleted client", err, store.ErrNotFound)
		return nil
	})
}

func testSpentIDs(t *testing.T, st store.Store) {
	seed(t, st)
	spent := store.SpentID{ID: "a", ClientID: client1, ExpiresAt: at(10)}
	update(t, st, func(tx store.Tx) error { return tx.SpentIDs.Insert(spent) })
	wantConflict(t, "again", try(st, func(tx store.Tx) error { return tx.SpentIDs.Insert(spent) }), "spent id", "id")
	wantErr(t, "without a client", try(st, func(tx store.Tx) error { return tx.SpentIDs.Insert(store.SpentID{ID: "b", ClientID: "none"}) }), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		for _, want := range []int{0, 1} {
			n, err := tx.SpentIDs.DeleteExpired(at(9+want), 10)
			wantErr(t, "delete expired", err, nil)
			same(t, "deleted", n, want)
		}
		return tx.SpentIDs.Insert(spent)
	})
}

func testSpentAssertions(t *testing.T, st store.Store) {
	seed(t, st)
	spent := store.SpentAssertion{ID: "a", PoolID: pool1, ExpiresAt: at(10)}
	insert := func(x store.SpentAssertion) error {
		return try(st, func(tx store.Tx) error { return tx.SpentAssertions.Insert(x) })
	}
	wantErr(t, "the first", insert(spent), nil)
	wantConflict(t, "again", insert(spent), "spent assertion", "id")
	wantErr(t, "without a pool", insert(store.SpentAssertion{ID: "b", PoolID: "none"}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		for _, later := range []int{20, 10} {
			x := store.SpentAssertion{ID: "a", PoolID: pool1, ExpiresAt: at(later)}
			wantErr(t, "put", tx.SpentAssertions.Put(x), nil)
			got, err := tx.SpentAssertions.Get("a")
			wantErr(t, "get", err, nil)
			same(t, "record", got, x)
		}
		_, err := tx.SpentAssertions.Get("none")
		wantErr(t, "get of none", err, store.ErrNotFound)
		return nil
	})
	update(t, st, func(tx store.Tx) error {
		for _, want := range []int{0, 1} {
			n, err := tx.SpentAssertions.DeleteExpired(at(9+want), 10)
			wantErr(t, "delete expired", err, nil)
			same(t, "deleted", n, want)
		}
		return tx.SpentAssertions.Insert(spent)
	})
}

func testSAMLKeys(t *testing.T, st store.Store) {
	seed(t, st)
	key := store.SAMLKey{PoolID: pool1, Private: []byte{0, 255}, CreatedAt: at(1)}
	insert := func(k store.SAMLKey) error {
		return try(st, func(tx store.Tx) error { return tx.SAMLKeys.Insert(k) })
	}
	wantErr(t, "the first", insert(key), nil)
	wantConflict(t, "a second", insert(key), "saml key", "pool id")
	wantErr(t, "without a pool", insert(store.SAMLKey{PoolID: "none", Private: []byte{1}}), store.ErrNotFound)
	view(t, st, func(tx store.Tx) error {
		got, err := tx.SAMLKeys.Get(pool1)
		wantErr(t, "get", err, nil)
		same(t, "key", got, key)
		_, err = tx.SAMLKeys.Get(pool2)
		wantErr(t, "of another pool", err, store.ErrNotFound)
		return nil
	})
	update(t, st, func(tx store.Tx) error { return tx.Pools.Delete(pool1) })
	view(t, st, func(tx store.Tx) error {
		_, err := tx.SAMLKeys.Get(pool1)
		wantErr(t, "of a deleted pool", err, store.ErrNotFound)
		return nil
	})
}
