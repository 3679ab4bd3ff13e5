package spool

import "syscall"

// blockSize returns the unit in which the file system counts its blocks. That is not always the size in which it likes to read.
func blockSize(s *syscall.Statfs_t) int64 {
	if s.Frsize > 0 {
		return int64(s.Frsize) //nolint:unconvert // the type depends on the processor
	}
	return int64(s.Bsize) //nolint:unconvert // the same
}
