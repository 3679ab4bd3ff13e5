package backup

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

var key = func() seal.Key {
	k, err := seal.ParseMasterKey(strings.Repeat("A", 42) + "E=")
	if err != nil {
		panic(err)
	}
	return k
}()

func box(t *testing.T, key seal.Key) *seal.Box {
	t.Helper()
	b, err := seal.New(seal.Options{Keys: []seal.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// newStore makes a store with some records, one of them sealed, and closes it.
func newStore(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data", "sluice.db")
	st := openStore(t, path)
	private, err := box(t, key).Seal("test", []byte("private key"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Update(t.Context(), func(tx store.Tx) error {
		for i := range 100 {
			if err := tx.Settings.Put(fmt.Sprint("setting ", i), bytes.Repeat([]byte{byte(i)}, 1000)); err != nil {
				return err
			}
		}
		return errors.Join(tx.Pools.Insert(store.Pool{ID: "us-east-1_Backup001", Name: "pool"}),
			tx.SigningKeys.Insert(store.SigningKey{Owner: "us-east-1_Backup001", ID: "k1", Use: "id", Private: private, CreatedAt: time.Now()}))
	}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// held has the keys of a box at hand, whatever the store has.
func held(b *seal.Box) Keys {
	return func(func(string) ([]byte, error)) *seal.Box { return b }
}

func openStore(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	st, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func at(t *testing.T, text string) *Location {
	t.Helper()
	l, err := At(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func made(t *testing.T, storePath, to string) string {
	t.Helper()
	l := at(t, to)
	name, _, err := Make(t.Context(), MakeOptions{Store: storePath, To: l, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return l.Name(name)
}

func verify(t *testing.T, text string, b *seal.Box) *Report {
	t.Helper()
	report, err := Verify(t.Context(), at(t, text), held(b))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestABackupIsVerifiedAndRestored(t *testing.T) {
	t.Parallel()
	path := newStore(t)
	file := made(t, path, filepath.Join(t.TempDir(), "new", "b.db"))
	report := verify(t, file, box(t, key))
	if len(report.Problems) > 0 {
		t.Errorf("problems: %q", report.Problems)
	}
	if got := report.Manifest.Rows["settings"]; got != 100 {
		t.Errorf("%d settings, want 100", got)
	}
	if want := []KeyUse{{ID: key.ID(), Secrets: 1, Held: true}}; !slices.Equal(report.Keys, want) {
		t.Errorf("keys %+v, want %+v", report.Keys, want)
	}
	to := filepath.Join(t.TempDir(), "data", "sluice.db")
	done, err := Restore(t.Context(), RestoreOptions{From: at(t, file), Store: to, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if done.Rows["settings"] != 100 || len(done.Replaced) > 0 {
		t.Errorf("restored %+v", done)
	}
	for _, p := range []string{file, ManifestOf(file), to} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", p, info.Mode(), err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte(key.Encode().Reveal())) {
		t.Errorf("the backup contains the master key: %v", err)
	}
	for _, dir := range []string{filepath.Dir(file), filepath.Dir(to)} {
		left, err := filepath.Glob(filepath.Join(dir, "*"+partSuffix))
		hidden, err2 := filepath.Glob(filepath.Join(dir, ".*"+partSuffix))
		if err != nil || err2 != nil || len(left)+len(hidden) > 0 {
			t.Errorf("left behind: %v %v", left, hidden)
		}
	}
	st := openStore(t, to)
	if err := st.View(t.Context(), func(tx store.Tx) error {
		_, err := tx.Pools.Get("us-east-1_Backup001")
		return err
	}); err != nil {
		t.Error(err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}

func TestVerifyMissesNoDamage(t *testing.T) {
	t.Parallel()
	path := newStore(t)
	whole, err := os.ReadFile(made(t, path, filepath.Join(t.TempDir(), "b.db")))
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string][]byte{"truncated": whole[:len(whole)-4096], "one byte short": whole[:len(whole)-1], "longer": append(bytes.Clone(whole), 0), "empty": nil}
	for i := 0; i < len(whole); i += len(whole)/20 + 1 {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1
		damaged[fmt.Sprint("byte ", i)] = flipped
	}
	for name, text := range damaged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := made(t, path, filepath.Join(t.TempDir(), "b.db"))
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if report := verify(t, file, nil); len(report.Problems) == 0 {
				t.Error("verify found nothing")
			}
			to := filepath.Join(t.TempDir(), "sluice.db")
			if _, err := Restore(t.Context(), RestoreOptions{From: at(t, file), Store: to, Now: time.Now}); err == nil {
				t.Error("it was restored")
			}
			if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("there is a store: %v", err)
			}
		})
	}
}

func TestADamagedPageIsFoundEvenIfTheManifestAgrees(t *testing.T) {
	t.Parallel()
	file := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db"))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	copy(text[4096*3:], make([]byte, 4096))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite(t, file, func(m *Manifest) {
		if m.SHA256, m.Size, err = digest(file); err != nil {
			t.Fatal(err)
		}
	})
	if report := verify(t, file, nil); len(report.Problems) == 0 {
		t.Error("verify found nothing")
	}
}

func rewrite(t *testing.T, file string, change func(*Manifest)) {
	t.Helper()
	text, err := os.ReadFile(ManifestOf(file))
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	change(m)
	if text, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ManifestOf(file), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestABackupThatTheManifestDescribesOtherwiseIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Manifest){
		"rows":   func(m *Manifest) { m.Rows["settings"]++ },
		"schema": func(m *Manifest) { m.Schema-- },
		"sum":    func(m *Manifest) { m.SHA256 = hex.EncodeToString(make([]byte, 32)) },
	} {
		file := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db"))
		rewrite(t, file, change)
		if report := verify(t, file, nil); len(report.Problems) == 0 {
			t.Errorf("%s: verify found nothing", name)
		}
	}
	file := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db"))
	rewrite(t, file, func(m *Manifest) { m.Format = 2 })
	if _, err := Verify(t.Context(), at(t, file), nil); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("a newer manifest: %v", err)
	}
	if err := os.Remove(ManifestOf(file)); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), at(t, file), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a manifest: %v", err)
	}
}

func TestVerifySaysWhichMasterKeyIsMissing(t *testing.T) {
	t.Parallel()
	file := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db"))
	other, err := seal.GenerateMasterKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*seal.Box{nil, box(t, other)} {
		if keys := verify(t, file, b).Keys; len(keys) != 1 || keys[0].Held || keys[0].ID != key.ID() {
			t.Errorf("%+v", keys)
		}
	}
}

func TestABackupOverwritesNothingWithoutBeingTold(t *testing.T) {
	t.Parallel()
	path, file := newStore(t), filepath.Join(t.TempDir(), "b.db")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := MakeOptions{Store: path, To: at(t, file), Now: time.Now}
	if _, _, err := Make(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("without Replace: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
	o.Replace = true
	if _, _, err := Make(t.Context(), o); err != nil {
		t.Errorf("with Replace: %v", err)
	}
	if report := verify(t, file, nil); len(report.Problems) > 0 {
		t.Errorf("%q", report.Problems)
	}
}

func TestAFolderKeepsTheLastBackups(t *testing.T) {
	t.Parallel()
	path, folder := newStore(t), t.TempDir()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for range 4 {
		now = now.Add(time.Hour)
		if _, _, err := Make(t.Context(), MakeOptions{Store: path, To: at(t, folder), Now: func() time.Time { return now }, Keep: 2}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{"sluice-20261129T150000.000Z.db", "sluice-20261129T150000.000Z.db.json", "sluice-20261129T160000.000Z.db", "sluice-20261129T160000.000Z.db.json"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	// One without its manifest is not complete.
	if err := os.Remove(filepath.Join(folder, want[3])); err != nil {
		t.Fatal(err)
	}
	if name, err := at(t, folder).Latest(t.Context()); err != nil || name != want[0] {
		t.Errorf("the latest is %q, %v", name, err)
	}
	for when, ok := range map[time.Time]bool{now.Add(-time.Hour): true, now.Add(-2 * time.Hour): false} {
		_, err := Restore(t.Context(), RestoreOptions{From: at(t, folder), Store: filepath.Join(t.TempDir(), "sluice.db"), At: when, Now: time.Now})
		if (err == nil) != ok {
			t.Errorf("as of %s: %v", when, err)
		}
	}
}

func TestRestoreRefusesAndKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	file := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db"))
	there := newStore(t)
	o := RestoreOptions{From: at(t, file), Store: there, Mine: []string{"master.key"}, Now: time.Now}
	if _, err := Restore(t.Context(), o); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a data directory with a store: %v", err)
	}
	o.Force = true
	running := openStore(t, there)
	if _, err := Restore(t.Context(), o); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("below a process: %v", err)
	}
	if err := running.Ping(context.Background()); err != nil {
		t.Errorf("the process afterwards: %v", err)
	}
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	done, err := Restore(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Replaced) != 1 {
		t.Fatalf("replaced %q", done.Replaced)
	}
	if err := openStore(t, done.Replaced[0]).Close(); err != nil {
		t.Errorf("what was replaced: %v", err)
	}
	// A store that is damaged is replaced, too.
	if err := os.WriteFile(there, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Now = func() time.Time { return time.Now().Add(time.Hour) }
	if _, err := Restore(t.Context(), o); err != nil {
		t.Errorf("over a damaged store: %v", err)
	}
	withKey := filepath.Join(t.TempDir(), "sluice.db")
	if err := os.WriteFile(filepath.Join(filepath.Dir(withKey), "master.key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Store, o.Force = withKey, false
	if _, err := Restore(t.Context(), o); err != nil {
		t.Errorf("beside a master key: %v", err)
	}
}

func TestADamagedStoreIsNotBackedUp(t *testing.T) {
	t.Parallel()
	path := newStore(t)
	f, err := sqlite.OpenFile(path, sqlite.Alone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Exec(t.Context(), `insert into spent_assertions (id, pool_id) values ('x', 'none')`, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if _, _, err := Make(t.Context(), MakeOptions{Store: path, To: at(t, folder), Now: time.Now}); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
