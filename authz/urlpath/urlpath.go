package urlpath

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxBytes is the length of the longest path that Canonical accepts or returns, encoded, in bytes.
const MaxBytes = 8192

// Errors of paths without a canonical form. Clients may see their texts.
var (
	ErrTooLong   = errors.New("the path is too long")
	ErrForm      = errors.New("the request target is not a path")
	ErrFragment  = errors.New("the request target contains a number sign, which must be encoded")
	ErrEmpty     = errors.New("the path contains an empty segment")
	ErrDots      = errors.New("the path contains a dot segment")
	ErrEncoding  = errors.New("the path contains a malformed percent-encoding")
	ErrDouble    = errors.New("the path is encoded twice")
	ErrEncoded   = errors.New("the path contains an encoded slash, backslash or dot")
	ErrBackslash = errors.New("the path contains a backslash")
	ErrParameter = errors.New("the path contains a path parameter")
	ErrControl   = errors.New("the path contains a control character")
	ErrUTF8      = errors.New("the path is not UTF-8")
	ErrQuery     = errors.New("the path contains a raw question mark or number sign")
)

// Canonical returns the canonical form of an encoded path: decoded for the decision, and encoded for forwarding. Both
// always represent the same bytes. A reserved character that is encoded stays encoded, because "+" and "%2B" may differ
// for the upstream (RFC 3986 section 2.2). Paths that servers read differently are an error: empty and dot segments,
// encoded slashes, backslashes and dots, path parameters, a second layer of encoding, control characters and invalid
// UTF-8 (RFC 3986 sections 2.4, 3.3 and 6).
func Canonical(raw string) (decoded, encoded string, err error) {
	switch {
	case len(raw) > MaxBytes:
		return "", "", ErrTooLong
	case raw == "" || raw[0] != '/':
		return "", "", ErrForm
	}
	plain, err := scanPath(raw)
	if err != nil {
		return "", "", err
	}
	if plain {
		return raw, raw, nil
	}
	return decodePath(raw)
}

// scanPath checks the raw bytes. plain means that no byte needs decoding or encoding, as in most paths.
func scanPath(raw string) (plain bool, err error) {
	plain = true
	segment := 1 // start of the current segment
	for i := 1; i <= len(raw); i++ {
		if i == len(raw) || raw[i] == '/' {
			if err := checkSegment(raw[segment:i], i == len(raw)); err != nil {
				return false, err
			}
			segment = i + 1
			continue
		}
		switch c := raw[i]; {
		case c == '\\':
			return false, ErrBackslash
		case c == ';':
			return false, ErrParameter
		case c < 0x20 || c == 0x7f:
			return false, ErrControl
		case c == '?' || c == '#':
			return false, ErrQuery
		case !pathByte[c]:
			plain = false
		}
	}
	return plain, nil
}

// checkSegment refuses segments that path cleaning removes. Only the last segment may be empty.
func checkSegment(s string, last bool) error {
	switch {
	case s == "" && !last:
		return ErrEmpty
	case s == "." || s == "..":
		return ErrDots
	}
	return nil
}

func decodePath(raw string) (decoded, encoded string, err error) {
	b := make([]byte, 0, len(raw))
	passed := make([]byte, 0, len(raw)+16)
	for i := 0; i < len(raw); i++ {
		c, keep := raw[i], pathByte[raw[i]] || raw[i] == '/'
		if c == '%' {
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return "", "", ErrEncoding
			}
			c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
			switch {
			case c == '/' || c == '\\' || c == '.':
				return "", "", ErrEncoded
			case c == ';':
				return "", "", ErrParameter
			}
			keep = unreserved[c]
		}
		b = append(b, c)
		passed = appendPathByte(passed, c, keep)
	}
	decoded = string(b)
	if err := checkDecoded(decoded); err != nil {
		return "", "", err
	}
	if len(passed) > MaxBytes {
		return "", "", ErrTooLong
	}
	return decoded, string(passed), nil
}

// appendPathByte appends a byte, percent-encoded unless plain is set.
func appendPathByte(b []byte, c byte, plain bool) []byte {
	if plain {
		return append(b, c)
	}
	const digits = "0123456789ABCDEF"
	return append(b, '%', digits[c>>4], digits[c&15])
}

// checkDecoded refuses text that is not UTF-8, contains control characters, or would change if it were decoded again.
func checkDecoded(s string) error {
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size <= 1 {
				return ErrUTF8
			}
		case unicode.IsControl(r):
			return ErrControl
		case r == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			return ErrDouble
		}
	}
	return nil
}

// CheckTarget refuses a request target that is not in origin form (RFC 9112 section 3.2). Some servers cut a query at a #.
func CheckTarget(target string) error {
	switch {
	case target != "" && target[0] != '/':
		return ErrForm
	case strings.IndexByte(target, '#') >= 0:
		return ErrFragment
	}
	return nil
}

const unreservedBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

var (
	// pathByte has the bytes that are not encoded in a segment: pchar of RFC 3986 without ';', at which some servers cut.
	pathByte = byteSet(unreservedBytes + "!$&'()*+,=:@")
	// unreserved has the bytes whose encoded and plain forms are the same (RFC 3986 section 2.3).
	unreserved = byteSet(unreservedBytes)
)

func byteSet(bytes string) (t [256]bool) {
	for i := 0; i < len(bytes); i++ {
		t[bytes[i]] = true
	}
	return t
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	default:
		return c - 'A' + 10
	}
}
