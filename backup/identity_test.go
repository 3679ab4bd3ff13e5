package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluicegate/sluice/store"
)

// identified makes a store that has an id.
func identified(t *testing.T) (path, id string) {
	t.Helper()
	path = newStore(t)
	st := openStore(t, path)
	id, err := Identify(t.Context(), st)
	if err != nil || id == "" {
		t.Fatalf("the id is %q, %v", id, err)
	}
	if again, err := Identify(t.Context(), st); err != nil || again != id {
		t.Errorf("again, the id is %q, %v; it was %q", again, err, id)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path, id
}

func TestCopiesOfSeveralStoresInOnePlaceDoNotMix(t *testing.T) {
	t.Parallel()
	first, firstID := identified(t)
	second, secondID := identified(t)
	old, dir := newStore(t), t.TempDir() // an older release copied a store that had no id
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var names []string
	for _, path := range []string{old, first, second, first, first} {
		now = now.Add(time.Hour)
		name, m, err := Make(t.Context(), MakeOptions{Store: path, To: at(t, dir), Now: func() time.Time { return now }, Keep: 2})
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{first: firstID, second: secondID}[path]; m.Store != want {
			t.Errorf("the manifest has the id %q, want %q", m.Store, want)
		}
		names = append(names, name)
	}
	for i, there := range []bool{false, false, true, true, true} {
		if _, err := os.Stat(filepath.Join(dir, names[i])); (err == nil) != there {
			t.Errorf("backup %d: %v", i, err)
		}
	}
	for id, want := range map[string]string{firstID: names[4], secondID: names[2], "of a third store": "", "": names[4]} {
		made, err := at(t, dir).Newest(t.Context(), id)
		if err != nil || want == "" != made.IsZero() || want != "" && nameOf(made) != want {
			t.Errorf("the newest of %s is of %s, %v; want %s", id, made, err, want)
		}
	}
	restored := filepath.Join(t.TempDir(), "sluice.db")
	_, err := Restore(t.Context(), RestoreOptions{From: at(t, dir), Store: restored, Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), names[2]) || !strings.Contains(err.Error(), names[4]) {
		t.Errorf("a restore that has to choose: %v", err)
	}
	if _, err := Verify(t.Context(), at(t, dir), nil); err == nil {
		t.Error("verify chose one of two stores")
	}
	if _, err := Restore(t.Context(), RestoreOptions{From: at(t, filepath.Join(dir, names[2])), Store: restored, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	st := openStore(t, restored)
	if id, err := Identify(t.Context(), st); err != nil || id != secondID {
		t.Errorf("the restored store has the id %q, %v; want %q", id, err, secondID)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}

// manyPlace has backups of the stores that it says, one an hour, and counts the manifests that are read.
type manyPlace struct {
	Place
	stores []string
	asked  *atomic.Int64
}

func (p manyPlace) String() string { return "many" }

var firstOfMany = time.Date(2025, 11, 29, 12, 0, 0, 0, time.UTC)

func (p manyPlace) name(i int) string { return nameOf(firstOfMany.Add(time.Duration(i) * time.Hour)) }

func (p manyPlace) list(context.Context) (names []string, err error) {
	for i := range p.stores {
		names = append(names, p.name(i), ManifestOf(p.name(i)))
	}
	return names, nil
}

func (p manyPlace) read(_ context.Context, name string, _ int64) ([]byte, error) {
	p.asked.Add(1)
	made, err := time.Parse(ManifestOf(nameLayout), name)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, `{"format": 1, "store": %q}`, p.stores[made.Sub(firstOfMany)/time.Hour]), nil
}

func many(stores ...string) (*Location, manyPlace) {
	p := manyPlace{stores: stores, asked: new(atomic.Int64)}
	return &Location{Place: p}, p
}

func TestOfVeryManyBackupsTheLastOnesSayWhetherTheyAreOfOneStore(t *testing.T) {
	t.Parallel()
	old, recent := slices.Repeat([]string{"a"}, looked+100), slices.Repeat([]string{"b"}, looked)
	l, p := many(slices.Concat(old, recent)...)
	name, err := l.Latest(t.Context())
	if n := p.asked.Load(); err != nil || name != p.name(len(p.stores)-1) || n != looked {
		t.Errorf("the latest is %s, %v, after %d reads", name, err, n)
	}
	p.asked.Store(0)
	before := firstOfMany.Add(50*time.Hour + 30*time.Minute)
	if name, err = l.last(t.Context(), before); err == nil || p.asked.Load() != looked+51 {
		t.Errorf("an old one of another store than the last ones: %s, %v, after %d reads", name, err, p.asked.Load())
	}
	l, p = many(slices.Concat(old, old)...)
	if name, err = l.last(t.Context(), before); err != nil || name != p.name(50) {
		t.Errorf("an old one of the same store: %s, %v", name, err)
	}
	l, _ = many(slices.Concat(old, []string{"b"}, recent[1:looked/2], []string{"a"})...)
	if _, err = l.Latest(t.Context()); err == nil || !strings.Contains(err.Error(), "2 stores") {
		t.Errorf("two stores among the last ones: %v", err)
	}
}

func TestTheNewestBackupIsFoundWithFewReads(t *testing.T) {
	t.Parallel()
	stores := slices.Concat(slices.Repeat([]string{"a"}, 2*looked), []string{"b", "b"})
	for id, want := range map[string]struct{ at, reads int }{"b": {2*looked + 1, 1}, "a": {2*looked - 1, 1 + atOnce}, "c": {-1, looked}, "": {2*looked + 1, 0}} {
		l, p := many(stores...)
		made, err := l.Newest(t.Context(), id)
		if n := int(p.asked.Load()); err != nil || made.IsZero() != (want.at < 0) || want.at >= 0 && nameOf(made) != p.name(want.at) || n != want.reads {
			t.Errorf("the newest of %q is of %s, %v, after %d reads; want %d", id, made, err, n, want.reads)
		}
	}
}

// Rules of a bucket may move old backups, with their manifests, to an archive.
func TestAManifestInAnArchiveCannotBeRead(t *testing.T) {
	t.Parallel()
	b := &bucket{s3Target: &s3Target{bucket: "backups"}}
	if err := b.explain("x", &types.InvalidObjectState{}); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

// heldStore has no id, and another process writes to it.
type heldStore struct{ store.Store }

func (heldStore) View(context.Context, func(store.Tx) error) error { return store.ErrNotFound }

func (heldStore) Update(ctx context.Context, _ func(store.Tx) error) error {
	if _, bounded := ctx.Deadline(); !bounded {
		return errors.New("this would take long")
	}
	return context.DeadlineExceeded
}

func TestAStoreGetsItsIDAnotherTimeIfItIsHeld(t *testing.T) {
	t.Parallel()
	if id, err := Identify(t.Context(), heldStore{}); id != "" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the id is %q, %v", id, err)
	}
}
