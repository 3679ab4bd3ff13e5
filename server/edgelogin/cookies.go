package edgelogin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/login"
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

// attemptInfix stands between the name of the session cookie and the id of an attempt.
const attemptInfix = "-t-"

// maxAttempts is the number of sign-ins that a browser may have begun at a time, in several tabs. The oldest gives way.
const maxAttempts = 4

// set sets a cookie. A life of 0 deletes it.
func (v *visit) set(name, value string, life time.Duration) {
	c := http.Cookie{Name: CookieName(name, v.site.Secure), Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true,
		Secure: v.site.Secure, SameSite: http.SameSiteLaxMode}
	if life == 0 {
		c.MaxAge = -1
	}
	v.w.Header().Add("Set-Cookie", c.String())
}

// cookieOf returns the value of a cookie; false if there is none, or more than one.
func cookieOf(r *http.Request, name string) (value string, ok bool) {
	for _, c := range r.CookiesNamed(name) {
		if ok {
			return "", false
		}
		value, ok = c.Value, true
	}
	return value, ok
}

// attemptCookie returns the name of the cookie of an attempt, without authz.SecurePrefix.
func (h *Handler) attemptCookie(id string) string { return h.o.Cookie + attemptInfix + id }

// makeRoom deletes the cookies of the oldest attempts, so that there is room for one more.
func (v *visit) makeRoom() {
	prefix := CookieName(v.h.attemptCookie(""), v.site.Secure)
	var ids []string
	for _, c := range v.r.Cookies() {
		if id, ok := strings.CutPrefix(c.Name, prefix); ok && len(id) == len(login.AttemptID(strings.Repeat("0", 40))) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for len(ids) >= maxAttempts {
		v.set(v.h.attemptCookie(ids[0]), "", 0)
		ids = ids[1:]
	}
}

// Strip removes the cookies of all logins from a request. Upstreams have no use for them.
func Strip(header http.Header) {
	lines := header["Cookie"]
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, cookiePrefix) }) {
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
	if !strings.Contains(line, cookiePrefix) {
		return line
	}
	var b strings.Builder
	for piece := range strings.SplitSeq(line, ";") {
		name := strings.TrimLeft(piece, " \t")
		if strings.HasPrefix(strings.TrimPrefix(name, authz.SecurePrefix), cookiePrefix) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(name)
	}
	return b.String()
}
