package api

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// Value returns *p, or the zero value if p is nil.
func Value[T any](p *T) T {
	var zero T
	return ValueOr(p, zero)
}

// ValueOr returns *p, or otherwise if p is nil.
func ValueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// Optional returns a pointer to text, or nil for "".
func Optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Timestamp is a time in a request or an answer: seconds since 1970 with a fraction in JSON, ISO 8601 in XML. Both have
// milliseconds at most, as at AWS.
type Timestamp struct{ time.Time }

// At returns the Timestamp of t, or nil for the zero time.
func At(t time.Time) *Timestamp {
	if t.IsZero() {
		return nil
	}
	return &Timestamp{t}
}

// maxEpoch is the end of the year 9999. UnmarshalJSON refuses times outside of ±maxEpoch.
const maxEpoch = 253402300799

var errTimestamp = errors.New("not a number of seconds since 1970")

// MarshalJSON returns the seconds since 1970.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// UnmarshalJSON reads seconds since 1970.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	seconds, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.Abs(seconds) > maxEpoch {
		return errTimestamp
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

// ISO8601 returns the time in UTC as XML answers have it, with milliseconds only if they are not zero.
func (t Timestamp) ISO8601() string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z07:00")
}
