package urlpath

import (
	"errors"
	"strings"
)

var (
	errHostEmpty = errors.New("the Host header is missing")
	errHostForm  = errors.New("the Host header is malformed")
	errHostDot   = errors.New("the host name ends in a dot")
)

// CanonicalHost returns the host in lower case and without its port. A trailing dot is an error, since servers disagree
// on whether it makes another name.
func CanonicalHost(raw string) (string, error) {
	if raw == "" {
		return "", errHostEmpty
	}
	host, lower := raw, true
	if raw[0] == '[' {
		end := strings.IndexByte(raw, ']')
		if end < 0 || end+1 < len(raw) && raw[end+1] != ':' {
			return "", errHostForm
		}
		host = raw[:end+1]
	} else if i := strings.IndexByte(raw, ':'); i >= 0 {
		host = raw[:i]
	}
	if port := raw[len(host):]; !validPort(port) || host == "" || len(host) > 255 {
		return "", errHostForm
	}
	for i := 0; i < len(host); i++ {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		case (c == ':' || c == '[' || c == ']') && raw[0] == '[':
		case 'A' <= c && c <= 'Z':
			lower = false
		default:
			return "", errHostForm
		}
	}
	if host[len(host)-1] == '.' {
		return "", errHostDot
	}
	if !lower {
		host = strings.ToLower(host)
	}
	return host, nil
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	if len(port) < 2 || len(port) > 6 || port[0] != ':' {
		return false
	}
	for _, c := range port[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
