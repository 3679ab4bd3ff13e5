package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/store"
)

const pageCount = 7 // records in every list

func pageKey(i int) string { return fmt.Sprintf("us-east-1_%03d", i) }

// pageLists are the lists that take a page. Each returns the keys of its records.
var pageLists = map[string]func(tx store.Tx, p store.Page) ([]string, error){
	"pools": func(tx store.Tx, p store.Page) ([]string, error) {
		l, err := tx.Pools.List(p)
		return keys(l, func(r store.Pool) string { return r.ID }), err
	},
	"clients": func(tx store.Tx, p store.Page) ([]string, error) {
		l, err := tx.Clients.List(pageKey(0), p)
		return keys(l, func(r store.Client) string { return r.ID }), err
	},
	"users": func(tx store.Tx, p store.Page) ([]string, error) {
		l, err := tx.Users.List(pageKey(0), nil, p)
		return keys(l, func(r store.User) string { return r.Sub }), err
	},
	"groups": func(tx store.Tx, p store.Page) ([]string, error) {
		l, err := tx.Groups.List(pageKey(0), p)
		return keys(l, func(r store.Group) string { return r.Name }), err
	},
	"identity pools": func(tx store.Tx, p store.Page) ([]string, error) {
		l, err := tx.IdentityPools.List(p)
		return keys(l, func(r store.IdentityPool) string { return r.ID }), err
	},
	"identities": func(tx store.Tx, p store.Page) ([]string, error) {
		l, err := tx.Identities.List(pageKey(0), true, p)
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
	"entities": func(tx store.Tx, p store.Page) ([]string, error) {
		l, err := tx.Entities.List(p)
		return keys(l, func(r store.Entity) string { return r.ARN }), err
	},
}

func testPages(t *testing.T, st store.Store) {
	seedPages(t, st)
	var want []string
	for i := range pageCount {
		want = append(want, pageKey(i))
	}
	for name, list := range pageLists {
		view(t, st, func(tx store.Tx) error {
			for _, limit := range []int{-1, 0, 1, 2, pageCount - 1, pageCount, pageCount + 1} {
				var got []string
				for after := ""; ; {
					page, err := list(tx, store.Page{After: after, Limit: limit})
					if err != nil {
						return err
					}
					if limit > 0 && len(page) > limit {
						t.Errorf("%s: a page of %d has %d records", name, limit, len(page))
					}
					if len(page) == 0 {
						break
					}
					got, after = append(got, page...), page[len(page)-1]
				}
				same(t, fmt.Sprintf("%s in pages of %d", name, limit), got, want)
			}
			page, err := list(tx, store.Page{After: pageKey(2) + "!"}) // no record has this key
			same(t, name+" after a gap", page, want[3:])
			return err
		})
	}
}

// seedPages inserts the records of pageLists.
func seedPages(t *testing.T, st store.Store) {
	t.Helper()
	update(t, st, func(tx store.Tx) error {
		for i := range pageCount {
			p, ip := pool(pageKey(i)), identityPool(pageKey(i))
			r := store.Role{Name: pageKey(i), Inline: nil, CreatedAt: at(0)}
			if err := errors.Join(tx.Pools.Insert(p), tx.IdentityPools.Insert(ip), tx.Roles.Insert(r),
				tx.Policies.Insert(store.Policy{ARN: pageKey(i)}), tx.Entities.Insert(store.Entity{ARN: pageKey(i)})); err != nil {
				return err
			}
		}
		for i := range pageCount {
			if err := errors.Join(tx.Clients.Insert(client(pageKey(0), pageKey(i))), tx.Groups.Insert(group(pageKey(0), pageKey(i))),
				tx.Users.Insert(user(pageKey(0), pageKey(i), pageKey(i))),
				tx.Identities.Insert(store.Identity{PoolID: pageKey(0), ID: pageKey(i)})); err != nil {
				return err
			}
			// These belong to another pool and must not be in the lists of the first one.
			if err := errors.Join(tx.Clients.Insert(client(pageKey(1), "x"+pageKey(i))), tx.Groups.Insert(group(pageKey(1), pageKey(i))),
				tx.Users.Insert(user(pageKey(1), pageKey(i), pageKey(i))),
				tx.Identities.Insert(store.Identity{PoolID: pageKey(1), ID: "x" + pageKey(i)})); err != nil {
				return err
			}
		}
		return nil
	})
}

func keys[T any](list []T, key func(T) string) (out []string) {
	for _, r := range list {
		out = append(out, key(r))
	}
	return out
}
