package userfile

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
)

// put sets the attribute of the name, or the custom attribute, if the pool has it and the value is not empty.
func put(p *userpool.Pool, e *importer.Entry, name, value string) {
	if value == "" {
		return
	}
	for _, n := range []string{name, "custom:" + name} {
		if p.Schema[n] != nil && n != "sub" {
			e.Attributes[n] = value
			return
		}
	}
}

// verify marks the address as verified, if present.
func verify(e *importer.Entry, attribute string, is bool) {
	if is && e.Attributes[attribute] != "" {
		e.Attributes[attribute+"_verified"] = "true"
	}
}

// name chooses the user name: the first of the names that can be one in the pool.
func name(p *userpool.Pool, names ...string) string {
	for _, n := range names {
		if _, err := p.UsernameAttribute(n); err == nil && userpool.ValidUsername(n) {
			return n
		}
	}
	return ""
}

// sub returns the id if it can be a sub, else "".
func sub(id string) string {
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != strings.ToLower(id) {
		return ""
	}
	return strings.ToLower(id)
}

// milliseconds returns the time, or zero for 0.
func milliseconds(n int64) time.Time {
	if n <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// instant parses a time of RFC 3339, and returns zero for anything else.
func instant(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Millisecond)
}
