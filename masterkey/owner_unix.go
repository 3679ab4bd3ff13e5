//go:build unix

package masterkey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// give gives a file the owner and the group of another one, so that a command of the administrator does not take keys away from the
// service.
func give(file *os.File, to fs.FileInfo) error {
	owner, ok := to.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if own, ok := info.Sys().(*syscall.Stat_t); ok && own.Uid == owner.Uid && own.Gid == owner.Gid {
		return nil
	}
	if err := file.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
		return fmt.Errorf("the file belongs to user %d and must keep its owner; run the command as that user: %w", owner.Uid, err)
	}
	return nil
}

// Writable returns why Make cannot replace the file; nil if it can. Mounted secrets, for example, are read-only.
func (f *File) Writable() error {
	path, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		return err
	}
	if dir := filepath.Dir(path); unix.Access(dir, unix.W_OK|unix.X_OK) != nil {
		return fmt.Errorf("this process may not write to the folder %s", dir)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if own, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() != 0 && int(own.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d, and only that user or root can replace it", path, own.Uid)
	}
	return nil
}

// lock locks a folder until unlock is called, against other processes that change files of keys in it.
func lock(dir string) (unlock func(), err error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, errors.Join(err, folder.Close()))
	}
	return func() { _ = folder.Close() }, nil // which unlocks it
}
