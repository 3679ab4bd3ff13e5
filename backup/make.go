package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sluicegate/sluice/store/sqlite"
)

// MakeOptions are the options of Make. Store, To and Now are required.
type MakeOptions struct {
	Store   string // the file
	To      *Location
	Now     func() time.Time
	Replace bool // a backup that has the name of To
	Keep    int  // how many backups stay in a folder or bucket, this one included; 0 = all
	// Progress, if not nil, receives the current step, and how much of it is done.
	Progress func(doing string, done, of int)
}

// Make copies a store while processes write to it, checks the copy, and puts it and its manifest at To. The copy has everything that
// was acknowledged when Make began, and nothing of a transaction that was not complete. Make returns the name of the backup. A store
// that is damaged is an error, and so is a newer one than this release knows.
func Make(ctx context.Context, o MakeOptions) (name string, m *Manifest, err error) {
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	made := o.Now()
	if name = o.To.name; name == "" {
		name = nameOf(made)
	}
	if err := o.free(ctx, name); err != nil {
		return "", nil, err
	}
	staging := o.To.staging(filepath.Dir(o.Store))
	if err := os.MkdirAll(staging, 0o700); err != nil {
		return "", nil, err
	}
	work, err := os.MkdirTemp(staging, ".sluice-backup-*"+partSuffix) // of mode 0700
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	file := filepath.Join(work, name)
	if m, err = o.copy(ctx, file); err != nil {
		return "", nil, err
	}
	m.Made = made.UTC()
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "", nil, err
	}
	described := filepath.Join(work, ManifestOf(name))
	if err := writeFile(described, append(text, '\n')); err != nil {
		return "", nil, err
	}
	o.Progress("writing to "+o.To.String(), 0, 0)
	if err := o.To.put(ctx, name, file, o.Replace); err != nil {
		return "", nil, err
	}
	if err := o.To.put(ctx, ManifestOf(name), described, true); err != nil {
		return "", nil, err
	}
	return name, m, o.prune(ctx, name)
}

// free refuses early what put would refuse after the copy.
func (o *MakeOptions) free(ctx context.Context, name string) error {
	names, err := o.To.list(ctx)
	if err != nil || o.Replace {
		return err
	}
	for _, there := range names {
		if there == name {
			return fmt.Errorf("%s already exists; choose another name, or replace it with --force", o.To.Name(name))
		}
	}
	return nil
}

// copy copies the store to a file, checks it and describes it.
func (o *MakeOptions) copy(ctx context.Context, to string) (*Manifest, error) {
	source, err := sqlite.OpenFile(o.Store, sqlite.Shared)
	if err != nil {
		return nil, err
	}
	if _, err = source.Version(); err == nil {
		err = source.Copy(ctx, to, func(done, of int) { o.Progress("copying pages", done, of) })
	}
	if err = errors.Join(err, source.Close()); err != nil {
		return nil, err
	}
	o.Progress("checking the copy", 0, 0)
	m := &Manifest{Format: manifestFormat}
	problems, err := m.read(ctx, to)
	if err == nil && len(problems) > 0 {
		err = damage(o.Store, problems)
	}
	if err != nil {
		return nil, err
	}
	m.SHA256, m.Size, err = digest(to)
	return m, err
}

// read checks a copy and fills in what m says about its contents.
func (m *Manifest) read(ctx context.Context, path string) (problems []string, err error) {
	copied, err := sqlite.OpenFile(path, sqlite.Still)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	if problems, err = copied.Check(ctx); err != nil || len(problems) > 0 {
		return problems, err
	}
	if m.Schema, err = copied.Version(); err != nil {
		return nil, err
	}
	if m.Rows, err = copied.Rows(ctx); err != nil {
		return nil, err
	}
	uses, err := keysOf(ctx, copied, nil)
	m.MasterKeys = ids(uses)
	return nil, err
}

// damage is the error for a store with problems.
func damage(path string, problems []string) error {
	text := fmt.Sprintf("%s is damaged:", path)
	for _, problem := range problems {
		text += "\n  " + problem
	}
	return errors.New(text)
}

// prune removes all but the last backups of a folder or bucket up to the one that was made, the manifest first: without it a backup is
// not complete. Later ones, of a clock that was ahead, stay and do not count.
func (o *MakeOptions) prune(ctx context.Context, made string) error {
	if o.Keep <= 0 || o.To.name != "" {
		return nil
	}
	all, err := o.To.backups(ctx)
	if err != nil {
		return err
	}
	all = all[:slices.Index(all, made)+1]
	for _, name := range all[:max(0, len(all)-o.Keep)] {
		if err := errors.Join(o.To.remove(ctx, ManifestOf(name)), o.To.remove(ctx, name)); err != nil {
			return fmt.Errorf("the backup was made; removing an old one: %w", err)
		}
	}
	return nil
}

// writeFile writes a new file of mode 0600, and has it on the disk.
func writeFile(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.ReadFrom(bytes.NewReader(text))
	return errors.Join(err, file.Sync(), file.Close())
}
