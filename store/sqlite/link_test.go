package sqlite

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The log is next to the file itself, and whoever looks for it has to look there.
func TestAStoreBehindASymbolicLinkIsTheFileItself(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	other, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(other, "store.db"), filepath.Join(t.TempDir(), "sluice.db")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first makes the file
		s, err := Open(Options{Path: link})
		if err != nil {
			t.Fatal(err)
		}
		if s.options.Path != file {
			t.Errorf("the store is %s, want %s", s.options.Path, file)
		}
		if _, err := os.Stat(s.options.Path + "-wal"); err != nil {
			t.Error(err)
		}
		opened, err := OpenFile(link, Watching)
		if err != nil {
			t.Fatal(err)
		}
		if opened.path != file {
			t.Errorf("the file is %s, want %s", opened.path, file)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, path := range []string{file, link} {
		mark := Restoring(path)
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Path: link}); err == nil || !strings.Contains(err.Error(), mark) {
			t.Errorf("with %s: %v", mark, err)
		}
		if err := os.Remove(mark); err != nil {
			t.Fatal(err)
		}
	}
}
