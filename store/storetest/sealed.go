package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

// column returns a column of store.SealedColumns.
func column(t *testing.T, table string) store.SealedColumn {
	t.Helper()
	for _, c := range store.SealedColumns {
		if c.Table == table {
			return c
		}
	}
	t.Fatalf("no sealed column in %s", table)
	return store.SealedColumn{}
}

func testSealed(t *testing.T, st store.Store) {
	seed(t, st)
	update(t, st, func(tx store.Tx) error {
		for _, id := range []string{"a", "b", "c"} {
			wantErr(t, "insert", tx.SigningKeys.Insert(store.SigningKey{Owner: pool1, ID: id, Use: "id", Private: []byte("old " + id)}), nil)
		}
		return nil
	})
	for _, c := range store.SealedColumns {
		view(t, st, func(tx store.Tx) error {
			_, err := tx.Sealed.Page(c, nil, 10)
			wantErr(t, c.Table+"."+c.Column, err, nil)
			return nil
		})
	}
	keys := column(t, "signing_keys")
	var rows []store.SealedRow
	view(t, st, func(tx store.Tx) error {
		first, err := tx.Sealed.Page(keys, nil, 2)
		wantErr(t, "first page", err, nil)
		second, err := tx.Sealed.Page(keys, first[len(first)-1].Key, 2)
		wantErr(t, "second page", err, nil)
		rows = append(first, second...)
		return nil
	})
	if len(rows) != 3 || rows[2].Key[0] != pool1 || rows[2].Key[1] != "c" || rows[2].More[0] != "id" || string(rows[2].Value) != "old c" {
		t.Fatalf("%v", rows)
	}
	update(t, st, func(tx store.Tx) error {
		for _, c := range store.SealedColumns { // of no row
			row := store.SealedRow{Value: []byte("x")}
			for range c.Key {
				row.Key = append(row.Key, "none")
			}
			if c.Number {
				row.Key[len(row.Key)-1] = 0
			}
			wantErr(t, c.Table+"."+c.Column, tx.Sealed.Replace(c, row, []byte("y")), store.ErrNotFound)
		}
		wantErr(t, "replace", tx.Sealed.Replace(keys, rows[1], []byte("new")), nil)
		wantErr(t, "replace again", tx.Sealed.Replace(keys, rows[1], []byte("newer")), store.ErrNotFound)
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		list, err := tx.SigningKeys.List(pool1)
		wantErr(t, "list", err, nil)
		for _, k := range list {
			if want := map[string]string{"a": "old a", "b": "new", "c": "old c"}[k.ID]; string(k.Private) != want {
				t.Errorf("%s: %s", k.ID, k.Private)
			}
		}
		_, n, err := tx.Sealed.LastEnd(at(10), at(10))
		wantErr(t, "last end", err, nil)
		if n != 0 {
			t.Errorf("%d tokens", n)
		}
		return nil
	})
}
