package backup

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

// Report is what Verify found.
type Report struct {
	Name     string    // of the backup's file, without its folder or bucket
	Manifest *Manifest // what the backup should be; Problems says where it differs
	Problems []string  // what is wrong, in sentences; none = the backup is sound
	Keys     []KeyUse  // the master keys that it needs
}

// KeyUse is a master key that a store needs.
type KeyUse struct {
	ID      string // as of seal.Key.ID
	Secrets int64  // that name the key: private keys, and what else has its own column
	Held    bool   // the given Box has the key, and opens the check value that the store has of it
}

// Keys returns the available master keys; nil if there are none. A source may have its keys in the settings of the store, wrapped:
// setting returns the value of one in the backup, nil if there is none.
type Keys func(setting func(name string) ([]byte, error)) *seal.Box

// Verify reads a backup and compares it with its manifest: size, SHA-256, pages and indexes, parents of rows, schema, and the number
// of rows. keys, if not nil, says which master keys are available. An error means that the backup could not be read; what is wrong with
// it is in the Report.
func Verify(ctx context.Context, from *Location, keys Keys) (report *Report, err error) {
	name, err := from.Latest(ctx)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "sluice-verify-*") // of mode 0700
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	report = &Report{Name: name}
	all, err := from.manifests(ctx, name)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(from.folder, name)
	if from.bucket != nil {
		file = filepath.Join(work, "backup")
		if err := from.get(ctx, name, file, longest(all)); err != nil {
			return nil, err
		}
	}
	report.Manifest, report.Problems, err = describes(all, file)
	if err == nil && len(report.Problems) == 0 {
		report.Problems, err = report.Manifest.compare(ctx, file)
	}
	if err != nil || len(report.Problems) > 0 {
		return report, err
	}
	opened, err := sqlite.OpenFile(file, sqlite.Still)
	if err != nil {
		return nil, err
	}
	report.Keys, err = keysOf(ctx, opened, keys)
	return report, errors.Join(err, opened.Close())
}

// manifests reads the manifest of a backup, and the one that was to replace it if that was interrupted.
func (l *Location) manifests(ctx context.Context, name string) (all []*Manifest, err error) {
	missing := fmt.Errorf("the manifest of %s, which is needed to check the backup: %w", l.Name(name), fs.ErrNotExist)
	for _, manifest := range []string{ManifestOf(name), nextManifestOf(name)} {
		text, err := l.read(ctx, manifest, manifestMax)
		if errors.Is(err, fs.ErrNotExist) || err != nil && len(all) > 0 { // S3 says 403 for what is not there if one may not list
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the manifest of %s, which is needed to check the backup: %w", l.Name(name), err)
		}
		m, err := parseManifest(text)
		switch {
		case err == nil:
			all = append(all, m)
		case manifest == ManifestOf(name):
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, missing
	}
	return all, nil
}

// longest returns how long a backup can be that one of the manifests describes.
func longest(all []*Manifest) (most int64) {
	for _, m := range all {
		most = max(most, m.Size)
	}
	return most
}

// describes returns the manifest that a file matches; if there is none, the first one and what it says differently.
func describes(all []*Manifest, file string) (*Manifest, []string, error) {
	for _, m := range all[1:] {
		if problems, err := m.matches(file); err != nil || len(problems) == 0 {
			return m, nil, err
		}
	}
	problems, err := all[0].matches(file)
	return all[0], problems, err
}

// compare returns what is wrong with a file that the manifest matches.
func (m *Manifest) compare(ctx context.Context, file string) ([]string, error) {
	found := new(Manifest)
	problems, err := found.read(ctx, file)
	if err != nil || len(problems) > 0 {
		return problems, err
	}
	if found.Schema != m.Schema {
		problems = append(problems, fmt.Sprintf("the schema is that of migration %d, and the manifest says %d", found.Schema, m.Schema))
	}
	if !maps.Equal(found.Rows, m.Rows) {
		problems = append(problems, "the tables have other numbers of rows than the manifest says")
	}
	return problems, nil
}

// keysOf returns the master keys that a store needs, in the order of their ids: those that its sealed secrets name, and those that
// it remembers. keys may be nil.
func keysOf(ctx context.Context, f *sqlite.File, keys Keys) ([]KeyUse, error) {
	var box *seal.Box
	if keys != nil {
		box = keys(func(name string) ([]byte, error) { return setting(ctx, f, name) })
	}
	counts := map[string]int64{}
	for _, column := range store.SealedColumns {
		if column.Text {
			continue // JSON with sealed values in it; the store remembers their keys
		}
		there := false
		if err := f.Each(ctx, `select 1 from pragma_table_info($1) where name = $2`, []driver.Value{column.Table, column.Column}, func([]driver.Value) error {
			there = true
			return nil
		}); err != nil {
			return nil, err
		}
		if !there {
			continue // an older schema
		}
		// All messages of a key begin alike; one of each beginning is enough.
		text := fmt.Sprintf(`select min(%[1]s), count(*) from %[2]s where length(%[1]s) > 0 group by substr(%[1]s, 1, 5)`, sqlite.Quote(column.Column), sqlite.Quote(column.Table))
		if err := f.Each(ctx, text, nil, func(row []driver.Value) error {
			message, _ := row[0].([]byte)
			n, _ := row[1].(int64)
			if id, ok := seal.KeyID(message); ok {
				counts[fmt.Sprintf("%08x", id)] += n
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	known, err := remembered(ctx, f)
	if err != nil {
		return nil, err
	}
	for id := range known {
		counts[id] += 0
	}
	var uses []KeyUse
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		held := box != nil && slices.Contains(box.KeyIDs(), id)
		if key, ok := known[id]; ok && held {
			held = key.OpenedBy(box)
		}
		uses = append(uses, KeyUse{ID: id, Secrets: counts[id], Held: held})
	}
	return uses, nil
}

// remembered returns the master keys that a store remembers, by id.
func remembered(ctx context.Context, f *sqlite.File) (map[string]masterkey.Known, error) {
	text, err := setting(ctx, f, masterkey.Setting)
	if err != nil || text == nil {
		return nil, err
	}
	known := map[string]masterkey.Known{}
	keys, err := masterkey.Needs(text)
	for _, key := range keys {
		known[key.ID] = key
	}
	return known, err
}

// setting returns the value of a setting of a store; nil if there is none.
func setting(ctx context.Context, f *sqlite.File, name string) (value []byte, err error) {
	err = f.Each(ctx, `select value from settings where name = $1`, []driver.Value{name}, func(row []driver.Value) error {
		value, _ = row[0].([]byte)
		return nil
	})
	return value, err
}

func ids(uses []KeyUse) []string {
	all := []string{} // [] and not null
	for _, use := range uses {
		all = append(all, use.ID)
	}
	return all
}
