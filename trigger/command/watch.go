package command

import (
	"os"
	"slices"
	"time"
)

// stamp tells states of a file apart. A file that cannot be read has the zero stamp.
type stamp struct {
	size    int64
	changed time.Time
}

func stampsOf(files []string) []stamp {
	all := make([]stamp, len(files))
	for i, file := range files {
		if info, err := os.Stat(file); err == nil {
			all[i] = stamp{size: info.Size(), changed: info.ModTime()}
		}
	}
	return all
}

func equal(a, b []stamp) bool { return slices.Equal(a, b) }
