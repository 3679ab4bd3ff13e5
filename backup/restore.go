package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sluicegate/sluice/store/sqlite"
)

// RestoreOptions are the options of Restore. From, Store and Now are required.
type RestoreOptions struct {
	From  *Location        // where the backups are; the latest, or the one of At, is taken
	Store string           // the file to make; its folder is the data directory
	Mine  []string         // names of files in the data directory that may be there before
	At    time.Time        // the store as it was then; zero = the latest
	Force bool             // replaces a store, which stays under another name
	Keys  Keys             // the available master keys; nil = none
	Now   func() time.Time // names what is replaced
}

// Restored says what Restore did.
type Restored struct {
	Name     string           // of the backup; "" = it is made of what Follow shipped
	Schema   int              // number of the last migration
	Rows     map[string]int64 // by table
	Keys     []KeyUse         // the master keys that the store needs
	Replaced []string         // paths of the previous files
}

// Restore makes a store of a backup, or of what Follow shipped. It reads and checks all of it before the store gets its name. It
// refuses a data directory that has files, unless Force is set, and one whose store a process has open. From its beginning to its end,
// no process can open a store in the data directory. If it is killed, that stays so until another Restore succeeds.
func Restore(ctx context.Context, o RestoreOptions) (done *Restored, err error) {
	dir := filepath.Dir(o.Store)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	whole, err := o.mark(dir) // the data directory is as it was, or restored
	if err != nil {
		return nil, err
	}
	defer func() {
		if whole {
			err = errors.Join(err, removeIfThere(sqlite.Restoring(o.Store)), syncFolder(dir))
		}
	}()
	if err := o.vacant(dir); err != nil {
		return nil, err
	}
	sweep(dir, o.Now())
	work, err := os.MkdirTemp(dir, restorePrefix+"*"+partSuffix) // of mode 0700
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	file := filepath.Join(work, "store")
	if done, err = o.fetchAndCheck(ctx, file); err != nil {
		return nil, err
	}
	// A process that had begun to open its store before the mark was there has it open by now.
	if err := o.vacant(dir); err != nil {
		return nil, err
	}
	whole = false
	if done.Replaced, err = o.moveAway(); err != nil {
		return nil, err
	}
	if err := give(file, o.Store); err != nil {
		return nil, err
	}
	whole = true
	return done, errors.Join(sqlite.Own(o.Store), syncFolder(dir))
}

// mark makes the file that keeps processes from opening a store in the data directory. It reports whether the data directory is whole: if
// the file was there and no store is, a restore was killed after it had moved the store away.
func (o *RestoreOptions) mark(dir string) (whole bool, err error) {
	file, err := os.OpenFile(sqlite.Restoring(o.Store), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		_, err := os.Lstat(o.Store)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(file.Close(), syncFolder(dir))
}

// fetchAndCheck creates the store in a separate file.
func (o *RestoreOptions) fetchAndCheck(ctx context.Context, file string) (*Restored, error) {
	done := new(Restored)
	followed, err := o.From.followed(ctx)
	if err != nil {
		return nil, err
	}
	if followed {
		err = o.From.restoreTo(ctx, file, o.At)
	} else {
		done.Name, err = o.fetch(ctx, file)
	}
	if err != nil {
		return nil, err
	}
	return done, done.check(ctx, file, o.Keys)
}

// vacant refuses a data directory that is in use.
func (o *RestoreOptions) vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		ours := entry.Name() == filepath.Base(sqlite.Restoring(o.Store)) || isWork(entry.Name())
		if !o.Force && !ours && !slices.Contains(o.Mine, entry.Name()) {
			return fmt.Errorf("the data directory %s is not empty (%s); name another one, or replace its store with --force, which keeps the old one under another name", dir, entry.Name())
		}
	}
	if _, err := os.Stat(o.Store); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// A store that cannot be opened is damaged, and not in use.
	there, err := sqlite.OpenFile(o.Store, sqlite.Alone)
	switch {
	case err == nil:
		return there.Close()
	case errors.Is(err, sqlite.ErrInUse):
		return err
	}
	return nil
}

// fetch gets the last backup, or the last one before At, and compares it with its manifest.
func (o *RestoreOptions) fetch(ctx context.Context, file string) (name string, err error) {
	if name, err = o.From.last(ctx, o.At); err != nil {
		return "", err
	}
	all, err := o.From.manifests(ctx, name)
	if err != nil {
		return "", err
	}
	if err := o.From.get(ctx, name, file, longest(all)); err != nil {
		return "", err
	}
	_, problems, err := describes(all, file)
	if err == nil && len(problems) > 0 {
		err = damage(o.From.Name(name), problems)
	}
	return name, err
}

// check reads a store that is to be restored.
func (d *Restored) check(ctx context.Context, file string, keys Keys) (err error) {
	m := new(Manifest)
	problems, err := m.read(ctx, file)
	if err == nil && len(problems) > 0 {
		err = damage("what is in the backup", problems)
	}
	if err != nil {
		return err
	}
	opened, err := sqlite.OpenFile(file, sqlite.Still)
	if err != nil {
		return err
	}
	d.Schema, d.Rows = m.Schema, m.Rows
	d.Keys, err = keysOf(ctx, opened, keys)
	return errors.Join(err, opened.Close())
}

// moveAway renames the existing store, with its log and what Follow keeps next to it.
func (o *RestoreOptions) moveAway() (moved []string, err error) {
	stamp := ".replaced-" + o.Now().UTC().Format("20060102T150405Z")
	for _, path := range []string{o.Store, o.Store + "-wal", o.Store + "-shm", followState(o.Store)} {
		switch err := os.Rename(path, path+stamp); {
		case err == nil:
			moved = append(moved, path+stamp)
		case !errors.Is(err, fs.ErrNotExist):
			return moved, err
		}
	}
	return moved, nil
}
