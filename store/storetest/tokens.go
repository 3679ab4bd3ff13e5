package storetest

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

func testCodes(t *testing.T, st store.Store) {
	seed(t, st)
	code := store.Code{
		PoolID: pool1, Sub: "sub-ann", Purpose: "signup", Hash: []byte{1, 0}, Attribute: "email", Value: "a@example.com",
		Attempts: 2, CreatedAt: at(0), ExpiresAt: at(9),
	}
	get := func(purpose string) (c store.Code, err error) {
		err = st.View(t.Context(), func(tx store.Tx) error {
			c, err = tx.Codes.Get(pool1, "sub-ann", purpose)
			return err
		})
		return c, err
	}
	_, err := get("signup")
	wantErr(t, "before put", err, store.ErrNotFound)
	newer := code
	newer.Hash, newer.Attempts, newer.Attribute, newer.Value, newer.ExpiresAt = []byte{2}, 0, "", "", at(20)
	for _, c := range []store.Code{code, newer} {
		update(t, st, func(tx store.Tx) error { return tx.Codes.Put(c) })
		got, err := get("signup")
		wantErr(t, "get", err, nil)
		same(t, "code", got, c)
	}
	_, err = get("forgot")
	wantErr(t, "another purpose", err, store.ErrNotFound)
	for range 2 {
		update(t, st, func(tx store.Tx) error { return tx.Codes.Delete(pool1, "sub-ann", "signup") })
	}
	_, err = get("signup")
	wantErr(t, "after delete", err, store.ErrNotFound)
	code.Sub = "x"
	wantErr(t, "for nobody", try(st, func(tx store.Tx) error { return tx.Codes.Put(code) }), store.ErrNotFound)
}

func testRefreshTokens(t *testing.T, st store.Store) {
	seed(t, st)
	full := token("family-1", "sub-ann")
	full.PreviousHash, full.RotatedAt = []byte("older"), at(3)
	full.Context, full.RevokedAt = doc(`{"scopes":["a"]}`), at(4)
	testRecord(t, st, keeper[store.RefreshToken]{
		get: func(tx store.Tx, r store.RefreshToken) (store.RefreshToken, error) {
			return tx.RefreshTokens.Get(r.ID)
		},
		insert: func(tx store.Tx, r store.RefreshToken) error { return tx.RefreshTokens.Insert(r) },
		update: func(tx store.Tx, r store.RefreshToken) error { return tx.RefreshTokens.Update(r) },
	}, full, token("family-1", "sub-ann"), "refresh token", anyKey)

	second := token("family-2", "sub-ann")
	second.ExpiresAt = at(50)
	third := token("family-3", "sub-bob")
	third.ExpiresAt = at(60)
	twin := token("family-4", "sub-bob")
	twin.Hash = second.Hash
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "insert", tx.RefreshTokens.Insert(second), nil)
		return tx.RefreshTokens.Insert(third)
	})
	wantConflict(t, "the same token", try(st, func(tx store.Tx) error { return tx.RefreshTokens.Insert(twin) }),
		"refresh token", "hash")
	for name, spoil := range map[string]func(*store.RefreshToken){
		"of nobody":   func(r *store.RefreshToken) { r.Sub = "x" },
		"of a client": func(r *store.RefreshToken) { r.ClientID = "x" },
	} {
		orphan := token("orphan", "sub-ann")
		spoil(&orphan)
		wantErr(t, name+" that is not there", try(st, func(tx store.Tx) error {
			return tx.RefreshTokens.Insert(orphan)
		}), store.ErrNotFound)
	}
	view(t, st, func(tx store.Tx) error {
		for _, hash := range [][]byte{full.Hash, full.PreviousHash} {
			got, err := tx.RefreshTokens.ByHash(hash)
			wantErr(t, "by hash", err, nil)
			same(t, "by hash", got, full)
		}
		_, err := tx.RefreshTokens.ByHash([]byte("unknown"))
		wantErr(t, "by an unknown hash", err, store.ErrNotFound)
		of, err := tx.RefreshTokens.OfUser(pool1, "sub-ann")
		wantErr(t, "of user", err, nil)
		same(t, "of user", of, []store.RefreshToken{full, second})
		return nil
	})
	for i, want := range []int{1, 1, 0} {
		update(t, st, func(tx store.Tx) error {
			n, err := tx.RefreshTokens.DeleteExpired(at(60), 1)
			if n != want {
				t.Errorf("round %d deleted %d, want %d", i, n, want)
			}
			return err
		})
	}
	view(t, st, func(tx store.Tx) error {
		_, err := tx.RefreshTokens.Get("family-3")
		wantErr(t, "an expired one", err, store.ErrNotFound)
		_, err = tx.RefreshTokens.Get("family-1")
		wantErr(t, "one that is good", err, nil)
		return nil
	})
}

func testRevocations(t *testing.T, st store.Store) {
	always := time.Time{}
	put := func(key string, notBefore, until time.Time) {
		update(t, st, func(tx store.Tx) error {
			return tx.Revocations.Put(store.Revocation{Kind: "user", Key: key, NotBefore: notBefore, Until: until})
		})
	}
	put("a", at(1), at(10))
	put("a", at(3), at(5)) // each field is the later of the two
	put("b", at(1), at(10))
	put("b", always, at(20)) // zero kills all, which is more than any time
	put("b", at(2), at(5))
	put("c", at(1), at(4))
	put("d", at(1), always) // zero never ends
	put("d", at(2), at(5))
	live := func(now time.Time) (list []store.Revocation) {
		view(t, st, func(tx store.Tx) (err error) {
			list, err = tx.Revocations.Live(now)
			return err
		})
		return list
	}
	a := store.Revocation{Kind: "user", Key: "a", NotBefore: at(3), Until: at(10)}
	b := store.Revocation{Kind: "user", Key: "b", Until: at(20)}
	c := store.Revocation{Kind: "user", Key: "c", NotBefore: at(1), Until: at(4)}
	d := store.Revocation{Kind: "user", Key: "d", NotBefore: at(2)}
	same(t, "live at its last moment", live(at(4)), []store.Revocation{a, b, c, d})
	same(t, "live later", live(at(5)), []store.Revocation{a, b, d})
	update(t, st, func(tx store.Tx) error {
		n, err := tx.Revocations.DeleteExpired(at(11), 1)
		same(t, "deleted", n, 1)
		if err != nil {
			return err
		}
		n, err = tx.Revocations.DeleteExpired(at(11), 0)
		same(t, "deleted then", n, 1)
		return err
	})
	same(t, "left", live(at(0)), []store.Revocation{b, d})
}

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
	update(t, st, func(tx store.Tx) error {
		for _, i := range []store.Identity{full, guest, other} {
			wantErr(t, "insert", tx.Identities.Insert(i), nil)
		}
		claimed := guest
		claimed.Logins = []store.Login{ann}
		wantConflict(t, "a login of another", tx.Identities.Update(claimed), "login", ann.Provider)
		claimed.ID = "us-east-1:4"
		wantConflict(t, "a login of another, new", tx.Identities.Insert(claimed), "login", ann.Provider)
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
		list, err := tx.Identities.List(idPool1, false, store.Page{})
		wantErr(t, "list", err, nil)
		same(t, "list", list, []store.Identity{full, guest})
		list, err = tx.Identities.List(idPool1, true, store.Page{})
		wantErr(t, "list", err, nil)
		same(t, "list without the disabled", list, []store.Identity{guest})
		return nil
	})
	// A login moves in one transaction, as a merge does.
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
	wantErr(t, "an identity of no pool", try(st, func(tx store.Tx) error {
		return tx.Identities.Insert(store.Identity{PoolID: "x", ID: "y"})
	}), store.ErrNotFound)
}
