package authz

import (
	"errors"
	"strings"
)

// maxParams is how many query parameters the engine reads before it refuses to.
const maxParams = 256

var (
	errQueryEncoding = errors.New("the query holds a malformed percent-encoding")
	errQueryMany     = errors.New("the query holds too many parameters")
	errQuerySplit    = errors.New("the query holds a semicolon")
)

// param is one parameter of a query, decoded.
type param struct {
	name, value string
	plain       bool // written without an equals sign
}

// nextParam cuts the first parameter off a raw query. Empty pieces between ampersands are passed over. Semicolons separate
// for some servers and not for others, so that their meaning cannot be decided on.
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

// queryValue finds a parameter by name, compared without case: the name comes from a policy, where case is lost. found
// counts how often it is there, in whatever spelling.
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
