package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sluicegate/sluice/store"
)

// identity is the setting of a store that has its id. Manifests have it too, so that copies of several stores in one place do not mix.
const identity = "store id"

// identifyFor is how long Identify waits. A command may have the write lock for much longer, and the id is not worth the wait.
const identifyFor = 2 * time.Second

// Identify returns the id of a store, which it gives it if there is none. A restored store has that of the store that was backed up.
// Identify fails if another process writes for more than two seconds.
func Identify(ctx context.Context, st store.Store) (id string, err error) {
	ctx, stop := context.WithTimeout(ctx, identifyFor)
	defer stop()
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
	if err != nil {
		return "", err // an id that was not written is none
	}
	return id, nil
}

// whose returns the id of the store of which a backup is a copy. It is "" if the manifest does not say: the release was older, the store had
// no id, or the manifest is damaged, gone, or not for reading, as for a process that may only write to a bucket.
func (l *Location) whose(ctx context.Context, name string) (id string, err error) {
	text, err := l.read(ctx, ManifestOf(name), manifestMax)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return "", nil
		}
		return "", err
	}
	m, err := parseManifest(text)
	if err != nil {
		return "", nil //nolint:nilerr // nobody can say
	}
	return m.Store, nil
}

const (
	// looked is how many of the last backups are asked whose they are, where a place has too many to ask all of them.
	looked = 1000
	// atOnce is how many manifests are read at the same time: each of a bucket is a request.
	atOnce = 8
)

// newest returns the last of the names, no more than looked.
func newest(names []string) []string { return names[max(0, len(names)-looked):] }

// owners returns for each of the backups what whose does.
func (l *Location) owners(ctx context.Context, names []string) ([]string, error) {
	ids := make([]string, len(names))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(atOnce)
	for i, name := range names {
		reads.Go(func() (err error) {
			ids[i], err = l.whose(ctx, name)
			return err
		})
	}
	return ids, reads.Wait()
}

// own returns those of the backups that are copies of a store, or whose manifest does not say of which.
func (l *Location) own(ctx context.Context, all []string, id string) (mine []string, err error) {
	owners, err := l.owners(ctx, all)
	if err != nil {
		return nil, err
	}
	for i, name := range all {
		if owners[i] == "" || owners[i] == id {
			mine = append(mine, name)
		}
	}
	return mine, nil
}

// oneStore returns an error if the backups are of several stores: the last of one says nothing about the others. It looks at the last
// ones of all, and at the last ones of those up to the one that was chosen.
func (l *Location) oneStore(ctx context.Context, all []string, chosen string) error {
	names := slices.Concat(newest(all), newest(all[:slices.Index(all, chosen)+1]))
	slices.Sort(names)
	names = slices.Compact(names)
	owners, err := l.owners(ctx, names)
	if err != nil {
		return err
	}
	last := map[string]string{} // by the id of the store
	for i, name := range names {
		if owners[i] != "" {
			last[owners[i]] = l.Name(name)
		}
	}
	if len(last) < 2 {
		return nil
	}
	return fmt.Errorf("%s has backups of %d stores, and the last of each is %s; name one of them, and give each store its own folder or prefix",
		l, len(last), strings.Join(slices.Sorted(maps.Values(last)), ", "))
}
