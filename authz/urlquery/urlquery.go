// Package urlquery reads the parameters of queries in every way in which servers read them.
package urlquery

import (
	"errors"
	"net/url"
	"strings"
)

// MaxParams is the largest number of query parameters that are read.
const MaxParams = 256

var (
	errEncoding = errors.New("the query contains a malformed percent-encoding")
	errSplit    = errors.New("the query contains a semicolon")
)

// ErrMany is the error for more than MaxParams parameters.
var ErrMany = errors.New("the query contains too many parameters")

// Param is a decoded query parameter.
type Param struct {
	Name, Value string // decoded
	Plain       bool   // without an equals sign
}

// Next returns the first parameter of a raw query and the rest; ok is false at the end. It skips empty parts between
// ampersands. A semicolon is an error, because some servers treat it as a separator and others do not.
func Next(raw string) (p Param, rest string, ok bool, err error) {
	for raw != "" {
		var piece string
		piece, raw, _ = strings.Cut(raw, "&")
		if piece == "" {
			continue
		}
		if strings.IndexByte(piece, ';') >= 0 {
			return p, raw, false, errSplit
		}
		p, err = decode(piece)
		return p, raw, err == nil, err
	}
	return p, "", false, nil
}

// decode decodes a parameter.
func decode(piece string) (p Param, err error) {
	name, value, valued := strings.Cut(piece, "=")
	if p.Name, err = unescape(name); err != nil {
		return p, errEncoding
	}
	if p.Value, err = unescape(value); err != nil {
		return p, errEncoding
	}
	p.Plain = !valued
	return p, nil
}

// Each calls f for the parameters of a raw query. A semicolon is a character of queries (RFC 3986 section 3.4), but
// some servers split at it. For a parameter with one, f is called for the whole and for its parts, with split set.
func Each(raw string, f func(p Param, split bool)) error {
	n := 0
	call := func(piece string, split bool) error {
		if n++; n > MaxParams {
			return ErrMany
		}
		p, err := decode(piece)
		if err == nil {
			f(p, split)
		}
		return err
	}
	for piece := range strings.SplitSeq(raw, "&") {
		if piece == "" {
			continue
		}
		split := strings.IndexByte(piece, ';') >= 0
		if err := call(piece, split); err != nil {
			return err
		}
		for part := range strings.SplitSeq(piece, ";") {
			if !split || part == "" {
				continue
			}
			if err := call(part, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// Value returns the value of a parameter. Its name is compared without case, because condition keys are in lower
// case. found counts its occurrences in any spelling. An occurrence that servers read differently, because of a semicolon,
// or of a name or value that some cut or translate, counts twice.
func Value(raw, name string) (value string, found int, err error) {
	err = Each(raw, func(p Param, split bool) {
		exact := strings.EqualFold(p.Name, name)
		if !exact && !strings.EqualFold(looseName(p.Name), name) {
			return
		}
		value = p.Value
		found++
		if split || !exact || strings.IndexByte(p.Value, 0) >= 0 {
			found++
		}
	})
	return value, found, err
}

// looseName is how servers may read a parameter's name. PHP drops spaces before it, cuts it at a NUL and makes underscores of
// dots and spaces. There and in Rack and Express, a[b] and a[] are parts of a. Some split a target at its last question mark.
func looseName(name string) string {
	name = strings.TrimLeft(name, " ?")
	if end := strings.IndexAny(name, "[\x00"); end >= 0 {
		name = name[:end]
	}
	return underscores.Replace(name)
}

var underscores = strings.NewReplacer(".", "_", " ", "_")

// unescape decodes percent-encoding once.
func unescape(s string) (string, error) {
	if !strings.ContainsAny(s, "%+") {
		return s, nil
	}
	return url.QueryUnescape(s)
}
