package storetest

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/store"
)

// passkey returns a passkey of pool1 with as few fields as possible.
func passkey(id, sub string) store.Passkey {
	return store.Passkey{PoolID: pool1, ID: []byte(id), Sub: sub, RelyingParty: "example.com", CreatedAt: at(0)}
}

func testPasskeys(t *testing.T, st store.Store) {
	seed(t, st)
	full := passkey("\x00\xff", "sub-ann")
	full.PublicKey, full.AAGUID, full.SignCount = []byte{0xa5, 0}, []byte{0, 1}, 1<<32-1
	full.Name, full.Attachment, full.Transports = "Ann's ☃", "platform", []string{"internal", "hybrid"}
	full.BackupEligible, full.Answered = true, doc(`{"a":[1]}`)
	testRecord(t, st, keeper[store.Passkey]{
		get:    func(tx store.Tx, r store.Passkey) (store.Passkey, error) { return tx.Passkeys.Get(r.PoolID, r.ID) },
		insert: func(tx store.Tx, r store.Passkey) error { return tx.Passkeys.Insert(r) },
		update: func(tx store.Tx, r store.Passkey) error { return tx.Passkeys.Update(r) },
		delete: func(tx store.Tx, r store.Passkey) error { return tx.Passkeys.Delete(r.PoolID, r.ID) },
	}, full, passkey("\x00\xff", "sub-ann"), "passkey", "id")

	second, third, bobs := passkey("b", "sub-ann"), passkey("c", "sub-ann"), passkey("d", "sub-bob")
	first := full
	first.CreatedAt, third.CreatedAt = at(-5), at(5)
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.Passkeys.Insert(third), tx.Passkeys.Insert(second), tx.Passkeys.Insert(first), tx.Passkeys.Insert(bobs))
	})
	view(t, st, func(tx store.Tx) error {
		of, err := tx.Passkeys.OfUser(pool1, "sub-ann")
		wantErr(t, "of user", err, nil)
		same(t, "of user", of, []store.Passkey{first, second, third})
		of, err = tx.Passkeys.OfUser(pool2, "sub-ann")
		wantErr(t, "of user of another pool", err, nil)
		same(t, "of user of another pool", len(of), 0)
		_, err = tx.Passkeys.Get(pool2, second.ID)
		wantErr(t, "in another pool", err, store.ErrNotFound)
		return nil
	})
	wantConflict(t, "the same ID of another user", try(st, func(tx store.Tx) error {
		return tx.Passkeys.Insert(passkey("b", "sub-bob"))
	}), "passkey", "id")
	stolen := second
	stolen.Sub = "sub-bob"
	wantErr(t, "another user by update", try(st, func(tx store.Tx) error { return tx.Passkeys.Update(stolen) }), store.ErrNotFound)
	wantErr(t, "for a user that does not exist", try(st, func(tx store.Tx) error {
		return tx.Passkeys.Insert(passkey("e", "x"))
	}), store.ErrNotFound)
}
