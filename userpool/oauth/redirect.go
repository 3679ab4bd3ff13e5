package oauth

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/userpool"
)

// registered reports whether a URI is one of the list, byte for byte.
func registered(uri string, list []string) bool {
	return uri != "" && !strings.ContainsAny(uri, "#\r\n") && slices.Contains(list, uri)
}

// isCallback reports whether codes and tokens of a client may go to a URI: it is one of CallbackURLs. The port of a loopback address does
// not count for a client that registered itself, since a native app gets another port each time (RFC 8252 section 7.3). It does for
// other clients, as at Cognito.
func (s *Service) isCallback(uri string, c *userpool.Client) bool {
	list := c.Settings.CallbackURLs
	if registered(uri, list) {
		return true
	}
	plain, ok := withoutPort(uri)
	if !ok || s.o.Strict || c.Settings.ClientType != userpool.ClientDCR {
		return false
	}
	return slices.ContainsFunc(list, func(known string) bool {
		other, ok := withoutPort(known)
		return ok && other == plain
	})
}

// withoutPort returns a URI of a loopback host without its port. It returns false for another URI, and for one that a browser could read
// differently.
func withoutPort(uri string) (string, bool) {
	rest, ok := strings.CutPrefix(uri, "http://")
	if !ok || strings.ContainsAny(uri, "#\\\r\n\t ") {
		return "", false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, path := rest[:end], rest[end:]
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		port, ok := strings.CutPrefix(authority, host)
		if ok && (port == "" || isPort(port)) {
			return host + path, true
		}
	}
	return "", false
}

// isPort reports whether a text is a colon and a port.
func isPort(text string) bool {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, ":"), 10, 16)
	return err == nil && n > 0 && text[0] == ':'
}
