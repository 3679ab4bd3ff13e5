//go:build unix

package sqlite

import (
	"os"
	"path/filepath"
	"syscall"
)

// Own gives a file that root made to the owner of its folder, as SQLite does with its logs: a service that runs under an account of its
// own must be able to open it. For others than root it does nothing.
func Own(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	folder, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Chown(path, int(folder.Uid), int(folder.Gid))
}
