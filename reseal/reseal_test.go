package reseal_test

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/reseal"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/userpool/directory"
)

// vault is a store whose values an old master key sealed.
type vault struct {
	t           *testing.T
	store       store.Store
	box         *seal.Box
	before, now seal.Key
	old, fresh  string // IDs of the keys
	all         int    // sealed texts
}

// rows are more than two pages of a column.
const rows = 230

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{t: t}
	var err error
	for _, key := range []*seal.Key{&v.before, &v.now} {
		*key, err = seal.GenerateMasterKey(rand.Reader)
		must(t, err)
	}
	v.old, v.fresh = v.before.ID(), v.now.ID()
	v.box, err = seal.New(seal.Options{Keys: []seal.Key{v.before}})
	must(t, err)
	path := filepath.Join(t.TempDir(), "sluice.db")
	opened, err := sqlite.Open(sqlite.Options{Path: path}) // makes the tables
	must(t, err)
	must(t, opened.Close())
	file, err := sqlite.OpenFile(path, sqlite.Alone)
	must(t, err)
	for _, c := range store.SealedColumns {
		v.insert(file, c)
	}
	must(t, file.Close())
	v.store, err = sqlite.Open(sqlite.Options{Path: path})
	must(t, err)
	t.Cleanup(func() { must(t, v.store.Close()) })
	root, err := v.box.Seal(iam.RootPurpose, []byte(secret), nil)
	must(t, err)
	must(t, v.store.Update(t.Context(), func(tx store.Tx) error { return tx.Settings.Put(iam.RootSetting, root) }))
	v.all++
	must(t, v.box.Replace([]seal.Key{v.now, v.before}))
	return v
}

// with is a sealing by a box, which counts.
func (v *vault) with(box *seal.Box, n *int) sealing {
	return func(purpose string, additional, _ []byte) ([]byte, error) {
		*n++
		return box.Seal(purpose, []byte(secret), additional)
	}
}

// insert writes the rows of a column, and what else their tables want to have.
func (v *vault) insert(file *sqlite.File, c store.SealedColumn) {
	v.t.Helper()
	of, known := rowOf[c.Table+"."+c.Column]
	if !known {
		v.t.Fatalf("the test has no rows for the column %s of %s", c.Column, c.Table)
	}
	type column struct {
		name, kind string
		needed     bool
	}
	var columns []column
	must(v.t, file.Each(v.t.Context(), `select name, type, "notnull" from pragma_table_info($1)`, []driver.Value{c.Table}, func(found []driver.Value) error {
		columns = append(columns, column{found[0].(string), strings.ToLower(found[1].(string)), found[2].(int64) != 0})
		return nil
	}))
	for n := range rows {
		r := of(n)
		value, err := r.value(v.with(v.box, &v.all))
		must(v.t, err)
		values := map[string]driver.Value{c.Column: value}
		if c.Text {
			values[c.Column] = string(value)
		}
		for i, name := range c.Key {
			values[name] = r.key[i]
			if number, ok := r.key[i].(int); ok {
				values[name] = int64(number)
			}
		}
		for i, name := range c.More {
			values[name] = r.more[i]
		}
		var names, marks []string
		var args []driver.Value
		for _, col := range columns {
			value, set := values[col.name]
			if !set && !col.needed {
				continue
			}
			if !set { // unique, whatever it is
				switch {
				case strings.HasPrefix(col.kind, "int"):
					value = int64(n)
				case col.kind == "blob":
					value = fmt.Append(nil, n)
				default:
					value = fmt.Sprint(n)
				}
			}
			names, marks, args = append(names, sqlite.Quote(col.name)), append(marks, fmt.Sprintf("$%d", len(args)+1)), append(args, value)
		}
		text := fmt.Sprintf("insert into %s (%s) values (%s)", sqlite.Quote(c.Table), strings.Join(names, ", "), strings.Join(marks, ", "))
		if c.Table == "users" && c.Column == "mfa" { // the row is there with its verifier
			text = "update users set mfa = $1 where pool_id = $2 and sub = $3"
			args = []driver.Value{values["mfa"], r.key[0], r.key[1]}
		}
		if _, err := file.Exec(v.t.Context(), text, args); err != nil {
			v.t.Fatalf("%s: %v", text, err)
		}
	}
}

// opened checks that the new key alone opens everything, and returns how many sealed texts there are.
func (v *vault) opened() (n int) {
	v.t.Helper()
	alone, err := seal.New(seal.Options{Keys: []seal.Key{v.now}})
	must(v.t, err)
	report, err := reseal.Run(v.t.Context(), reseal.Options{Store: v.store, Box: alone})
	must(v.t, err) // a value of another key would be an error
	if report.Resealed() != 0 {
		v.t.Errorf("%d values were not sealed with the new key", report.Resealed())
	}
	must(v.t, v.store.View(v.t.Context(), func(tx store.Tx) error {
		for _, c := range store.SealedColumns {
			if c.Text {
				continue // a list or an object: what follows would have to take it apart
			}
			for i := range rows {
				r := rowOf[c.Table+"."+c.Column](i)
				found, err := tx.Sealed.Page(c, before(r.key), 1)
				if err != nil || len(found) != 1 {
					return fmt.Errorf("%s %v: %d rows, %w", c.Table, r.key, len(found), err)
				}
				_, err = r.value(func(purpose string, additional, _ []byte) ([]byte, error) {
					plain, err := alone.Open(purpose, found[0].Value, additional)
					if err == nil && string(plain) != secret {
						err = fmt.Errorf("it says %q", plain)
					}
					return plain, err
				})
				if err != nil {
					return fmt.Errorf("%s.%s %v: %w", c.Table, c.Column, r.key, err)
				}
			}
		}
		return nil
	}))
	return report.Needs(v.fresh)
}

// before is a key that comes before another one and after all that are smaller.
func before(key []any) []any {
	k := slices.Clone(key)
	switch last := k[len(k)-1].(type) {
	case int:
		k[len(k)-1] = last - 1
	case string:
		k[len(k)-1] = last[:len(last)-1] + string(last[len(last)-1]-1) + "~"
	}
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEverySealedValueIsSealedWithTheNewKey(t *testing.T) {
	v := newVault(t)
	count, err := reseal.Run(t.Context(), reseal.Options{Store: v.store, Box: v.box, Count: true})
	must(t, err)
	if count.Needs(v.old) != v.all || count.Resealed() != 0 {
		t.Fatalf("%d of %d need the old key before", count.Needs(v.old), v.all)
	}
	report, err := reseal.Run(t.Context(), reseal.Options{Store: v.store, Box: v.box})
	must(t, err)
	if report.Needs(v.old) != 0 || report.Needs(v.fresh) != v.all || len(report.Columns) != len(store.SealedColumns)+1 {
		t.Errorf("%d need the old key, %d of %d the new one", report.Needs(v.old), report.Needs(v.fresh), v.all)
	}
	for _, c := range report.Columns {
		if want := rows; c.Resealed != want && !strings.HasPrefix(c.Name, "settings") {
			t.Errorf("%s: %d of %d rows", c.Name, c.Resealed, want)
		}
	}
	if n := v.opened(); n != v.all {
		t.Errorf("%d of %d are there", n, v.all)
	}
}

// stopping is a store that fails after some updates.
type stopping struct {
	store.Store
	left atomic.Int64
}

var errStopped = errors.New("killed here")

func (s *stopping) Update(ctx context.Context, fn func(store.Tx) error) error {
	if s.left.Add(-1) < 0 {
		return errStopped
	}
	return s.Store.Update(ctx, fn)
}

func TestAResealThatIsInterruptedGoesOnWhereItWas(t *testing.T) {
	v := newVault(t)
	done, stops := 0, 0
	for {
		s := &stopping{Store: v.store}
		s.left.Store(7)
		report, err := reseal.Run(t.Context(), reseal.Options{Store: s, Box: v.box})
		for _, c := range report.Columns {
			done += c.Resealed
		}
		if err == nil {
			break
		}
		if !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		if stops++; stops > 1000 {
			t.Fatal("it never ends")
		}
	}
	if stops < 5 {
		t.Errorf("it was interrupted %d times only", stops)
	}
	if n := v.opened(); n != v.all {
		t.Errorf("%d of %d are there", n, v.all)
	}
}

// TestWhatIsWrittenMeanwhileIsNeitherLostNorLeftBehind has processes that write users while the store is resealed: some seal with the old key
// still, as a process does that has not read of the new one.
func TestWhatIsWrittenMeanwhileIsNeitherLostNorLeftBehind(t *testing.T) {
	v := newVault(t)
	late, err := seal.New(seal.Options{Keys: []seal.Key{v.before, v.now}})
	must(t, err)
	column := store.SealedColumns[slices.IndexFunc(store.SealedColumns, func(c store.SealedColumn) bool { return c.Column == "srp_verifier" })]
	var last [rows]atomic.Int64 // the newest version that was acknowledged
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	write := func(box *seal.Box, i int, version int64) error {
		u := &store.User{PoolID: pool, Sub: fmt.Sprintf(sub, i)}
		purpose, additional := directory.VerifierSeal(u)
		text, err := box.Seal(purpose, fmt.Append(nil, version), additional)
		if err != nil {
			return err
		}
		return v.store.Update(ctx, func(tx store.Tx) error {
			found, err := tx.Sealed.Page(column, before([]any{u.PoolID, u.Sub}), 1)
			if err == nil {
				err = tx.Sealed.Replace(column, found[0], text)
			}
			return err
		})
	}
	for w := range 2 {
		writers.Go(func() {
			for n := int64(1); ctx.Err() == nil; n++ {
				i := (int(n)*2 + w) % rows
				box := v.box
				if n < 200 && n%2 == 0 {
					box = late
				}
				if err := write(box, i, n); err == nil {
					last[i].Store(n)
				} else if ctx.Err() == nil {
					t.Errorf("user %d: %v", i, err)
				}
			}
		})
	}
	for round := 0; ; round++ {
		report, err := reseal.Run(t.Context(), reseal.Options{Store: v.store, Box: v.box})
		if err != nil && !strings.Contains(err.Error(), "rows keep changing") {
			t.Fatal(err)
		}
		if err == nil && report.Needs(v.old) == 0 && report.Resealed() == 0 {
			break
		}
		if round > 200 {
			t.Fatal("it never ends")
		}
	}
	stop()
	writers.Wait()
	alone, err := seal.New(seal.Options{Keys: []seal.Key{v.now}})
	must(t, err)
	must(t, v.store.View(t.Context(), func(tx store.Tx) error {
		for i := range rows {
			u := &store.User{PoolID: pool, Sub: fmt.Sprintf(sub, i)}
			found, err := tx.Sealed.Page(column, before([]any{u.PoolID, u.Sub}), 1)
			if err != nil {
				return err
			}
			purpose, additional := directory.VerifierSeal(u)
			plain, err := alone.Open(purpose, found[0].Value, additional)
			if err != nil {
				return fmt.Errorf("user %d: %w", i, err)
			}
			if want := last[i].Load(); want > 0 && string(plain) != fmt.Sprint(want) {
				t.Errorf("user %d has version %s, and %d was acknowledged", i, plain, want)
			}
		}
		return nil
	}))
}

func TestAValueOfAnUnknownKeyIsNamed(t *testing.T) {
	v := newVault(t)
	must(t, v.box.Replace([]seal.Key{v.now}))
	_, err := reseal.Run(t.Context(), reseal.Options{Store: v.store, Box: v.box})
	if err == nil || !strings.Contains(err.Error(), v.old) || !strings.Contains(err.Error(), "row [") {
		t.Errorf("%v", err)
	}
}
