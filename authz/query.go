package authz

import (
	"errors"
	"net/url"
	"strings"
)

// maxParams is the largest number of query parameters that are read.
const maxParams = 256

var (
	errQueryEncoding = errors.New("the query contains a malformed percent-encoding")
	errQueryMany     = errors.New("the query contains too many parameters")
	errQuerySplit    = errors.New("the query contains a semicolon")
)

// param is a decoded query parameter.
type param struct {
	name, value string
	plain       bool // without an equals sign
}

// nextParam returns the first parameter of a raw query and the rest; ok is false at the end. It skips empty parts between
// ampersands. A semicolon is an error, because some servers treat it as a separator and others do not.
func nextParam(raw string) (p param, rest string, ok bool, err error) {
	for raw != "" {
		var piece string
		piece, raw, _ = strings.Cut(raw, "&")
		if piece == "" {
			continue
		}
		if strings.IndexByte(piece, ';') >= 0 {
			return p, raw, false, errQuerySplit
		}
		p, err = decodeParam(piece)
		return p, raw, err == nil, err
	}
	return p, "", false, nil
}

// decodeParam decodes a parameter.
func decodeParam(piece string) (p param, err error) {
	name, value, valued := strings.Cut(piece, "=")
	if p.name, err = unescape(name, true); err != nil {
		return p, errQueryEncoding
	}
	if p.value, err = unescape(value, true); err != nil {
		return p, errQueryEncoding
	}
	p.plain = !valued
	return p, nil
}

// eachParam calls f for the parameters of a raw query. A semicolon is a character of queries (RFC 3986 section 3.4), but
// some servers split at it. For a parameter with one, f is called for the whole and for its parts, with split set.
func eachParam(raw string, f func(p param, split bool)) error {
	n := 0
	call := func(piece string, split bool) error {
		if n++; n > maxParams {
			return errQueryMany
		}
		p, err := decodeParam(piece)
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

// queryValue returns the value of a parameter. Its name is compared without case, because condition keys are in lower
// case. found counts its occurrences in any spelling. An occurrence that servers read differently, because of a semicolon,
// or of a name or value that some cut or translate, counts twice.
func queryValue(raw, name string) (value string, found int, err error) {
	err = eachParam(raw, func(p param, split bool) {
		exact := strings.EqualFold(p.name, name)
		if !exact && !strings.EqualFold(looseName(p.name), name) {
			return
		}
		value = p.value
		found++
		if split || !exact || strings.IndexByte(p.value, 0) >= 0 {
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

// unescape decodes percent-encoding once. A plus is a space in queries only.
func unescape(s string, plusIsSpace bool) (string, error) {
	if strings.IndexByte(s, '%') < 0 && (!plusIsSpace || strings.IndexByte(s, '+') < 0) {
		return s, nil
	}
	if plusIsSpace {
		return url.QueryUnescape(s)
	}
	return url.PathUnescape(s)
}
