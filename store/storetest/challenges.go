package storetest

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

func testChallenges(t *testing.T, st store.Store) {
	seed(t, st)
	first := store.Challenge{ID: "a", PoolID: pool1, Sealed: []byte{0, 255}, ExpiresAt: at(0)}
	second := store.Challenge{ID: "b", PoolID: pool1, Sealed: []byte{1}, ExpiresAt: at(5)}
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "first", tx.Challenges.Insert(first), nil)
		return tx.Challenges.Insert(second)
	})
	wantConflict(t, "the same id", try(st, func(tx store.Tx) error { return tx.Challenges.Insert(first) }), "challenge", "id")
	wantErr(t, "without a pool", try(st, func(tx store.Tx) error {
		return tx.Challenges.Insert(store.Challenge{ID: "c", PoolID: "none", Sealed: []byte{1}, ExpiresAt: at(0)})
	}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		again := store.Challenge{ID: "d", PoolID: pool1, Sealed: []byte{2}, ExpiresAt: at(3)}
		wantErr(t, "put", tx.Challenges.Put(again), nil)
		again.Sealed, again.ExpiresAt = []byte{3}, at(4)
		wantErr(t, "put again", tx.Challenges.Put(again), nil)
		got, err := tx.Challenges.Get("d")
		wantErr(t, "get what was put", err, nil)
		same(t, "what was put", got, again)
		wantErr(t, "delete", tx.Challenges.Delete("d"), nil)
		wantErr(t, "delete again", tx.Challenges.Delete("d"), store.ErrNotFound)
		return nil
	})
	update(t, st, func(tx store.Tx) error {
		got, err := tx.Challenges.Get("a")
		wantErr(t, "get", err, nil)
		same(t, "get", got, first)
		n, err := tx.Challenges.DeleteExpired(at(0).Add(time.Millisecond), 10)
		wantErr(t, "delete expired", err, nil)
		same(t, "deleted", n, 1)
		_, err = tx.Challenges.Get("a")
		wantErr(t, "expired", err, store.ErrNotFound)
		return tx.Pools.Delete(pool1)
	})
	view(t, st, func(tx store.Tx) error {
		_, err := tx.Challenges.Get("b")
		wantErr(t, "of a deleted pool", err, store.ErrNotFound)
		return nil
	})
}
