//go:build !linux && !darwin

package spool

import "os"

// spaceOf returns the free and the total bytes of the file system of a file; false if they are not known.
func spaceOf(*os.File) (free, total int64, known bool) { return 0, 0, false }

// sameDisk reports whether two files are on one file system, as far as that is known.
func sameDisk(string, string) bool { return false }
