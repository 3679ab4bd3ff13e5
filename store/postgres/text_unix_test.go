//go:build unix

package postgres

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

// PostgreSQL stores neither NUL characters nor text that is not UTF-8. Anyone can send both in URLs.
func TestTextsThatPostgreSQLCannotHold(t *testing.T) {
	t.Parallel()
	st := open(t, postgrestest.Start(t).Database(t))
	put := func(tx store.Tx) error { return tx.Pools.Insert(store.Pool{ID: "p"}) }
	if err := st.Update(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a\x00", "\xff\xfe", "p\x00"} {
		for _, careful := range []bool{false, true} {
			st.careful = careful
			if err := st.View(t.Context(), func(tx store.Tx) error {
				_, err := tx.Pools.Get(text)
				if !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%q: get: %v", text, err)
				}
				list, err := tx.Users.List("p", &store.Filter{Name: "name", Value: text}, store.Page{After: text})
				if len(list) > 0 || err != nil {
					t.Errorf("%q: list: %v, %v", text, list, err)
				}
				return err
			}); err != nil {
				t.Error(err)
			}
			if err := st.Update(t.Context(), func(tx store.Tx) error {
				for what, err := range map[string]error{
					"setting": tx.Settings.Put(text, []byte{1}),
					"group":   tx.Groups.Insert(store.Group{PoolID: "p", Name: "g", Description: text}),
				} {
					if !fault.Is(err, fault.InvalidParameter) {
						t.Errorf("%q: %s: %v", text, what, err)
					}
				}
				return tx.Settings.Put("kept", []byte{1})
			}); err != nil {
				t.Errorf("%q: a write after it: %v", text, err)
			}
		}
	}
}
