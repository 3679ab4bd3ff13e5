package storetest

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func testCascade(t *testing.T, st store.Store) {
	seed(t, st)
	cascadeFromUser(t, st)
	cascadeFromSomeUsers(t, st)
	cascadeFromClientAndGroup(t, st)
	cascadeFromPool(t, st)
	cascadeFromIdentities(t, st)
}

// fillAnn gives ann one record of each kind that belongs to a user.
func fillAnn(tx store.Tx) error {
	ann, err := tx.Users.Get(pool1, "sub-ann")
	if err != nil {
		return err
	}
	ann.Aliases = []store.Alias{{Kind: "email", Value: "a"}}
	return errors.Join(
		tx.Users.Update(ann),
		tx.Groups.Add(pool1, "readers", "sub-ann"),
		tx.Codes.Put(store.Code{PoolID: pool1, Sub: "sub-ann", Purpose: "signup", Hash: []byte{1}}),
		tx.Passkeys.Insert(passkey("ann's", "sub-ann")),
		tx.RefreshTokens.Insert(token("ann", "sub-ann")),
		tx.Devices.Insert(device("sub-ann", "us-east-1_d")),
	)
}

// annIsGone checks that the records of fillAnn do not exist.
func annIsGone(t *testing.T, tx store.Tx) {
	t.Helper()
	_, err := tx.RefreshTokens.Get("ann")
	wantErr(t, "token", err, store.ErrNotFound)
	_, err = tx.Users.ByAlias(pool1, store.Alias{Kind: "email", Value: "a"})
	wantErr(t, "alias", err, store.ErrNotFound)
	_, err = tx.Codes.Get(pool1, "sub-ann", "signup")
	wantErr(t, "code", err, store.ErrNotFound)
	_, err = tx.Devices.Get(pool1, "sub-ann", "us-east-1_d")
	wantErr(t, "device", err, store.ErrNotFound)
	_, err = tx.Passkeys.Get(pool1, []byte("ann's"))
	wantErr(t, "passkey", err, store.ErrNotFound)
	members, err := tx.Groups.Members(pool1, "readers", store.Page{})
	wantErr(t, "members", err, nil)
	same(t, "members", len(members), 0)
}

func cascadeFromUser(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "fill", fillAnn(tx), nil)
		wantErr(t, "delete user", tx.Users.Delete(pool1, "sub-ann"), nil)
		annIsGone(t, tx)
		// The name and the alias can be used again.
		return tx.Users.Insert(user(pool1, "sub-ann", "ann"))
	})
}

func cascadeFromSomeUsers(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "fill", fillAnn(tx), nil)
		for _, want := range []int{1, 1, 0} {
			n, err := tx.Users.DeleteSome(pool1, 1)
			wantErr(t, "delete some", err, nil)
			same(t, "deleted", n, want)
		}
		annIsGone(t, tx)
		n, err := tx.Users.DeleteSome(pool2, 1)
		same(t, "deleted of a pool without users", n, 0)
		return errors.Join(err, tx.Users.Insert(user(pool1, "sub-ann", "ann")), tx.Users.Insert(user(pool1, "sub-bob", "bob")))
	})
}

func cascadeFromClientAndGroup(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "fill", fillAnn(tx), nil)
		wantErr(t, "delete client", tx.Clients.Delete(client1), nil)
		wantErr(t, "the device outlives the client", tx.Devices.Delete(pool1, "sub-ann", "us-east-1_d"), nil)
		_, err := tx.RefreshTokens.Get("ann")
		wantErr(t, "token of a deleted client", err, store.ErrNotFound)
		wantErr(t, "insert client", tx.Clients.Insert(client(pool1, client1)), nil)
		wantErr(t, "delete group", tx.Groups.Delete(pool1, "readers"), nil)
		wantErr(t, "insert group", tx.Groups.Insert(group(pool1, "readers")), nil)
		of, err := tx.Groups.Of(pool1, "sub-ann", store.Page{})
		same(t, "groups of ann after the group was replaced", len(of), 0)
		return err
	})
}

func cascadeFromPool(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "add", tx.Groups.Add(pool1, "readers", "sub-ann"), nil)
		wantErr(t, "token", tx.RefreshTokens.Insert(token("ann", "sub-ann")), nil)
		wantErr(t, "device", tx.Devices.Insert(device("sub-ann", "us-east-1_d")), nil)
		wantErr(t, "key", tx.SigningKeys.Insert(store.SigningKey{Owner: pool1, ID: "k", Private: []byte{1}}), nil)
		wantErr(t, "key", tx.SigningKeys.Insert(store.SigningKey{Owner: pool2, ID: "k", Private: []byte{1}}), nil)
		wantErr(t, "delete pool", tx.Pools.Delete(pool1), nil)
		annIsGone(t, tx)
		_, err := tx.Clients.Get(client1)
		wantErr(t, "client", err, store.ErrNotFound)
		_, err = tx.Groups.Get(pool1, "readers")
		wantErr(t, "group", err, store.ErrNotFound)
		_, err = tx.Users.Get(pool1, "sub-bob")
		wantErr(t, "user", err, store.ErrNotFound)
		for owner, want := range map[string]int{pool1: 0, pool2: 1} {
			list, err := tx.SigningKeys.List(owner)
			wantErr(t, "keys", err, nil)
			same(t, "keys of "+owner, len(list), want)
		}
		return nil
	})
}

func cascadeFromIdentities(t *testing.T, st store.Store) {
	login := store.Login{Provider: "p", Subject: "s"}
	update(t, st, func(tx store.Tx) error {
		i := store.Identity{PoolID: idPool1, ID: "i", Logins: []store.Login{login}}
		wantErr(t, "insert", tx.Identities.Insert(i), nil)
		wantErr(t, "delete identity", tx.Identities.Delete("i"), nil)
		wantErr(t, "insert another identity with its login", tx.Identities.Insert(i), nil)
		wantErr(t, "delete identity pool", tx.IdentityPools.Delete(idPool1), nil)
		of, err := tx.Identities.Of(login)
		same(t, "identities with a login after their pool was deleted", len(of), 0)
		return err
	})
}
