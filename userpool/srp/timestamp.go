package srp

import (
	"errors"
	"strings"
	"time"
)

// ErrTimestamp is returned for a TIMESTAMP that does not parse.
var ErrTimestamp = errors.New("srp: TIMESTAMP does not parse")

// FormatTimestamp returns the time as it is signed: "EEE MMM d HH:mm:ss z yyyy" in English and UTC.
func FormatTimestamp(t time.Time) string { return t.UTC().Format("Mon Jan 2 15:04:05 UTC 2006") }

// ParseTimestamp reads a client's TIMESTAMP as leniently as the service does: a padded day or a weekday that does not
// belong to the date is accepted. The server then signs its own rendering of the time, so such a text fails at the
// signature and not here.
func ParseTimestamp(s string) (time.Time, error) {
	if len(s) > 64 {
		return time.Time{}, ErrTimestamp
	}
	f := strings.Fields(s)
	if len(f) != 6 || (f[4] != "UTC" && f[4] != "GMT") || !weekday(f[0]) {
		return time.Time{}, ErrTimestamp
	}
	t, err := time.Parse("Jan 2 15:04:05 2006", strings.Join([]string{f[1], f[2], f[3], f[5]}, " "))
	if err != nil {
		return time.Time{}, ErrTimestamp
	}
	return t, nil
}

func weekday(s string) bool {
	switch s {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}
