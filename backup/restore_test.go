package backup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store/sqlite"
)

// slowPlace calls meanwhile while a file is fetched.
type slowPlace struct {
	Place
	meanwhile func()
}

func (p slowPlace) get(ctx context.Context, name, file string, limit int64) error {
	p.meanwhile()
	return p.Place.get(ctx, name, file, limit)
}

func slow(t *testing.T, file string, meanwhile func()) *Location {
	t.Helper()
	l := at(t, file)
	l.Place = slowPlace{l.Place, meanwhile}
	return l
}

func TestNoStoreIsOpenedWhileItIsRestored(t *testing.T) {
	t.Parallel()
	file, store := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db")), filepath.Join(t.TempDir(), "sluice.db")
	tried := 0
	from := slow(t, file, func() {
		tried++
		if st, err := sqlite.Open(sqlite.Options{Path: store}); err == nil || !strings.Contains(err.Error(), "restore") {
			t.Errorf("a store was opened: %v, %v", st, err)
		}
	})
	done, err := Restore(t.Context(), RestoreOptions{From: from, Store: store, Now: time.Now})
	if err != nil || len(done.Replaced) > 0 || tried == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if err := openStore(t, store).Close(); err != nil {
		t.Error(err)
	}
}

func TestRestoreLooksAgainBeforeItReplaces(t *testing.T) {
	t.Parallel()
	file := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db"))
	for name, force := range map[string]bool{"a store that appears": false, "a store that is opened": true} {
		path := newStore(t)
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !force {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		var running *sqlite.File
		from := slow(t, file, func() {
			if running != nil {
				return
			}
			if err := os.WriteFile(path, kept, 0o600); err != nil {
				t.Fatal(err)
			}
			if running, err = sqlite.OpenFile(path, sqlite.Shared); err != nil {
				t.Fatal(err)
			}
			if _, err := running.Version(); err != nil {
				t.Fatal(err)
			}
		})
		if done, err := Restore(t.Context(), RestoreOptions{From: from, Store: path, Force: force, Now: time.Now}); err == nil {
			t.Errorf("%s was replaced: %+v", name, done)
		}
		if err := running.Close(); err != nil {
			t.Error(err)
		}
		if err := openStore(t, path).Close(); err != nil {
			t.Errorf("%s, afterwards: %v", name, err)
		}
	}
}

func TestARestoreThatWasKilledCanBeRepeated(t *testing.T) {
	t.Parallel()
	file, store := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db")), filepath.Join(t.TempDir(), "sluice.db")
	if err := os.WriteFile(sqlite.Restoring(store), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(filepath.Dir(store), restorePrefix+"1"+partSuffix), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), RestoreOptions{From: at(t, file), Store: store, Now: time.Now}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(sqlite.Restoring(store)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the mark: %v", err)
	}
}

func TestNamesThatAPlaceListsAreNoPaths(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"sluice-20261129T150000.000Z.db": true, "sluice-/../../../tmp/x.db": false, "sluice-20261129T150000.000Z.db/../x.db": false,
		"sluice-.db": false, "sluice-20261399T150000.000Z.db": false, "sluice-20261129T150000Z.db": false,
	} {
		if got := isBackup(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestNoMoreIsFetchedThanTheManifestSays(t *testing.T) {
	t.Parallel()
	file := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db"))
	rewrite(t, file, func(m *Manifest) { m.Size = 1000 })
	_, err := Restore(t.Context(), RestoreOptions{From: at(t, file), Store: filepath.Join(t.TempDir(), "sluice.db"), Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), "longer than the expected 1000 bytes") {
		t.Errorf("a backup: %v", err)
	}
	if err := os.WriteFile(ManifestOf(file), make([]byte, manifestMax+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), at(t, file), nil); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a manifest: %v", err)
	}
}

func TestABackupOfAClockThatWasAheadRemovesNoOther(t *testing.T) {
	t.Parallel()
	path, folder := newStore(t), t.TempDir()
	var names []string
	for _, year := range []int{2099, 2026, 2027} {
		name, _, err := Make(t.Context(), MakeOptions{Store: path, To: at(t, folder), Now: func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }, Keep: 1})
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	for i, there := range []bool{true, false, true} {
		if _, err := os.Stat(filepath.Join(folder, names[i])); (err == nil) != there {
			t.Errorf("%s: %v", names[i], err)
		}
	}
}

func TestBackupsFromTheFutureAreNamed(t *testing.T) {
	store, dir := newStore(t), t.TempDir()+"/"
	now := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	clock := now
	for _, ahead := range []time.Duration{0, 48 * time.Hour, -time.Hour} {
		clock = now.Add(ahead)
		_, _, err := Make(t.Context(), MakeOptions{Store: store, To: at(t, dir), Now: func() time.Time { return clock }})
		if err != nil {
			t.Fatal(err)
		}
	}
	names, err := at(t, dir).Ahead(t.Context(), now)
	if err != nil || len(names) != 1 || !strings.HasSuffix(names[0], "sluice-20261202T080000.000Z.db") {
		t.Errorf("%v, %v", names, err)
	}
	if names, err := at(t, dir).Ahead(t.Context(), now.Add(72*time.Hour)); err != nil || len(names) != 0 {
		t.Errorf("later: %v, %v", names, err)
	}
}

// The keys that KMS or Vault wrapped are in the store that was backed up, and nowhere else.
func TestVerifyOffersTheSettingsOfTheBackupToTheSourcesOfKeys(t *testing.T) {
	name := made(t, newStore(t), filepath.Join(t.TempDir(), "one.db"))
	asked := ""
	report, err := Verify(t.Context(), at(t, name), func(setting func(string) ([]byte, error)) *seal.Box {
		value, err := setting("setting 7")
		missing, failed := setting("nothing of the kind")
		if err == nil && failed == nil && missing == nil {
			asked = string(value)
		}
		return box(t, key)
	})
	if err != nil || asked != strings.Repeat("\x07", 1000) || len(report.Keys) != 1 || !report.Keys[0].Held {
		t.Errorf("%v: %q, %+v", err, asked, report)
	}
}
