//go:build linux || darwin

package spool

import (
	"os"
	"syscall"
)

// spaceOf returns the free and the total bytes of the file system of a file; false if they are not known.
func spaceOf(file *os.File) (free, total int64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Fstatfs(int(file.Fd()), &s); err != nil {
		return 0, 0, false
	}
	if s.Blocks == 0 { // a file system without a size, such as ramfs
		return 0, 0, false
	}
	size := blockSize(&s)
	return int64(s.Bavail) * size, int64(s.Blocks) * size, true //nolint:gosec // G115: no file system has 2^63 blocks
}

// sameDisk reports whether two files are on one file system.
func sameDisk(one, other string) bool {
	var a, b syscall.Stat_t
	return syscall.Stat(one, &a) == nil && syscall.Stat(other, &b) == nil && a.Dev == b.Dev
}
