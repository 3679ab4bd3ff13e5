package spool

import "syscall"

// blockSize returns the unit in which the file system counts its blocks.
func blockSize(s *syscall.Statfs_t) int64 { return int64(s.Bsize) }
