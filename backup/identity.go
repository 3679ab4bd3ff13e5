package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/store"
)

// identity is the setting of a store that has its id. Manifests have it too, so that copies of several stores in one place do not mix.
const identity = "store id"

// Identify returns the id of a store, which it gives it if there is none. A restored store has that of the store that was backed up.
func Identify(ctx context.Context, st store.Store) (id string, err error) {
	read := func(tx store.Tx) error {
		text, err := tx.Settings.Get(identity)
		id = string(text)
		return err
	}
	if err = st.View(ctx, read); !errors.Is(err, store.ErrNotFound) {
		return id, err
	}
	err = st.Update(ctx, func(tx store.Tx) error {
		if err := read(tx); !errors.Is(err, store.ErrNotFound) { // another process was faster
			return err
		}
		id = rand.Text()
		return tx.Settings.Put(identity, []byte(id))
	})
	return id, err
}

// whose returns the id of the store of which a backup is a copy. It is "" if the manifest does not say: the release was older, the store had
// no id, or the manifest is damaged, gone, or not for reading, as for a process that may only write to a bucket.
func (l *Location) whose(ctx context.Context, name string) (id string, err error) {
	work, err := os.MkdirTemp("", "sluice-manifest-*") // of mode 0700
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	file := filepath.Join(work, "manifest")
	if err := l.get(ctx, ManifestOf(name), file, manifestMax); err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return "", nil
		}
		return "", err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	m, err := parseManifest(text)
	if err != nil {
		return "", nil //nolint:nilerr // nobody can say
	}
	return m.Store, nil
}

// own returns those of the backups that are copies of a store, or whose manifest does not say of which.
func (l *Location) own(ctx context.Context, all []string, id string) (mine []string, err error) {
	for _, name := range all {
		other, err := l.whose(ctx, name)
		if err != nil {
			return nil, err
		}
		if other == "" || other == id {
			mine = append(mine, name)
		}
	}
	return mine, nil
}

// oneStore returns an error if the backups are of several stores: the last of one says nothing about the others.
func (l *Location) oneStore(ctx context.Context, all []string) error {
	last := map[string]string{} // by the id of the store
	for _, name := range all {
		id, err := l.whose(ctx, name)
		if err != nil {
			return err
		}
		if id != "" {
			last[id] = l.Name(name)
		}
	}
	if len(last) < 2 {
		return nil
	}
	return fmt.Errorf("%s has backups of %d stores, and the last of each is %s; name one of them, and give each store its own folder or prefix",
		l, len(last), strings.Join(slices.Sorted(maps.Values(last)), ", "))
}
