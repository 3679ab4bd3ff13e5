package userpoolcmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
)

func TestImportCanBeRepeated(t *testing.T) {
	f := newFolder(t)
	pools := f.open()
	p, err := pools.Pools.CreateUserPool(t.Context(), "notes", userpool.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	path, report := filepath.Join(t.TempDir(), "users"), filepath.Join(t.TempDir(), "errors")
	if err := os.WriteFile(path, []byte(`{"username": "ann", "groups": ["readers"]}
{"username": "bob"}
{"username": "x y"}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := f.run("import", path)
	if err == nil || !strings.Contains(out, "user 1: Group not found.\nuser 3: The username must have") || !strings.Contains(out, "1 imported, 0 existed already, 2 could not be imported") {
		t.Error(out, err)
	}
	if err := os.WriteFile(report, []byte("of before"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err = f.run("import", "--create-groups", "--errors", report, path)
	if err == nil || !strings.HasPrefix(out, "1 imported, 1 existed already, 1 could not be imported (3 users in ") {
		t.Error(out, err)
	}
	if info, err := os.Stat(report); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the report: %v %v", info, err)
	}
	if text, err := os.ReadFile(report); err != nil || !strings.HasPrefix(string(text), "user 3: ") {
		t.Errorf("%s %v", text, err)
	}
	users, _, err := pools.Users.ListUsersInGroup(t.Context(), p.ID, "readers", "", 10)
	if err != nil || len(users) != 1 || users[0].Username != "ann" {
		t.Error(users, err)
	}
}

func TestImportRefusesFilesThatItDoesNotKnow(t *testing.T) {
	f := newFolder(t)
	if _, err := f.open().Pools.CreateUserPool(t.Context(), "notes", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"import", path}, {"import", "--format", "xml", path}, {"import", path + ".none"}, {"import"},
		{"import", "--format", "firebase", "--firebase-hash", path, path}} {
		if out, err := f.run(args...); err == nil {
			t.Error(args, out)
		}
	}
}
