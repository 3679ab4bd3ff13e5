package login

import (
	"net/url"
	"strings"
)

// MaxTarget is the length of the longest target, in bytes. A longer one might not fit into the cookie of an attempt, nor do many quotes,
// which browsers encode.
const MaxTarget = 1800

// Targets are where a browser may be sent after it signed in or out: paths of the site itself, and the hosts of a list. They are
// safe against open redirects: the result begins with one slash, or with a scheme and a host of the list.
type Targets struct {
	Hosts []string // with a port, unless it is the scheme's; in lower case
}

// Check returns the target to send the browser to; false if raw is not allowed. secure reports whether the site is https: a
// target on another host must not be less protected.
func (t Targets) Check(raw string, secure bool) (string, bool) {
	if raw == "" || len(raw) > MaxTarget || strings.ContainsFunc(raw, unsafeInTarget) {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", false
	}
	if u.Scheme == "" && u.Host == "" {
		return raw, raw[0] == '/' && !strings.HasPrefix(raw, "//") && !strings.HasPrefix(u.Path, "//")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || secure) {
		return "", false
	}
	for _, host := range t.Hosts {
		if strings.EqualFold(u.Host, host) {
			return u.String(), true
		}
	}
	return "", false
}

// unsafeInTarget reports whether browsers change or drop the character in a URL, or read it as a slash.
func unsafeInTarget(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }
