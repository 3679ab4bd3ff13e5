package reseal

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// pageSize is how many rows one transaction reads and writes.
const pageSize = 100

// maxRounds is how often a column is walked when rows change meanwhile.
const maxRounds = 10

// Report is what was found and done.
type Report struct {
	Columns []Column // in the order in which they were read; the last is the administrator's key, which is a setting
}

// Column is what was found and done in one column.
type Column struct {
	Name     string         // table.column
	Resealed int            // resealed values
	ByKey    map[string]int // current values, by the ID of the master key that sealed them
}

// Needs returns how many values need the master key with the ID.
func (r *Report) Needs(id string) (n int) {
	for _, c := range r.Columns {
		n += c.ByKey[id]
	}
	return n
}

// Resealed returns how many values were resealed.
func (r *Report) Resealed() (n int) {
	for _, c := range r.Columns {
		n += c.Resealed
	}
	return n
}

// Options are what Run needs. Store and Box are required.
type Options struct {
	Store    store.Store  // processes may go on serving from it
	Box      *seal.Box    // its current master key is the one to seal with; its others open
	Count    bool         // change nothing
	Progress func(Column) // is called when a column is done; may be nil
}

// Run reseals all values that were not sealed with the current master key of the box.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{}
	columns := append([]store.SealedColumn{}, store.SealedColumns...)
	for i := range columns {
		kind, ok := kinds[columns[i].Table+"."+columns[i].Column]
		if !ok {
			return r, fmt.Errorf("reseal: nothing is known about the column %s of %s", columns[i].Column, columns[i].Table)
		}
		c, err := walk(ctx, &o, columns[i], kind)
		if err != nil {
			return r, fmt.Errorf("reseal: %s: %w", c.Name, err)
		}
		r.add(c, &o)
	}
	c, err := root(ctx, &o)
	if err != nil {
		return r, fmt.Errorf("reseal: %s: %w", c.Name, err)
	}
	r.add(c, &o)
	return r, nil
}

func (r *Report) add(c Column, o *Options) {
	r.Columns = append(r.Columns, c)
	if o.Progress != nil {
		o.Progress(c)
	}
}

// walk walks a column until every value is sealed with the current master key.
func walk(ctx context.Context, o *Options, sc store.SealedColumn, k kind) (Column, error) {
	c := Column{Name: sc.Table + "." + sc.Column}
	for range maxRounds {
		c.ByKey = map[string]int{}
		missed := false
		for after := []any(nil); ; {
			var rows []store.SealedRow
			err := o.Store.View(ctx, func(tx store.Tx) (err error) {
				rows, err = tx.Sealed.Page(sc, after, pageSize)
				return err
			})
			if err != nil {
				return c, err
			}
			lost, err := page(ctx, o, sc, k, rows, &c)
			if err != nil {
				return c, err
			}
			missed = missed || lost
			if len(rows) < pageSize {
				break
			}
			after = rows[len(rows)-1].Key
		}
		if !missed {
			return c, nil
		}
	}
	return c, errors.New("rows keep changing; run the command again")
}

// page seals the values of some rows. missed says that one changed meanwhile.
func page(ctx context.Context, o *Options, sc store.SealedColumn, k kind, rows []store.SealedRow, c *Column) (missed bool, err error) {
	next := make([][]byte, len(rows))
	changed := false
	for i, row := range rows {
		if len(row.Value) == 0 {
			continue
		}
		x := &value{box: o.Box, count: o.Count, byKey: c.ByKey}
		if next[i], err = k(x, row); err != nil {
			return false, fmt.Errorf("row %v: %w", row.Key, err)
		}
		if !x.changed {
			next[i] = nil
		}
		changed = changed || x.changed
	}
	if !changed {
		return false, nil
	}
	done := 0
	err = o.Store.Update(ctx, func(tx store.Tx) error {
		done, missed = 0, false
		for i, row := range rows {
			if next[i] == nil {
				continue
			}
			err := tx.Sealed.Replace(sc, row, next[i])
			switch {
			case errors.Is(err, store.ErrNotFound):
				missed = true
			case err != nil:
				return err
			default:
				done++
			}
		}
		return nil
	})
	c.Resealed += done
	return missed, err
}

// value seals the sealed values of one row.
type value struct {
	box     *seal.Box
	count   bool
	changed bool
	byKey   map[string]int
}

// reseal returns the value sealed with the current master key, and counts it.
func (x *value) reseal(sealed []byte, purpose string, additional []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return sealed, nil
	}
	id, ok := seal.KeyID(sealed)
	if !ok {
		return nil, errors.New("it is not a sealed value")
	}
	if x.count || x.box.Seals(id) {
		x.byKey[fmt.Sprintf("%08x", id)]++
		return sealed, nil
	}
	plain, err := x.box.Open(purpose, sealed, additional)
	if err != nil {
		return nil, fmt.Errorf("sealed with master key %08x: %w", id, err)
	}
	next, err := x.box.Seal(purpose, plain, additional)
	if err != nil {
		return nil, err
	}
	x.changed = true
	id, _ = seal.KeyID(next)
	x.byKey[fmt.Sprintf("%08x", id)]++
	return next, nil
}

// root seals the administrator's key, which is a setting.
func root(ctx context.Context, o *Options) (c Column, err error) {
	c = Column{Name: "settings " + iam.RootSetting}
	change := func(tx store.Tx) error {
		c.ByKey, c.Resealed = map[string]int{}, 0
		sealed, err := tx.Settings.Get(iam.RootSetting)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		x := &value{box: o.Box, count: o.Count, byKey: c.ByKey}
		next, err := x.reseal(sealed, iam.RootPurpose, nil)
		if err != nil || !x.changed {
			return err
		}
		c.Resealed = 1
		return tx.Settings.Put(iam.RootSetting, next)
	}
	if o.Count {
		return c, o.Store.View(ctx, change)
	}
	return c, o.Store.Update(ctx, change)
}
