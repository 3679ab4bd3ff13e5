package authz

import (
	"errors"
	"strings"
)

// maxParams is the largest number of query parameters that are read.
const maxParams = 256

var (
	errQueryEncoding = errors.New("the query holds a malformed percent-encoding")
	errQueryMany     = errors.New("the query holds too many parameters")
	errQuerySplit    = errors.New("the query holds a semicolon")
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
		name, value, valued := strings.Cut(piece, "=")
		if p.name, err = unescape(name, true); err != nil {
			return p, raw, false, errQueryEncoding
		}
		if p.value, err = unescape(value, true); err != nil {
			return p, raw, false, errQueryEncoding
		}
		p.plain = !valued
		return p, raw, true, nil
	}
	return p, "", false, nil
}

// queryValue returns the value of a parameter. Its name is compared without case, because condition keys are in lower
// case. found counts its occurrences in any spelling.
func queryValue(raw, name string) (value string, found int, err error) {
	for n := 0; raw != ""; n++ {
		var p param
		var ok bool
		if p, raw, ok, err = nextParam(raw); err != nil {
			return "", 0, err
		}
		if !ok {
			break
		}
		if n >= maxParams {
			return "", 0, errQueryMany
		}
		if strings.EqualFold(p.name, name) {
			value = p.value
			found++
		}
	}
	return value, found, nil
}
