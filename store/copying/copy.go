package copying

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Side is one of the two stores.
type Side interface {
	// tables returns the tables of the schema, in the order of their names.
	tables(ctx context.Context) ([]Table, error)
	// schema returns the number of the last migration.
	schema(ctx context.Context) (int, error)
	// read returns up to limit records after a key, in the order of keys, and no more once they have a number of bytes. A nil key is before
	// the first record.
	read(ctx context.Context, t *Table, after []any, limit, bytes int) ([]row, error)
	// last returns the last key of a table, nil for an empty one.
	last(ctx context.Context, t *Table) ([]any, error)
	// still returns an error if others may have written to a source since it was opened.
	still(ctx context.Context) error
	// begin marks a target as incomplete. It refuses one that has records and no mark, with ErrHasData. With restart it removes the
	// records of a target that has the mark.
	begin(ctx context.Context, tables []Table, restart bool) error
	// write adds records, in one transaction that is on the disk when write returns.
	write(ctx context.Context, t *Table, rows []row) error
	// finish checks a target and removes the mark.
	finish(ctx context.Context) error
	// Close ends the work on the side.
	Close() error
}

// Errors of Copy.
var (
	ErrHasData = errors.New("the target already has data; copy to a new one")
	ErrDiffers = errors.New("the two stores differ, because the source or the target changed since the copy began: copy again from the beginning (--restart)")
)

// skipped are tables that belong to one database: the migrations that it got, and the log with which processes that run learn of
// changes.
var skipped = []string{"schema_migrations", "changes"}

// One transaction has this many records, or fewer that have this many bytes together with the last one. A record may have some megabytes.
const (
	batch      = 1000
	batchBytes = 8 << 20
)

// Options are the options of Copy. From and To are required.
type Options struct {
	From, To Side // To is empty, or has part of a copy of From
	Restart  bool // start over if the target contains part of a copy
	// Progress, if not nil, receives how many records of a table are copied or compared.
	Progress func(doing, table string, records int64)
}

// Result is what Copy did with a table.
type Result struct {
	Table   string // name
	Records int64  // as many as in both stores
	Digest  string // SHA-256 of all records in the order of their keys, the same for both stores, in hexadecimal
}

// Copy copies all records and compares them. If it fails, or is killed, the target keeps its mark, and the next call continues where it was.
func Copy(ctx context.Context, o Options) ([]Result, error) {
	if o.Progress == nil {
		o.Progress = func(string, string, int64) {}
	}
	tables, err := o.match(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.To.begin(ctx, tables, o.Restart); err != nil {
		return nil, err
	}
	for i := range tables {
		if err := o.copy(ctx, &tables[i]); err != nil {
			return nil, fmt.Errorf("copying %s: %w", tables[i].Name, err)
		}
	}
	var results []Result
	for i := range tables {
		result, err := o.compare(ctx, &tables[i])
		if err != nil {
			return nil, fmt.Errorf("comparing %s: %w", tables[i].Name, err)
		}
		results = append(results, result)
	}
	if err := o.From.still(ctx); err != nil {
		return nil, err
	}
	return results, o.To.finish(ctx)
}

// match returns the tables, parents first. Both stores must have the same ones, with the same columns and keys.
func (o *Options) match(ctx context.Context) ([]Table, error) {
	from, err := o.From.schema(ctx)
	if err != nil {
		return nil, err
	}
	to, err := o.To.schema(ctx)
	if err != nil {
		return nil, err
	}
	if from != to {
		return nil, fmt.Errorf("the source has the schema %d and the target %d; start this release of Sluice on the source once, which brings it up to date", from, to)
	}
	ours, err := copied(ctx, o.From)
	if err != nil {
		return nil, err
	}
	theirs, err := copied(ctx, o.To)
	if err != nil {
		return nil, err
	}
	for i := range max(len(ours), len(theirs)) {
		if i >= len(ours) || i >= len(theirs) || describe(&ours[i]) != describe(&theirs[i]) {
			return nil, errors.New("the two stores have different tables or columns; this release cannot copy between them")
		}
	}
	return ordered(ours)
}

func copied(ctx context.Context, s Side) ([]Table, error) {
	tables, err := s.tables(ctx)
	return slices.DeleteFunc(tables, func(t Table) bool { return slices.Contains(skipped, t.Name) }), err
}

// describe returns the names of a table, its columns and its key. The order of the columns does not matter: they are sorted.
func describe(t *Table) string { return t.Name + "(" + t.columns() + ") key(" + t.keys() + ")" }

// ordered returns the tables with parents before their children, else by name.
func ordered(tables []Table) ([]Table, error) {
	var done []Table
	placed := map[string]bool{}
	for len(done) < len(tables) {
		before := len(done)
		for _, t := range tables {
			ready := !slices.ContainsFunc(t.parents, func(p string) bool { return p != t.Name && !placed[p] })
			if !placed[t.Name] && ready {
				done = append(done, t)
				placed[t.Name] = true
			}
		}
		if len(done) == before {
			return nil, errors.New("the foreign keys of the tables form a cycle")
		}
	}
	return done, nil
}

// copy copies the records of a table that the target lacks.
func (o *Options) copy(ctx context.Context, t *Table) error {
	after, err := o.To.last(ctx, t)
	if err != nil {
		return err
	}
	for n := int64(0); ; {
		rows, err := o.From.read(ctx, t, after, batch, batchBytes)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := o.To.write(ctx, t, rows); err != nil {
			return err
		}
		after = t.key(rows[len(rows)-1])
		n += int64(len(rows))
		o.Progress("copied", t.Name, n)
	}
}

// compare reads a table of both stores and compares every record.
func (o *Options) compare(ctx context.Context, t *Table) (Result, error) {
	result := Result{Table: t.Name}
	here, there := sha256.New(), sha256.New()
	for after := []any(nil); ; {
		ours, err := o.From.read(ctx, t, after, batch, batchBytes)
		if err != nil {
			return result, err
		}
		theirs, err := o.To.read(ctx, t, after, max(1, len(ours)), math.MaxInt) // as many; after the last one there is none
		if err != nil {
			return result, err
		}
		if at, same := difference(t, ours, theirs); !same {
			return result, fmt.Errorf("%w (the first record that differs has the key %s)", ErrDiffers, at)
		}
		if len(ours) == 0 {
			break
		}
		sum(here, ours)
		sum(there, theirs)
		after = t.key(ours[len(ours)-1])
		result.Records += int64(len(ours))
		o.Progress("compared", t.Name, result.Records)
	}
	result.Digest = hex.EncodeToString(here.Sum(nil))
	if result.Digest != hex.EncodeToString(there.Sum(nil)) {
		return result, ErrDiffers
	}
	return result, nil
}

// difference returns the key of the first record that only one of two lists has, or that differs.
func difference(t *Table, a, b []row) (key string, same bool) {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(b):
			return show(t.key(a[i])), false
		case i >= len(a):
			return show(t.key(b[i])), false
		case string(a[i].encode(nil)) != string(b[i].encode(nil)):
			if compareKeys(t.key(a[i]), t.key(b[i])) <= 0 {
				return show(t.key(a[i])), false
			}
			return show(t.key(b[i])), false
		}
	}
	return "", true
}

// placeholders returns $1, $2 and so on.
func placeholders(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(all, ", ")
}
