package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func testText(t *testing.T, st store.Store) {
	// Sorted by bytes. Composed and decomposed é, upper and lower case, and trailing spaces make different names.
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
