package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

func testPulls(t *testing.T, st store.Store) {
	seed(t, st)
	first, second := store.Pull{PoolID: pool1, Data: []byte{1}, ModifiedAt: at(0)}, store.Pull{PoolID: pool1, Data: []byte{2}, ModifiedAt: at(1)}
	update(t, st, func(tx store.Tx) error {
		_, err := tx.Pulls.Get(pool1)
		wantErr(t, "get", err, store.ErrNotFound)
		wantErr(t, "insert", tx.Pulls.Put(first), nil)
		return tx.Pulls.Put(second)
	})
	wantErr(t, "of no pool", try(st, func(tx store.Tx) error { return tx.Pulls.Put(store.Pull{PoolID: "x", Data: []byte{1}}) }), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		got, err := tx.Pulls.Get(pool1)
		wantErr(t, "get", err, nil)
		same(t, "get", got, second)
		list, err := tx.Pulls.List(store.Page{Limit: 5})
		wantErr(t, "list", err, nil)
		same(t, "list", list, []store.Pull{second})
		wantErr(t, "delete", tx.Pulls.Delete(pool1), nil)
		wantErr(t, "delete again", tx.Pulls.Delete(pool1), store.ErrNotFound)
		wantErr(t, "insert", tx.Pulls.Put(first), nil)
		return tx.Pools.Delete(pool1)
	})
	view(t, st, func(tx store.Tx) error {
		_, err := tx.Pulls.Get(pool1)
		wantErr(t, "of a deleted pool", err, store.ErrNotFound)
		return nil
	})
}

func testElsewhere(t *testing.T, st store.Store) {
	seed(t, st)
	elsewhere := func(sub string) store.User {
		u := user(pool1, sub, sub)
		u.Password.Hash = store.PasswordElsewhere
		return u
	}
	one, two := elsewhere("sub-one"), elsewhere("sub-two")
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "insert", tx.Users.Insert(two), nil)
		return tx.Users.Insert(one)
	})
	view(t, st, func(tx store.Tx) error {
		n, err := tx.Users.CountElsewhere(pool1)
		wantErr(t, "count", err, nil)
		same(t, "count", n, 2)
		list, err := tx.Users.ListElsewhere(pool1, store.Page{Limit: 1})
		wantErr(t, "list", err, nil)
		same(t, "the first", list, []store.User{one})
		list, err = tx.Users.ListElsewhere(pool1, store.Page{After: one.Sub, Limit: 5})
		wantErr(t, "list", err, nil)
		same(t, "the rest", list, []store.User{two})
		return nil
	})
	one.Password.Hash = "hash"
	update(t, st, func(tx store.Tx) error { return tx.Users.Update(one) })
	view(t, st, func(tx store.Tx) error {
		n, err := tx.Users.CountElsewhere(pool1)
		wantErr(t, "count", err, nil)
		same(t, "after a password came over", n, 1)
		return nil
	})
}
