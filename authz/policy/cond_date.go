package policy

import (
	"strconv"
	"time"
)

// dateFamily compares instants: the W3C profile of ISO 8601 (https://www.w3.org/TR/NOTE-datetime) or epoch seconds.
type dateFamily struct{ less, equal, greater bool }

func (dateFamily) check(value string, variables bool) (message, suggestion string) {
	if message, suggestion = literalOnly(value, variables, "a date"); message != "" {
		return message, suggestion
	}
	if _, ok := parseInstant(value); !ok {
		return quote(value) + " is not a date", `write "2026-01-31T00:00:00Z", "2026-01-31" or seconds since 1970`
	}
	return "", ""
}

func (f dateFamily) compile(values []string, _ bool) relation {
	r := &dateRelation{family: f}
	for _, v := range values {
		if t, ok := parseInstant(v); ok {
			r.instants = append(r.instants, t)
		}
	}
	return r
}

type dateRelation struct {
	family   dateFamily
	instants []time.Time
}

func (r *dateRelation) holds(value string, _ Context) (match, ok bool) {
	t, ok := parseInstant(value)
	if !ok {
		return false, false
	}
	for _, i := range r.instants {
		if order := t.Compare(i); order < 0 && r.family.less || order == 0 && r.family.equal || order > 0 && r.family.greater {
			return true, true
		}
	}
	return false, true
}

// parseInstant reads YYYY, YYYY-MM, YYYY-MM-DD, or a date with Thh:mm, Thh:mm:ss or Thh:mm:ss.s… and "Z", ±hh:mm or ±hh. A
// date without a time begins in UTC. Digits alone, unless they are four, are epoch seconds.
func parseInstant(text string) (time.Time, bool) {
	number := text
	if number != "" && number[0] == '-' {
		number = number[1:]
	}
	if digits(number) && (len(number) != 4 || number != text) {
		// At most fifteen digits stay within the range of time.Time.
		if len(number) > 15 {
			return time.Time{}, false
		}
		n, err := strconv.ParseInt(text, 10, 64)
		return time.Unix(n, 0), err == nil
	}
	c := cursor{text: text}
	year, month, day := c.number(4), 1, 1
	if c.skip('-') {
		month = c.number(2)
		if c.skip('-') {
			day = c.number(2)
			if c.skip('T') || c.skip('t') {
				return c.clock(year, month, day)
			}
		}
	}
	return c.instant(year, month, day, 0, 0, 0, 0, 0)
}

// cursor reads digits and separators. After a failure it reads nothing more.
type cursor struct {
	text   string
	failed bool
}

func (c *cursor) number(width int) int {
	if len(c.text) < width || !digits(c.text[:width]) {
		c.failed = true
		return 0
	}
	n := 0
	for _, d := range []byte(c.text[:width]) {
		n = n*10 + int(d-'0')
	}
	c.text = c.text[width:]
	return n
}

func (c *cursor) skip(separator byte) bool {
	if c.text == "" || c.text[0] != separator {
		return false
	}
	c.text = c.text[1:]
	return true
}

// clock reads what follows "T".
func (c *cursor) clock(year, month, day int) (time.Time, bool) {
	width := 2
	if len(c.text) > 1 && c.text[1] == ':' {
		width = 1 // AWS reads such an hour too
	}
	hour := c.number(width)
	if !c.skip(':') {
		c.failed = true
	}
	minute := c.number(2)
	second, nano := 0, 0
	if c.skip(':') {
		second = c.number(2)
		if c.skip('.') {
			nano = c.fraction()
		}
	}
	if c.skip('Z') {
		return c.instant(year, month, day, hour, minute, second, nano, 0)
	}
	sign := 1
	if c.skip('-') {
		sign = -1
	} else if !c.skip('+') {
		c.failed = true
	}
	hours, minutes := c.number(2), 0
	if c.skip(':') {
		minutes = c.number(2)
	}
	if hours > 23 || minutes > 59 {
		c.failed = true
	}
	return c.instant(year, month, day, hour, minute, second, nano, sign*(hours*3600+minutes*60))
}

// fraction reads one to nine digits as nanoseconds.
func (c *cursor) fraction() int {
	n, width := 0, 0
	for ; c.text != "" && c.text[0] >= '0' && c.text[0] <= '9'; c.text = c.text[1:] {
		if width == 9 {
			c.failed = true
			return 0
		}
		n = n*10 + int(c.text[0]-'0')
		width++
	}
	if width == 0 {
		c.failed = true
	}
	for ; width < 9; width++ {
		n *= 10
	}
	return n
}

// instant returns the time if every field is in range and no text is left.
func (c *cursor) instant(year, month, day, hour, minute, second, nano, offset int) (time.Time, bool) {
	if c.failed || c.text != "" || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	if day < 1 || t.Day() != day {
		return time.Time{}, false
	}
	return t.Add(-time.Duration(offset) * time.Second), true
}
