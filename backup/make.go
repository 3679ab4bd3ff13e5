package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/spool"
	"github.com/sluicegate/sluice/store/sqlite"
)

// MakeOptions are the options of Make. Store, To and Now are required.
type MakeOptions struct {
	Store   string           // the file
	To      *Location        // a folder or bucket, or the name of one backup
	Now     func() time.Time // the time of the backup, by which it is named
	Replace bool             // a backup that has the name of To
	Keep    int              // how many backups stay in a folder or bucket, this one included; 0 = all
	// Progress, if not nil, receives the current step, and how much of it is done.
	Progress func(doing string, done, of int)
	// Warn, if not nil, receives what went wrong without harm to the backup.
	Warn func(error)
}

// Make copies a store while processes write to it, checks the copy, and puts it and its manifest at To. The copy has everything that
// was acknowledged when Make began, and nothing of a transaction that was not complete. Make returns the name of the backup. A store
// that is damaged is an error, and so is a newer one than this release knows.
func Make(ctx context.Context, o MakeOptions) (name string, m *Manifest, err error) {
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	if o.Warn == nil {
		o.Warn = func(error) {}
	}
	made := o.Now()
	if name = o.To.name; name == "" {
		name = nameOf(made)
	}
	there, err := o.free(ctx, name)
	if err != nil {
		return "", nil, err
	}
	staging := o.To.staging(filepath.Dir(o.Store))
	if err := os.MkdirAll(staging, 0o700); err != nil {
		return "", nil, err
	}
	for _, dir := range []string{staging, filepath.Dir(o.Store)} {
		sweep(dir, made)
	}
	work, err := os.MkdirTemp(staging, backupPrefix+"*"+partSuffix) // of mode 0700
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
	o.Progress("writing to "+o.To.String(), 0, 0)
	if err := o.put(ctx, name, file, append(text, '\n'), there); err != nil {
		return "", nil, err
	}
	return name, m, o.prune(ctx, name, m.Store)
}

// copy copies the store to a file, checks it and describes it.
func (o *MakeOptions) copy(ctx context.Context, to string) (*Manifest, error) {
	source, err := sqlite.OpenFile(o.Store, sqlite.Shared)
	if err != nil {
		return nil, err
	}
	if _, err = source.Version(); err == nil {
		err = o.room(source, filepath.Dir(to))
	}
	if err == nil {
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

// fits is spool.Fits, unless a test replaces it.
var fits = spool.Fits

// room refuses a copy for which dir has no room, or that would take the room in which the store and its log grow: the store could not
// write any more until the copy has failed.
func (o *MakeOptions) room(source *sqlite.File, dir string) error {
	size, err := source.Size()
	if err == nil {
		err = fits(size, dir, o.Store)
	}
	if err != nil {
		return fmt.Errorf("there must be room for a copy of the store in %s before it is written to %s: %w", filepath.Dir(dir), o.To, err)
	}
	return nil
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
	id, err := setting(ctx, copied, identity)
	if err != nil {
		return nil, err
	}
	uses, err := keysOf(ctx, copied, nil)
	m.Store, m.MasterKeys = string(id), ids(uses)
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

// prune removes all but the last backups of the store in a folder or bucket up to the one that was made, the manifest first: without it a backup is
// not complete. Later ones, of a clock that was ahead, stay and do not count. It also removes what killed processes left: backups without
// a manifest that are so old that no process is still making them.
func (o *MakeOptions) prune(ctx context.Context, made, id string) error {
	if o.Keep <= 0 || o.To.name != "" {
		return nil
	}
	all, err := o.To.backups(ctx)
	if err != nil {
		return err
	}
	if all, err = o.To.own(ctx, all[:slices.Index(all, made)+1], id); err != nil {
		return fmt.Errorf("the backup was made; looking for old ones: %w", err)
	}
	old := all[:max(0, len(all)-o.Keep)]
	names, err := o.To.list(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if isBackup(name) && name < nameOf(o.Now().Add(-abandoned)) && !slices.Contains(names, ManifestOf(name)) {
			old = append(slices.Clip(old), name)
		}
	}
	for _, name := range old {
		if err := errors.Join(o.To.remove(ctx, ManifestOf(name)), o.To.remove(ctx, name)); err != nil {
			return fmt.Errorf("the backup was made; removing an old one: %w", err)
		}
	}
	return nil
}

// abandoned is the age of what no running process can still be working on.
const abandoned = 24 * time.Hour

// The names of folders in which backups and restores work begin so, and end with partSuffix.
const (
	backupPrefix  = ".sluice-backup-"
	restorePrefix = ".sluice-restore-"
)

func isWork(name string) bool {
	return (strings.HasPrefix(name, backupPrefix) || strings.HasPrefix(name, restorePrefix)) && strings.HasSuffix(name, partSuffix)
}

// sweep removes the folders that killed backups and restores left in dir: those to which nothing was written for a day. One that it
// cannot remove, such as another user's, takes space and does no other harm.
func sweep(dir string, now time.Time) {
	found, _ := os.ReadDir(dir)
	for _, entry := range found {
		work := filepath.Join(dir, entry.Name())
		if entry.IsDir() && isWork(entry.Name()) && now.Add(-abandoned).After(written(work)) {
			_ = os.RemoveAll(work)
		}
	}
}

// written returns when something was last written to a folder of files. What cannot be read counts as written in the far future.
func written(work string) (last time.Time) {
	never := time.Unix(1<<40, 0)
	err := filepath.WalkDir(work, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return err
	})
	if err != nil {
		return never
	}
	return last
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
