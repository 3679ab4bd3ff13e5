package userpoolcmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/sluicegate/sluice/userpool"
)

func TestAnArchiveMovesAPoolToANewDataDirectory(t *testing.T) {
	from, to := newFolder(t), newFolder(t)
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
	out, err := from.run("export", "--recipient", key.Recipient().String(), file)
	if err != nil || !strings.Contains(out, "exported "+p.ID+" (notes): 0 users") {
		t.Fatalf("%v\n%s", err, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the archive: %v, %v", info, err)
	}
	if _, err := from.run("export", "--recipient", key.Recipient().String(), file); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("an export over a file: %v", err)
	}
	out, err = to.run("import", "--identity", keyFile, file)
	if err != nil || !strings.Contains(out, "imported "+p.ID+" (notes)") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := to.run("list"); err != nil || !strings.Contains(out, p.ID) {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := to.run("import", "--identity", keyFile, file); err == nil || !strings.Contains(err.Error(), "nothing was imported: the user pool "+p.ID+" (notes) already exists") {
		t.Errorf("the second import: %v", err)
	}
}

func TestAnArchiveNeedsAPassphrase(t *testing.T) {
	f := newFolder(t)
	if _, err := f.open().Pools.CreateUserPool(t.Context(), "notes", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "notes.age")
	if _, err := f.run("export", file); err == nil || !strings.Contains(err.Error(), "there is no passphrase") {
		t.Error(err)
	}
	secret := filepath.Join(t.TempDir(), "passphrase")
	for text, want := range map[string]string{"": "has no passphrase in its first line", "short\n": "shorter than 12 characters"} {
		if err := os.WriteFile(secret, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.env = map[string]string{"SLUICE_ARCHIVE_PASSPHRASE_FILE": secret}
		if _, err := f.run("export", file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	f.env["SLUICE_ARCHIVE_PASSPHRASE"] = "another passphrase"
	if _, err := f.run("export", file); err == nil || !strings.Contains(err.Error(), "both set") {
		t.Error(err)
	}
	f.env = map[string]string{"SLUICE_ARCHIVE_PASSPHRASE": "short"}
	if _, err := f.run("export", file); err == nil || !strings.Contains(err.Error(), "shorter than 12 characters") {
		t.Error(err)
	}
	if files, err := filepath.Glob(file + "*"); err != nil || len(files) > 0 {
		t.Errorf("files were left: %v, %v", files, err)
	}
	if err := os.WriteFile(file, []byte("username,email\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.run("import", file); err == nil {
		t.Error("another file was taken for an archive")
	}
}
