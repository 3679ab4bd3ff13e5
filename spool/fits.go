package spool

import (
	"fmt"
	"os"
)

// maxSpare is the most that a file must leave free next to a store.
const maxSpare = 64 << 20

// Fits returns ErrFull, with figures, if a file of size bytes has no room in the folder dir, or would leave too little for the file
// next to it, which is usually a store: a tenth of its own size, but not more than 64 MiB. Longer files take longer to write, and
// the store's log grows meanwhile. The two may be on different file systems: then dir may be filled. Where the space is not known,
// every file fits.
func Fits(size int64, dir, next string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	free, _, known := space(folder)
	spare := int64(0)
	if known && sameDisk(dir, next) {
		spare = min(size/10, maxSpare)
	}
	if err := folder.Close(); err != nil {
		return err
	}
	if known && free-size < spare {
		return fmt.Errorf("%w: %s has %d bytes free, and a file of %d bytes has to leave %d", ErrFull, dir, free, size, spare)
	}
	return nil
}
