package urlpath

import (
	"slices"
	"strings"
)

// Readings returns the possible meanings of a path with encoded slashes or path parameters, and the path to forward,
// decoded and encoded. Some servers decode "%2F" and others do not; some cut segments at ';'. Clients that sign requests
// may send such paths, and a decision is safe if it is the same for every reading. Each reading is a canonical path
// except for the text "%2F" and semicolons. A path that Canonical refuses for another reason is an error.
func Readings(raw string) (readings []string, decoded, encoded string, err error) {
	switch {
	case len(raw) > MaxBytes:
		return nil, "", "", ErrTooLong
	case raw == "" || raw[0] != '/':
		return nil, "", "", ErrForm
	}
	var literal, plain, passed []byte
	for i := 0; i < len(raw); i++ {
		c, escaped := raw[i], raw[i] == '%'
		if escaped {
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return nil, "", "", ErrEncoding
			}
			c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
		}
		switch {
		case c == '\\' || escaped && c == '.':
			return nil, "", "", ErrEncoded
		case !escaped && (c == '?' || c == '#'):
			return nil, "", "", ErrQuery
		}
		plain = append(plain, c)
		if escaped && c == '/' {
			literal = append(literal, "%2F"...)
		} else {
			literal = append(literal, c)
		}
		if escaped {
			passed = appendPathByte(passed, c, unreserved[c])
		} else {
			passed = appendPathByte(passed, c, pathByte[c] || c == '/' || c == ';')
		}
	}
	decoded, encoded = string(plain), string(passed)
	if err := checkDecoded(decoded); err != nil {
		return nil, "", "", err
	}
	if len(encoded) > MaxBytes {
		return nil, "", "", ErrTooLong
	}
	for _, reading := range []string{string(literal), decoded, cutParameters(string(literal)), cutParameters(decoded)} {
		if err := checkSegments(reading); err != nil {
			return nil, "", "", err
		}
		if !slices.Contains(readings, reading) {
			readings = append(readings, reading)
		}
	}
	return readings, decoded, encoded, nil
}

// cutParameters removes the parameters of each segment.
func cutParameters(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i], _, _ = strings.Cut(segment, ";")
	}
	return strings.Join(segments, "/")
}

func checkSegments(path string) error {
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		if err := checkSegment(segment, i == len(segments)-1); err != nil {
			return err
		}
	}
	return nil
}
