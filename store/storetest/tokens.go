package storetest

import (
	"fmt"
	"slices"
	"strings"
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
	wantErr(t, "for a user that does not exist", try(st, func(tx store.Tx) error { return tx.Codes.Put(code) }), store.ErrNotFound)
}

func testRefreshTokens(t *testing.T, st store.Store) {
	seed(t, st)
	full := token("family-1", "sub-ann")
	full.PreviousHash, full.RotatedAt = []byte("older"), at(3)
	full.Context, full.RevokedAt = doc(`{"scopes":["a"]}`), at(4)
	full.DeviceKey, full.DeviceForgottenAt = "us-east-1_d", at(5)
	testRecord(t, st, keeper[store.RefreshToken]{
		get: func(tx store.Tx, r store.RefreshToken) (store.RefreshToken, error) {
			return tx.RefreshTokens.Get(r.ID)
		},
		insert: func(tx store.Tx, r store.RefreshToken) error { return tx.RefreshTokens.Insert(r) },
		update: func(tx store.Tx, r store.RefreshToken) error { return tx.RefreshTokens.Update(r) },
	}, full, token("family-1", "sub-ann"), "refresh token", anyKey)

	second := testFamilies(t, st)
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
	testExpiry(t, st)
}

func testRefreshTokensOfAUser(t *testing.T, st store.Store) {
	seed(t, st)
	revoked := token("1", "sub-ann")
	revoked.RevokedAt = at(5)
	update(t, st, func(tx store.Tx) error {
		for i, f := range []store.RefreshToken{revoked, token("3", "sub-ann"), token("2", "sub-ann"), token("4", "sub-bob")} {
			f.CreatedAt = at(i)
			wantErr(t, "insert", tx.RefreshTokens.Insert(f), nil)
		}
		return nil
	})
	check := func(what, sub string, want []string, times []time.Time) {
		t.Helper()
		view(t, st, func(tx store.Tx) error {
			list, err := tx.RefreshTokens.OfUser(pool1, sub)
			same(t, what, keys(list, func(r store.RefreshToken) string { return r.ID }), want)
			for i, r := range list {
				same(t, what+" "+r.ID, r.RevokedAt, times[i])
			}
			return err
		})
	}
	var never time.Time
	live := func(at time.Time, want int) {
		t.Helper()
		view(t, st, func(tx store.Tx) error {
			n, err := tx.RefreshTokens.Count(at)
			same(t, "live families", n, want)
			return err
		})
	}
	live(at(99), 3)
	live(at(100), 0)
	check("before", "sub-ann", []string{"1", "3", "2"}, []time.Time{at(5), never, never})
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "revoke nobody's", tx.RefreshTokens.RevokeOfUser(pool1, "x", at(9)), nil)
		return tx.RefreshTokens.RevokeOfUser(pool1, "sub-ann", at(9))
	})
	check("revoked", "sub-ann", []string{"1", "3", "2"}, []time.Time{at(5), at(9), at(9)})
	check("another user's", "sub-bob", []string{"4"}, []time.Time{never})
	live(at(99), 1)
	update(t, st, func(tx store.Tx) error {
		for _, trim := range []struct {
			sub        string
			keep, most int
			want       []string
		}{{"sub-ann", 3, 1, nil}, {"sub-bob", 0, 1, []string{"4"}}, {"sub-ann", 2, 5, []string{"1"}}} {
			gone, err := tx.RefreshTokens.Trim(pool1, trim.sub, trim.keep, trim.most)
			wantErr(t, "trim", err, nil)
			same(t, "trimmed", keys(gone, func(r store.RefreshToken) string { return r.ID }), trim.want)
		}
		return nil
	})
	check("the oldest went", "sub-ann", []string{"3", "2"}, []time.Time{at(9), at(9)})
	check("all went", "sub-bob", nil, nil)
	for i, want := range []int{0, 1, 1, 0} {
		update(t, st, func(tx store.Tx) error {
			n, err := tx.RefreshTokens.DeleteOfClient(map[bool]string{true: "another", false: client1}[i == 0], 1)
			same(t, "deleted of the client", n, want)
			return err
		})
	}
	check("the client's went", "sub-ann", nil, nil)
}

// testFamilies inserts family-2 of ann, which it returns, and family-3 of bob, and tries some that must be refused.
func testFamilies(t *testing.T, st store.Store) store.RefreshToken {
	t.Helper()
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
		"user":   func(r *store.RefreshToken) { r.Sub = "x" },
		"client": func(r *store.RefreshToken) { r.ClientID = "x" },
	} {
		orphan := token("orphan", "sub-ann")
		spoil(&orphan)
		wantErr(t, "of a "+name+" that does not exist", try(st, func(tx store.Tx) error {
			return tx.RefreshTokens.Insert(orphan)
		}), store.ErrNotFound)
	}
	return second
}

// testExpiry deletes the two families that testFamilies inserted.
func testExpiry(t *testing.T, st store.Store) {
	t.Helper()
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
		wantErr(t, "one that has not expired", err, nil)
		return nil
	})
}

func testRevocationsAdvance(t *testing.T, st store.Store) {
	const ahead = 3
	began := time.Now()
	advance := func(key string) (notBefore, second time.Time) {
		update(t, st, func(tx store.Tx) error {
			ends, at, err := tx.Revocations.Advance("user", []string{key}, began, ahead, began.Add(time.Hour))
			if err != nil {
				return err
			}
			notBefore, second = ends[0], at.Truncate(time.Second)
			return nil
		})
		return notBefore, second
	}
	var last time.Time
	for i := range 3 * ahead {
		got, second := advance("a")
		want := second.Add(time.Second)
		if !last.Before(want) {
			if want = last.Add(time.Second); last.After(second.Add(ahead * time.Second)) {
				want = last
			}
		}
		if !got.Equal(want) {
			t.Errorf("advance %d at %s: %s, want %s", i, second, got, want)
		}
		last = got
	}
	update(t, st, func(tx store.Tx) error {
		return tx.Revocations.Put(store.Revocation{Kind: "user", Key: "b"}) // revokes everything, and never expires
	})
	if got, _ := advance("b"); !got.IsZero() {
		t.Errorf("what revokes everything revokes until %s", got)
	}
	view(t, st, func(tx store.Tx) error {
		a, err := tx.Revocations.Get("user", "a")
		if err != nil || !a.NotBefore.Equal(last) || a.Until.Sub(began).Round(time.Second) != time.Hour {
			t.Errorf("%+v, %v, want %s", a, err, last)
		}
		b, err := tx.Revocations.Get("user", "b")
		if err != nil || !b.Until.IsZero() {
			t.Errorf("%+v, %v", b, err)
		}
		return nil
	})
}

// A group with any number of members is revoked at once.
func testRevocationsAdvanceMany(t *testing.T, st store.Store) {
	keys := make([]string, 150) // more than a statement lists
	asked := make([]store.RevocationKey, len(keys))
	for i := range keys {
		keys[i] = fmt.Sprint("key", len(keys)-i)
		asked[i] = store.RevocationKey{Kind: "user", Key: keys[i]}
	}
	forever := store.Revocation{Kind: "user", Key: keys[100]}
	update(t, st, func(tx store.Tx) error { return tx.Revocations.Put(forever) })
	var ends []time.Time
	update(t, st, func(tx store.Tx) (err error) {
		ends, _, err = tx.Revocations.Advance("user", keys, time.Now(), 3, time.Now().Add(time.Hour))
		return err
	})
	if len(ends) != len(keys) || !ends[100].IsZero() || ends[0].IsZero() {
		t.Fatalf("%d keys: %v", len(keys), ends)
	}
	view(t, st, func(tx store.Tx) error {
		found, err := tx.Revocations.GetSome(asked)
		wantErr(t, "many", err, nil)
		if len(found) != len(keys) {
			t.Errorf("%d of %d revocations are there", len(found), len(keys))
		}
		for _, r := range found {
			if i := slices.Index(keys, r.Key); i < 0 || !r.NotBefore.Equal(ends[i]) {
				t.Errorf("%+v is not what Advance returned", r)
			}
		}
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
	put("a", at(3), at(5)) // the later value of each field is kept
	put("b", at(1), at(10))
	put("b", always, at(20)) // zero revokes all
	put("b", at(2), at(5))
	put("c", at(1), at(4))
	put("d", at(1), always) // zero never expires
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
	view(t, st, func(tx store.Tx) error {
		got, err := tx.Revocations.Get("user", "c")
		wantErr(t, "one", err, nil)
		same(t, "one", got, c)
		some, err := tx.Revocations.GetSome([]store.RevocationKey{{Kind: "user", Key: "d"}, {Kind: "family", Key: "b"}, {Kind: "user", Key: "c"}})
		wantErr(t, "some", err, nil)
		slices.SortFunc(some, func(a, b store.Revocation) int { return strings.Compare(a.Key, b.Key) })
		same(t, "some", some, []store.Revocation{c, d})
		_, err = tx.Revocations.Get("family", "c")
		wantErr(t, "one of another kind", err, store.ErrNotFound)
		last, now, err := tx.Revocations.Last("user", "c")
		wantErr(t, "the last one", err, nil)
		same(t, "the last one", last, c)
		if !now.IsZero() && time.Since(now).Abs() > time.Minute {
			t.Errorf("the clock of the store says %s", now)
		}
		last, _, err = tx.Revocations.Last("family", "c")
		wantErr(t, "the last one of another kind", err, nil)
		same(t, "the last one of another kind", last, store.Revocation{})
		return nil
	})
	since := func(at time.Time) (list []store.Revocation) {
		view(t, st, func(tx store.Tx) (err error) {
			list, err = tx.Revocations.Since(at)
			return err
		})
		return list
	}
	same(t, "since", since(at(2)), []store.Revocation{a, b, d})
	same(t, "since later", since(at(3)), []store.Revocation{a, b})
	same(t, "since after all", since(at(4)), []store.Revocation{b})
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
