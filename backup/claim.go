package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// claimName is the file that names the store from which a place accepts transactions. The store has the same file next to it.
const (
	claimName = "store-id"
	claimMax  = 100 // bytes
)

// claim refuses a place to which another store is shipped: the two would mix, and neither could be restored. takeOver gives the
// place to this store anyway.
func claim(ctx context.Context, store string, to *Location, takeOver bool) (err error) {
	mine := filepath.Join(followState(store), claimName)
	have, err := os.ReadFile(mine)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there, err := to.claimed(ctx, store)
	if err != nil {
		return err
	}
	switch {
	case there != "" && there == string(have):
		return nil
	case there != "" && !takeOver:
		return fmt.Errorf("another store is shipped to %s; give each its own folder or prefix. If this store was restored from there, and no other process ships to it, use --take-over once", to)
	case len(have) == 0:
		have = []byte(rand.Text())
		if err := remember(store, string(have)); err != nil {
			return err
		}
	}
	return to.inWork(store, func(work string) error {
		file := filepath.Join(work, claimName)
		if err := writeFile(file, have); err != nil {
			return err
		}
		return to.put(ctx, claimName, file, takeOver)
	})
}

// claimed returns the id of the store that is shipped to a place, "" if there is none.
func (l *Location) claimed(ctx context.Context, store string) (id string, err error) {
	err = l.inWork(store, func(work string) error {
		file := filepath.Join(work, claimName)
		if err := l.get(ctx, claimName, file, claimMax); err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		id = string(text)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return id, err
}

// remember writes the ID of a store next to it. Only a whole one gets the name: an earlier process may have left an empty file.
func remember(store, id string) error {
	dir := followState(store)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	part := filepath.Join(dir, claimName+partSuffix)
	if err := errors.Join(removeIfThere(part), writeFile(part, []byte(id))); err != nil {
		return err
	}
	return errors.Join(os.Rename(part, filepath.Join(dir, claimName)), syncFolder(dir))
}

// inWork calls do with a new folder for files that put moves.
func (l *Location) inWork(store string, do func(work string) error) (err error) {
	staging := l.staging(filepath.Dir(store))
	sweep(staging, time.Now())
	work, err := os.MkdirTemp(staging, backupPrefix+"*"+partSuffix) // of mode 0700
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	return do(work)
}
