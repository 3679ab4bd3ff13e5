package spool

import (
	"fmt"
	"os"
)

// Fits returns ErrFull, with figures, if a file of size bytes has no room in the folder dir, or would leave too little for the file
// next to it, which is usually a store. The two may be on different file systems: then dir may be filled. Where the space is not known,
// every file fits.
func Fits(size int64, dir, next string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	free, total, known := space(folder)
	reserve := int64(0)
	if known && sameDisk(dir, next) {
		reserve = min(total/10, maxReserve)
	}
	if err := folder.Close(); err != nil {
		return err
	}
	if known && free-size < reserve {
		return fmt.Errorf("%w: %s has %d bytes free, and a file of %d bytes has to leave %d", ErrFull, dir, free, size, reserve)
	}
	return nil
}
