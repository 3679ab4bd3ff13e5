//go:build unix

package masterkey_test

import (
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/sluicegate/sluice/masterkey"
)

// owner returns the owner of a file, and its mode.
func owner(t *testing.T, path string) (uid int, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return int(info.Sys().(*syscall.Stat_t).Uid), info.Mode().Perm()
}

func TestTheFileOfAnotherUserStaysTheirs(t *testing.T) {
	if os.Getuid() != 0 {
		return // only root can give files away
	}
	w := newWorld(t)
	file := w.file()
	first, err := file.Make(t.Context(), true)
	must(t, err)
	const nobody = 65534
	must(t, os.Chown(file.Path, nobody, nobody))
	_, err = file.Make(t.Context(), false)
	must(t, err)
	must(t, file.Remove(t.Context(), first.ID()))
	for _, path := range []string{file.Path, file.Path + masterkey.Retired} {
		if uid, mode := owner(t, path); uid != nobody || mode != 0o600 {
			t.Errorf("%s: uid %d, mode %o", path, uid, mode)
		}
	}
	kept := &masterkey.File{Path: file.Path + masterkey.Retired}
	keys, err := kept.Keys(t.Context())
	must(t, err)
	if len(keys) != 1 || keys[0].ID() != first.ID() {
		t.Errorf("the retired key is not kept: %v", keys)
	}
}
