package edgelogin

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/poolid"
)

// cookiePrefix is the beginning of the names of all cookies of all logins, after authz.SecurePrefix on sites with https.
const cookiePrefix = "sluice-"

// Cookie returns the name of the session cookie of a login, without authz.SecurePrefix.
func Cookie(loginID string) string { return cookiePrefix + loginID }

// CookieName returns the name of a cookie on a site.
func CookieName(name string, secure bool) string {
	if secure {
		return authz.SecurePrefix + name
	}
	return name
}

// attemptInfix is between the name of the session cookie and the id of an attempt.
const attemptInfix = "-t-"

// The most that a browser may have of sign-ins that it has begun and not finished, in several tabs. The oldest give way.
const (
	maxAttempts     = 4
	maxAttemptBytes = 6 << 10 // of their cookies: servers before this one take 8 KiB, of one header or of all (nginx, Apache)
)

// set sets a cookie. A life of 0 deletes it.
func (v *visit) set(name, value string, life time.Duration) {
	c := http.Cookie{Name: CookieName(name, v.site.Secure), Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, //nolint:gosec // G124: Secure wherever the site is https
		Secure: v.site.Secure, SameSite: http.SameSiteLaxMode}
	if life == 0 {
		c.MaxAge = -1
	}
	v.w.Header().Add("Set-Cookie", c.String())
}

// cookieOf returns the value of a cookie; false if there is none, or more than one.
func cookieOf(r *http.Request, name string) (value string, ok bool) {
	values := cookiesOf(r, name)
	if len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// cookiesOf returns the values of all cookies with the name.
func cookiesOf(r *http.Request, name string) (values []string) {
	for _, c := range r.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// attemptCookie returns the name of the cookie of an attempt, without authz.SecurePrefix.
func (h *Handler) attemptCookie(id string) string { return h.o.Cookie + attemptInfix + id }

// makeRoom deletes the cookies of the oldest attempts, so that there is room for one more, whose value has n bytes.
func (v *visit) makeRoom(n int) {
	prefix := CookieName(v.h.attemptCookie(""), v.site.Secure)
	sizes, around := map[string]int{}, len(prefix)+len(login.AttemptID(noState))+len("=; ")
	n += around
	for _, c := range v.r.Cookies() {
		if id, ok := strings.CutPrefix(c.Name, prefix); ok && len(prefix)+len(id)+len("=; ") == around {
			sizes[id] += around + len(c.Value)
			n += around + len(c.Value)
		}
	}
	ids := slices.Sorted(maps.Keys(sizes))
	for len(ids) >= maxAttempts || len(ids) > 0 && n > maxAttemptBytes {
		v.set(v.h.attemptCookie(ids[0]), "", 0)
		n -= sizes[ids[0]]
		ids = ids[1:]
	}
}

// noState has the length of a state.
var noState = strings.Repeat("0", 40)

// Strip removes the cookies of all logins from a request, and those of the login pages of user pools on the same host. They are
// credentials, and upstreams have no use for them.
func Strip(header http.Header) {
	lines := header["Cookie"]
	if !slices.ContainsFunc(lines, holdsOurs) {
		return
	}
	kept := make([]string, 0, len(lines)) // the lines may be shared with the client's request
	for _, line := range lines {
		if line = stripLine(line); line != "" {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		delete(header, "Cookie")
		return
	}
	header["Cookie"] = kept
}

func stripLine(line string) string {
	if !holdsOurs(line) {
		return line
	}
	var b strings.Builder
	for piece := range strings.SplitSeq(line, ";") {
		piece = strings.Trim(piece, " \t")
		if name, _, _ := strings.Cut(piece, "="); ours(name) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(piece)
	}
	return b.String()
}

// holdsOurs reports whether a Cookie header has a cookie that Strip removes.
func holdsOurs(line string) bool {
	for piece := range strings.SplitSeq(line, ";") {
		if name, _, _ := strings.Cut(piece, "="); ours(strings.Trim(name, " \t")) {
			return true
		}
	}
	return false
}

// ours reports whether the name is that of a cookie of a login, or ends in the id of a user pool as those of package
// server/mount do.
func ours(name string) bool {
	name = strings.TrimPrefix(name, authz.SecurePrefix)
	if strings.HasPrefix(name, cookiePrefix) {
		return true
	}
	if strings.IndexByte(name, '_') < 0 {
		return false
	}
	for at := strings.IndexByte(name, '-'); at >= 0; {
		name = name[at+1:]
		if poolid.IsUserPool(name) {
			return true
		}
		at = strings.IndexByte(name, '-')
	}
	return false
}
