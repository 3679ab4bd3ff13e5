package backup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store/sqlite"
)

func TestOnlyARestoreThatSucceedsEndsOneThatWasKilled(t *testing.T) {
	t.Parallel()
	file, store := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db")), filepath.Join(t.TempDir(), "sluice.db")
	o := RestoreOptions{From: at(t, file), Store: store, Now: time.Now}
	for _, leftover := range []string{sqlite.Restoring(store), store + ".replaced-20261129T150000Z"} {
		if err := os.WriteFile(leftover, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Restore(t.Context(), o); err == nil {
		t.Fatal("a data directory that is not empty was accepted")
	}
	if st, err := sqlite.Open(sqlite.Options{Path: store}); err == nil {
		t.Errorf("an empty store was made: %v", st.Close())
	}
	o.Force = true
	if _, err := Restore(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := openStore(t, store).Close(); err != nil {
		t.Error(err)
	}
}

// A restore that was killed before it moved anything left the store as it was.
func TestARestoreThatFailsLeavesAStoreThatIsThere(t *testing.T) {
	t.Parallel()
	file, store := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db")), newStore(t)
	if err := os.WriteFile(sqlite.Restoring(store), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), RestoreOptions{From: at(t, file), Store: store, Now: time.Now}); err == nil {
		t.Fatal("a store was replaced")
	}
	if err := openStore(t, store).Close(); err != nil {
		t.Error(err)
	}
}

// killedPlace fails from a call of put or remove on, as if the process had ended.
type killedPlace struct {
	Place
	left *int
}

var errKilled = errors.New("killed")

func (p killedPlace) put(ctx context.Context, name, file string, replace bool) error {
	if *p.left--; *p.left < 0 {
		return errKilled
	}
	return p.Place.put(ctx, name, file, replace)
}

func (p killedPlace) remove(ctx context.Context, name string) error {
	if *p.left--; *p.left < 0 {
		return errKilled
	}
	return p.Place.remove(ctx, name)
}

func TestABackupThatIsReplacedIsSoundAtEveryMoment(t *testing.T) {
	t.Parallel()
	for steps := range 5 {
		file := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db"))
		o := MakeOptions{Store: newStore(t), To: at(t, file), Now: time.Now, Replace: true}
		left := steps
		o.To.Place = killedPlace{o.To.Place, &left}
		if _, _, err := Make(t.Context(), o); err != nil != (steps < 3) {
			t.Fatalf("after %d steps: %v", steps, err)
		}
		if report := verify(t, file, box(t, key)); len(report.Problems) > 0 {
			t.Errorf("after %d steps: %q", steps, report.Problems)
		}
		if _, err := Restore(t.Context(), RestoreOptions{From: at(t, file), Store: filepath.Join(t.TempDir(), "sluice.db"), Now: time.Now}); err != nil {
			t.Errorf("after %d steps, a restore: %v", steps, err)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), nextManifestOf("b.db"))); left >= 0 && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a manifest is left: %v", err)
		}
	}
}

// A regression test. The third backup's manifest took the place of the only one that described the second.
func TestABackupIsSoundAfterTwoReplacementsWereKilled(t *testing.T) {
	t.Parallel()
	one, two, three := newStore(t), newStore(t), newStore(t)
	for first := 1; first < 4; first++ {
		for second := range 6 {
			file := made(t, one, filepath.Join(t.TempDir(), "b.db"))
			for _, killed := range []struct {
				store string
				after int
			}{{two, first}, {three, second}} {
				o := MakeOptions{Store: killed.store, To: at(t, file), Now: time.Now, Replace: true}
				o.To.Place = killedPlace{o.To.Place, &killed.after}
				_, _, _ = Make(t.Context(), o)
			}
			if report := verify(t, file, box(t, key)); len(report.Problems) > 0 {
				t.Errorf("killed after %d and %d steps: %q", first, second, report.Problems)
			}
		}
	}
}

// guardedPlace refuses what one needs other permissions for than to read, write and list a bucket's objects.
type guardedPlace struct {
	Place
	unlisted bool
}

var errForbidden = errors.New("403 Forbidden")

func (p guardedPlace) get(ctx context.Context, name, file string, limit int64) error {
	err := p.Place.get(ctx, name, file, limit)
	if p.unlisted && errors.Is(err, fs.ErrNotExist) {
		return errForbidden
	}
	return err
}

func (p guardedPlace) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	text, err := p.Place.read(ctx, name, limit)
	if p.unlisted && errors.Is(err, fs.ErrNotExist) {
		return nil, errForbidden
	}
	return text, err
}

func (p guardedPlace) list(ctx context.Context) ([]string, error) {
	if p.unlisted {
		return nil, errForbidden
	}
	return p.Place.list(ctx)
}

func (guardedPlace) remove(context.Context, string) error { return errForbidden }

func TestANamedBackupIsVerifiedAndRestoredWithoutPermissionToList(t *testing.T) {
	t.Parallel()
	from := at(t, made(t, newStore(t), filepath.Join(t.TempDir(), "b.db")))
	from.Place = guardedPlace{from.Place, true}
	if report, err := Verify(t.Context(), from, nil); err != nil || len(report.Problems) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := Restore(t.Context(), RestoreOptions{From: from, Store: filepath.Join(t.TempDir(), "sluice.db"), Now: time.Now}); err != nil {
		t.Error(err)
	}
}

func TestABackupIsReplacedWithoutPermissionToRemove(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "b.db")
	for i := range 3 {
		warnings := 0
		o := MakeOptions{Store: newStore(t), To: at(t, file), Now: time.Now, Replace: true, Warn: func(error) { warnings++ }}
		o.To.Place = guardedPlace{o.To.Place, false}
		if _, _, err := Make(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if warnings != min(i, 1) {
			t.Errorf("%d warnings of backup %d", warnings, i)
		}
		if report := verify(t, file, box(t, key)); len(report.Problems) > 0 {
			t.Errorf("backup %d: %q", i, report.Problems)
		}
	}
}

func TestAnEmptyIDOfAStoreIsReplaced(t *testing.T) {
	t.Parallel()
	store, to := newStore(t), at(t, t.TempDir())
	id := filepath.Join(followState(store), claimName)
	if err := os.Mkdir(followState(store), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{id, id + partSuffix} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := claim(t.Context(), store, to, false); err != nil {
			t.Error(err)
		}
	}
	if text, err := os.ReadFile(id); err != nil || len(text) == 0 {
		t.Errorf("%q, %v", text, err)
	}
}

func TestBackupsRemoveWhatKilledOnesLeft(t *testing.T) {
	t.Parallel()
	store, folder := newStore(t), t.TempDir()
	now := time.Now()
	old, fresh := now.Add(-25*time.Hour), now.Add(-time.Hour)
	leave := func(dir, name string, when time.Time) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{filepath.Join(path, "store"), path} {
			if p != path {
				if err := os.WriteFile(p, []byte("part"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chtimes(p, when, when); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	file := func(name string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("part"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := map[string]bool{
		leave(folder, ".sluice-backup-1.part", old): false, leave(folder, ".sluice-backup-2.part", fresh): true,
		leave(filepath.Dir(store), ".sluice-backup-3.part", old): false, leave(filepath.Dir(store), ".sluice-restore-4.part", old): false,
		leave(filepath.Dir(store), "mine.part", old): true,
		file(nameOf(old)): false, file(nameOf(fresh)): true, file("mine.db"): true,
	}
	if _, _, err := Make(t.Context(), MakeOptions{Store: store, To: at(t, folder), Now: func() time.Time { return now }, Keep: 3}); err != nil {
		t.Fatal(err)
	}
	for path, there := range want {
		if _, err := os.Stat(path); (err == nil) != there {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestWhatAKilledBackupLeftHindersNoRestore(t *testing.T) {
	t.Parallel()
	file, store := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db")), filepath.Join(t.TempDir(), "sluice.db")
	if err := os.Mkdir(filepath.Join(filepath.Dir(store), ".sluice-backup-1.part"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), RestoreOptions{From: at(t, file), Store: store, Now: time.Now}); err != nil {
		t.Error(err)
	}
}
