package userpoolcmd_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/userpool"
)

// A regression test. An import in a folder, or with a configuration, that names no data directory made a new store and a new master key
// next to it, and reported success, while the server's store did not change.
func TestAnImportMakesANewStoreOnlyWhereSomebodyNamedIt(t *testing.T) {
	from := newFolder(t)
	p, err := from.open().Pools.CreateUserPool(t.Context(), "notes", userpool.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	keyFile, file := filepath.Join(t.TempDir(), "key.txt"), filepath.Join(t.TempDir(), "notes.age")
	if err := os.WriteFile(keyFile, []byte(key.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := from.run("export", "--recipient", key.Recipient().String(), file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	guessed := &folder{t: t, app: config.App{BaseDir: t.TempDir()}}
	data := filepath.Join(guessed.app.BaseDir, "data")
	for _, args := range [][]string{{"import", "--identity", keyFile, file}, {"pull", "--from-aws", "us-east-1_AbCdEfGhI"}} {
		if out, err := guessed.run(args...); err == nil || !strings.Contains(err.Error(), "there is no store in "+data) || !strings.Contains(err.Error(), "name the folder with --data-dir") {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if _, err := os.Stat(data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s was made: %v", data, err)
	}
	named := filepath.Join(t.TempDir(), "data")
	out, err := guessed.run("import", "--data-dir", named, "--identity", keyFile, file)
	for _, want := range []string{"made a new store in " + named + "/sluice.db; its master key is in " + named + "/master.key", "imported " + p.ID, "to " + named + "/sluice.db"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: %q is missing in\n%s", err, want, out)
		}
	}
	if out, err := guessed.run("list", "--data-dir", named); err != nil || !strings.Contains(out, p.ID) {
		t.Errorf("%v\n%s", err, out)
	}
}
