package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func testFilters(t *testing.T, st store.Store) {
	seed(t, st)
	type is map[string]string
	people := []struct {
		sub, name, status string
		enabled           bool
		attributes        is
	}{
		{"s1", "alice", "CONFIRMED", true, is{"email": "alice@example.com", "name": "Alice", "family_name": "Ode"}},
		{"s2", "Alice", "UNCONFIRMED", true, is{"email": "Alice@example.com", "given_name": "A%"}},
		{"s3", "alicia", "CONFIRMED", false, is{"phone_number": "+15550100", "name": "Ali_ia", "given_name": "A"}},
		{"s4", "zoë", "CONFIRMED", true, is{"preferred_username": "zo", "name": "Zoë 𝄞", "custom:email": "alice@example.com"}},
		{"t5", "z", "CONFIRMED", true, is{"name": ""}},
	}
	update(t, st, func(tx store.Tx) error {
		for _, p := range people {
			u := user(pool2, p.sub, p.name)
			u.Status, u.Enabled, u.Attributes = p.status, p.enabled, p.attributes
			if err := tx.Users.Insert(u); err != nil {
				return err
			}
		}
		return nil
	})
	find := func(f store.Filter, p store.Page) (subs []string) {
		t.Helper()
		view(t, st, func(tx store.Tx) error {
			list, err := tx.Users.List(pool2, &f, p)
			for _, u := range list {
				subs = append(subs, u.Sub)
			}
			return err
		})
		return subs
	}
	for _, c := range []struct {
		filter store.Filter
		want   []string
	}{
		{store.Filter{Name: "username", Value: "alice"}, []string{"s1"}},
		{store.Filter{Name: "username", Value: "ali", Prefix: true}, []string{"s1", "s3"}},
		{store.Filter{Name: "username", Value: "", Prefix: true}, []string{"s1", "s2", "s3", "s4", "t5"}},
		{store.Filter{Name: "username", Value: "zo\u00eb", Prefix: true}, []string{"s4"}},
		{store.Filter{Name: "username", Value: "zo\u00ea", Prefix: true}, nil},
		{store.Filter{Name: "sub", Value: "s2"}, []string{"s2"}},
		{store.Filter{Name: "sub", Value: "s"}, nil},
		{store.Filter{Name: "sub", Value: "s", Prefix: true}, []string{"s1", "s2", "s3", "s4"}},
		{store.Filter{Name: "sub", Value: "", Prefix: true}, []string{"s1", "s2", "s3", "s4", "t5"}},
		{store.Filter{Name: "email", Value: "alice@example.com"}, []string{"s1"}},
		{store.Filter{Name: "email", Value: "A", Prefix: true}, []string{"s2"}},
		{store.Filter{Name: "phone_number", Value: "+1555", Prefix: true}, []string{"s3"}},
		{store.Filter{Name: "name", Value: "Ali_", Prefix: true}, []string{"s3"}},
		{store.Filter{Name: "name", Value: "Zoë 𝄞", Prefix: true}, []string{"s4"}},
		{store.Filter{Name: "name", Value: ""}, []string{"t5"}},
		{store.Filter{Name: "name", Value: "", Prefix: true}, []string{"s1", "s3", "s4", "t5"}},
		{store.Filter{Name: "name", Value: "\U0010FFFF", Prefix: true}, nil},
		{store.Filter{Name: "given_name", Value: "A%", Prefix: true}, []string{"s2"}},
		{store.Filter{Name: "family_name", Value: "Ode"}, []string{"s1"}},
		{store.Filter{Name: "preferred_username", Value: "zo"}, []string{"s4"}},
		{store.Filter{Name: "cognito:user_status", Value: "UNCONFIRMED"}, []string{"s2"}},
		{store.Filter{Name: "status", Value: "Disabled"}, []string{"s3"}},
		{store.Filter{Name: "status", Value: "Enabled"}, []string{"s1", "s2", "s4", "t5"}},
		{store.Filter{Name: "email", Value: "\xff", Prefix: true}, nil},
	} {
		what := fmt.Sprintf("%+v", c.filter)
		same(t, what, find(c.filter, store.Page{}), c.want)
		// Pages of one put together are the whole.
		var paged []string
		for after := ""; ; {
			page := find(c.filter, store.Page{After: after, Limit: 1})
			if len(page) == 0 {
				break
			}
			paged, after = append(paged, page...), page[0]
		}
		same(t, what+" in pages", paged, c.want)
	}
	if err := try(st, func(tx store.Tx) error {
		_, err := tx.Users.List(pool2, &store.Filter{Name: "custom:email"}, store.Page{})
		return err
	}); err == nil {
		t.Error("a filter by a custom attribute was taken")
	}
	// What an update changes, the filters follow.
	update(t, st, func(tx store.Tx) error {
		u, err := tx.Users.Get(pool2, "s1")
		if err != nil {
			return err
		}
		u.Attributes, u.Enabled = map[string]string{"email": "new@example.com"}, false
		return tx.Users.Update(u)
	})
	same(t, "the old value", find(store.Filter{Name: "email", Value: "alice@example.com"}, store.Page{}), []string(nil))
	same(t, "the new value", find(store.Filter{Name: "email", Value: "new", Prefix: true}, store.Page{}), []string{"s1"})
	same(t, "the new state", find(store.Filter{Name: "status", Value: "Disabled"}, store.Page{}), []string{"s1", "s3"})
	same(t, "the attribute that went", find(store.Filter{Name: "family_name", Value: "", Prefix: true}, store.Page{}), []string(nil))
	update(t, st, func(tx store.Tx) error { return tx.Users.Delete(pool2, "s1") })
	same(t, "after delete", find(store.Filter{Name: "email", Value: "new", Prefix: true}, store.Page{}), []string(nil))
}

func testPages(t *testing.T, st store.Store) {
	const n = 7
	key := func(i int) string { return fmt.Sprintf("us-east-1_%03d", i) }
	update(t, st, func(tx store.Tx) error {
		for i := range n {
			p, ip := pool(key(i)), identityPool(key(i))
			r := store.Role{Name: key(i), Inline: nil, CreatedAt: at(0)}
			if err := errors.Join(tx.Pools.Insert(p), tx.IdentityPools.Insert(ip), tx.Roles.Insert(r),
				tx.Policies.Insert(store.Policy{ARN: key(i)})); err != nil {
				return err
			}
		}
		for i := range n {
			if err := errors.Join(tx.Clients.Insert(client(key(0), key(i))), tx.Groups.Insert(group(key(0), key(i))),
				tx.Users.Insert(user(key(0), key(i), key(i))),
				tx.Identities.Insert(store.Identity{PoolID: key(0), ID: key(i)})); err != nil {
				return err
			}
			// Of another pool, and never in a list of the first.
			if err := errors.Join(tx.Clients.Insert(client(key(1), "x"+key(i))), tx.Groups.Insert(group(key(1), key(i))),
				tx.Users.Insert(user(key(1), key(i), key(i))),
				tx.Identities.Insert(store.Identity{PoolID: key(1), ID: "x" + key(i)})); err != nil {
				return err
			}
		}
		return nil
	})
	lists := map[string]func(tx store.Tx, p store.Page) ([]string, error){
		"pools": func(tx store.Tx, p store.Page) ([]string, error) {
			l, err := tx.Pools.List(p)
			return keys(l, func(r store.Pool) string { return r.ID }), err
		},
		"clients": func(tx store.Tx, p store.Page) ([]string, error) {
			l, err := tx.Clients.List(key(0), p)
			return keys(l, func(r store.Client) string { return r.ID }), err
		},
		"users": func(tx store.Tx, p store.Page) ([]string, error) {
			l, err := tx.Users.List(key(0), nil, p)
			return keys(l, func(r store.User) string { return r.Sub }), err
		},
		"groups": func(tx store.Tx, p store.Page) ([]string, error) {
			l, err := tx.Groups.List(key(0), p)
			return keys(l, func(r store.Group) string { return r.Name }), err
		},
		"identity pools": func(tx store.Tx, p store.Page) ([]string, error) {
			l, err := tx.IdentityPools.List(p)
			return keys(l, func(r store.IdentityPool) string { return r.ID }), err
		},
		"identities": func(tx store.Tx, p store.Page) ([]string, error) {
			l, err := tx.Identities.List(key(0), true, p)
			return keys(l, func(r store.Identity) string { return r.ID }), err
		},
		"roles": func(tx store.Tx, p store.Page) ([]string, error) {
			l, err := tx.Roles.List(p)
			return keys(l, func(r store.Role) string { return r.Name }), err
		},
		"policies": func(tx store.Tx, p store.Page) ([]string, error) {
			l, err := tx.Policies.List(p)
			return keys(l, func(r store.Policy) string { return r.ARN }), err
		},
	}
	var want []string
	for i := range n {
		want = append(want, key(i))
	}
	for name, list := range lists {
		view(t, st, func(tx store.Tx) error {
			for _, limit := range []int{-1, 0, 1, 2, n - 1, n, n + 1} {
				var got []string
				for after := ""; ; {
					page, err := list(tx, store.Page{After: after, Limit: limit})
					if err != nil {
						return err
					}
					if limit > 0 && len(page) > limit {
						t.Errorf("%s: a page of %d has %d", name, limit, len(page))
					}
					if len(page) == 0 {
						break
					}
					got, after = append(got, page...), page[len(page)-1]
				}
				same(t, fmt.Sprintf("%s in pages of %d", name, limit), got, want)
			}
			page, err := list(tx, store.Page{After: key(2) + "!"}) // a key that is not there
			same(t, name+" after a gap", page, want[3:])
			return err
		})
	}
}

func keys[T any](list []T, key func(T) string) (out []string) {
	for _, r := range list {
		out = append(out, key(r))
	}
	return out
}

func testText(t *testing.T, st store.Store) {
	// In the order of their bytes. Composed and decomposed é, cases, trailing spaces and İ are all different names.
	names := []string{"A", "B", "a", "a ", "a'b\"c;--", "a\\", "aa", "e\u0301", "\u00e9", "\u0130", "\u4e2d", "\uffee", "\U0001F600"}
	if !slices.IsSorted(names) {
		t.Fatal("the names of this test are not sorted")
	}
	update(t, st, func(tx store.Tx) error {
		if err := tx.Pools.Insert(pool(pool1)); err != nil {
			return err
		}
		for _, name := range names {
			u := user(pool1, name, name)
			u.Aliases = []store.Alias{{Kind: "email", Value: name}}
			if err := errors.Join(tx.Users.Insert(u), tx.Groups.Insert(group(pool1, name))); err != nil {
				return fmt.Errorf("%q: %w", name, err)
			}
		}
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		users, err := tx.Users.List(pool1, nil, store.Page{})
		wantErr(t, "users", err, nil)
		same(t, "users", keys(users, func(u store.User) string { return u.Sub }), names)
		groups, err := tx.Groups.List(pool1, store.Page{})
		wantErr(t, "groups", err, nil)
		same(t, "groups", keys(groups, func(g store.Group) string { return g.Name }), names)
		for i, name := range names {
			u, err := tx.Users.ByAlias(pool1, store.Alias{Kind: "email", Value: name})
			wantErr(t, "by alias", err, nil)
			same(t, "by alias", u.Username, name)
			u, err = tx.Users.ByKey(pool1, name)
			wantErr(t, "by key", err, nil)
			same(t, "by key", u.Username, name)
			rest, err := tx.Users.List(pool1, nil, store.Page{After: name})
			wantErr(t, "after", err, nil)
			same(t, "how many after "+name, len(rest), len(names)-i-1)
		}
		return nil
	})
}

func testCascade(t *testing.T, st store.Store) {
	seed(t, st)
	fill := func(tx store.Tx) error {
		ann, err := tx.Users.Get(pool1, "sub-ann")
		if err != nil {
			return err
		}
		ann.Aliases = []store.Alias{{Kind: "email", Value: "a"}}
		return errors.Join(
			tx.Users.Update(ann),
			tx.Groups.Add(pool1, "readers", "sub-ann"),
			tx.Codes.Put(store.Code{PoolID: pool1, Sub: "sub-ann", Purpose: "signup", Hash: []byte{1}}),
			tx.RefreshTokens.Insert(token("ann", "sub-ann")),
		)
	}
	gone := func(tx store.Tx, what string, userGone bool) {
		_, err := tx.RefreshTokens.Get("ann")
		wantErr(t, what+": token", err, store.ErrNotFound)
		if !userGone {
			return
		}
		_, err = tx.Users.ByAlias(pool1, store.Alias{Kind: "email", Value: "a"})
		wantErr(t, what+": alias", err, store.ErrNotFound)
		_, err = tx.Codes.Get(pool1, "sub-ann", "signup")
		wantErr(t, what+": code", err, store.ErrNotFound)
		members, err := tx.Groups.Members(pool1, "readers", store.Page{})
		wantErr(t, what+": members", err, nil)
		same(t, what+": members", len(members), 0)
	}
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "fill", fill(tx), nil)
		wantErr(t, "delete user", tx.Users.Delete(pool1, "sub-ann"), nil)
		gone(tx, "a user", true)
		// The name and the alias are free again.
		return tx.Users.Insert(user(pool1, "sub-ann", "ann"))
	})
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "fill", fill(tx), nil)
		wantErr(t, "delete client", tx.Clients.Delete(client1), nil)
		gone(tx, "a client", false)
		wantErr(t, "insert client", tx.Clients.Insert(client(pool1, client1)), nil)
		wantErr(t, "delete group", tx.Groups.Delete(pool1, "readers"), nil)
		wantErr(t, "insert group", tx.Groups.Insert(group(pool1, "readers")), nil)
		of, err := tx.Groups.Of(pool1, "sub-ann", store.Page{})
		wantErr(t, "of", err, nil)
		same(t, "a new group of an old name has no members", len(of), 0)
		wantErr(t, "add", tx.Groups.Add(pool1, "readers", "sub-ann"), nil)
		wantErr(t, "token", tx.RefreshTokens.Insert(token("ann", "sub-ann")), nil)
		wantErr(t, "key", tx.SigningKeys.Insert(store.SigningKey{Owner: pool1, ID: "k", Private: []byte{1}}), nil)
		wantErr(t, "key", tx.SigningKeys.Insert(store.SigningKey{Owner: pool2, ID: "k", Private: []byte{1}}), nil)
		wantErr(t, "delete pool", tx.Pools.Delete(pool1), nil)
		gone(tx, "a pool", true)
		_, err = tx.Clients.Get(client1)
		wantErr(t, "a pool: client", err, store.ErrNotFound)
		_, err = tx.Groups.Get(pool1, "readers")
		wantErr(t, "a pool: group", err, store.ErrNotFound)
		_, err = tx.Users.Get(pool1, "sub-bob")
		wantErr(t, "a pool: user", err, store.ErrNotFound)
		for owner, want := range map[string]int{pool1: 0, pool2: 1} {
			list, err := tx.SigningKeys.List(owner)
			wantErr(t, "keys", err, nil)
			same(t, "keys of "+owner, len(list), want)
		}
		return nil
	})
	login := store.Login{Provider: "p", Subject: "s"}
	update(t, st, func(tx store.Tx) error {
		i := store.Identity{PoolID: idPool1, ID: "i", Logins: []store.Login{login}}
		wantErr(t, "insert", tx.Identities.Insert(i), nil)
		wantErr(t, "delete identity", tx.Identities.Delete("i"), nil)
		wantErr(t, "its login is free", tx.Identities.Insert(i), nil)
		wantErr(t, "delete identity pool", tx.IdentityPools.Delete(idPool1), nil)
		of, err := tx.Identities.Of(login)
		wantErr(t, "of", err, nil)
		same(t, "identities of a login in a pool that went", len(of), 0)
		return nil
	})
}
