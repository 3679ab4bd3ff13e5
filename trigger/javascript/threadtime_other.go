//go:build !linux

package javascript

import "time"

// threadTime returns false: the processor time of a thread is not known.
func threadTime() (time.Duration, bool) { return 0, false }
