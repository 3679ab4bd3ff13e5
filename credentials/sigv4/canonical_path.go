package sigv4

import "strings"

// maxPath is the maximum length of a path. The longest key of S3 has 1024 bytes, all of which may be percent-encoded.
const maxPath = 16 << 10

// appendPath appends the canonical form of a path that has passed checkPath.
func appendPath(dst []byte, raw string, rule PathRule) []byte {
	if raw == "" {
		return append(dst, '/')
	}
	if rule.Normalize && !normalPath(raw) {
		raw = normalizePath(raw)
	}
	for i := 0; i < len(raw); i++ {
		plain := i
		for i < len(raw) && (unreserved(raw[i]) || raw[i] == '/') {
			i++
		}
		dst = append(dst, raw[plain:i]...)
		if i == len(raw) {
			break
		}
		c := raw[i]
		switch {
		case c == '%' && !rule.DoubleEncode:
			c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
			// An encoded slash is part of a segment and stays encoded. No client signs it as a separator.
			if unreserved(c) {
				dst = append(dst, c)
			} else {
				dst = appendPercent(dst, c)
			}
		default:
			dst = appendPercent(dst, c)
		}
	}
	return dst
}

// checkPath returns an error if the path is too long, does not begin with a slash, or contains a control character or an
// invalid percent-encoding. Such a path has no canonical form.
func checkPath(raw string) *Error {
	if len(raw) > maxPath {
		return refuse(Malformed, "the path is too long")
	}
	if raw != "" && raw[0] != '/' {
		return refuse(Malformed, "the path does not begin with a slash")
	}
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c < ' ' || c == 0x7f:
			return refuse(Malformed, "the path contains a control character")
		case c == '%' && !percentAt(raw, i):
			return refuse(Malformed, "the path contains an invalid percent-encoding")
		}
	}
	return nil
}

// normalPath reports whether the path is known not to need normalizePath.
func normalPath(raw string) bool {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] == '/' && (raw[i+1] == '/' || raw[i+1] == '.') {
			return false // perhaps just a name that begins with a dot, which normalizePath leaves as it is
		}
	}
	return true
}

// normalizePath removes dot segments (RFC 3986 section 5.2.4) and empty segments. The result ends in a slash if the last
// segment was one of these.
func normalizePath(raw string) string {
	var kept []string
	directory := false
	for segment := range strings.SplitSeq(raw, "/") {
		directory = segment == "" || segment == "." || segment == ".."
		switch {
		case segment == "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		case !directory:
			kept = append(kept, segment)
		}
	}
	if len(kept) == 0 {
		return "/"
	}
	path := "/" + strings.Join(kept, "/")
	if directory {
		path += "/"
	}
	return path
}

// escaped is 1 for each byte that is percent-encoded in canonical form: all but the unreserved characters of RFC 3986
// section 2.3.
var escaped = func() (table [256]uint8) {
	for c := range table {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", rune(c)) {
			table[c] = 1
		}
	}
	return table
}()

// unreserved reports whether c is not percent-encoded in canonical form.
func unreserved(c byte) bool { return escaped[c] == 0 }

// appendPercent appends %XX in upper case, as AWS requires.
func appendPercent(dst []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(dst, '%', digits[c>>4], digits[c&15])
}

// percentAt reports whether s has a valid %XX at i.
func percentAt(s string, i int) bool {
	return i+2 < len(s) && s[i] == '%' && isHex(s[i+1]) && isHex(s[i+2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
