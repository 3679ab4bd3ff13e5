package edgelogin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/authz/login"
)

// Challenge sends a browser that navigates without a session to the provider and returns true. For any other request, such as
// one of a script, it does nothing and returns false. target is the request target as the client sent it.
func (h *Handler) Challenge(w http.ResponseWriter, r *http.Request, target string) bool {
	if !navigates(r) {
		return false
	}
	site := h.o.Site(r)
	host, ok := site.name()
	if !ok {
		return false
	}
	v := &visit{h: h, w: w, r: r, site: site, host: host}
	v.wanted = v.target(target)
	v.send()
	return true
}

// navigates reports whether the request opens a page in a tab. Others could not show the provider's pages: frames are refused
// there, and scripts would follow the redirect to another origin. A page that is only prefetched must not start a sign-in.
func navigates(r *http.Request) bool {
	if r.Method != http.MethodGet || len(r.Header["Upgrade"]) > 0 {
		return false
	}
	head := r.Header
	if head.Get("Sec-Purpose") != "" || head.Get("Purpose") != "" {
		return false
	}
	if mode := head.Get("Sec-Fetch-Mode"); mode != "" {
		dest := head.Get("Sec-Fetch-Dest")
		return mode == "navigate" && (dest == "document" || dest == "")
	}
	return head.Get("X-Requested-With") == "" && strings.Contains(head.Get("Accept"), "text/html")
}

// begin starts a sign-in for a link. A browser that has a session continues at once.
func (v *visit) begin() {
	v.wanted = v.target(v.r.URL.Query().Get("return_to"))
	switch {
	case v.signedIn():
		v.redirect(v.wanted)
	case navigates(v.r):
		v.send()
	default:
		v.page(http.StatusUnauthorized, notNavigatedPage)
	}
}

// send sends the browser to the provider, which sends it back to the callback.
func (v *visit) send() {
	a, err := v.h.o.Service.Begin(v.r.Context(), login.Start{Host: v.host, RedirectURI: v.site.origin() + v.h.o.Callback, Target: v.wanted,
		Home: v.h.home})
	if err != nil {
		v.failed(err)
		return
	}
	v.makeRoom(len(a.Cookie))
	v.set(v.h.attemptCookie(a.ID), a.Cookie, login.AttemptLife)
	v.redirect(a.URL)
}

// callback takes the provider's answer (RFC 6749 section 4.1.2).
func (v *visit) callback() {
	query, err := url.ParseQuery(v.r.URL.RawQuery)
	if err != nil || repeats(query) || v.r.Method != http.MethodGet {
		v.page(http.StatusBadRequest, malformedPage)
		return
	}
	id := login.AttemptID(query.Get("state"))
	cookie, ok := cookieOf(v.r, CookieName(v.h.attemptCookie(id), v.site.Secure))
	if id == "" || !ok {
		v.noAttempt()
		return
	}
	v.wanted = v.target(v.h.o.Service.Wanted(cookie, v.host))
	if v.h.o.Admit != nil && v.h.o.Admit(v.r) != nil {
		v.w.Header().Set("Retry-After", "1")
		v.page(http.StatusTooManyRequests, tooOftenPage)
		return
	}
	made, err := v.h.o.Service.Finish(v.r.Context(), login.Answer{Host: v.host, Cookie: cookie, State: query.Get("state"), Code: query.Get("code"),
		Error: query.Get("error"), Issuer: query.Get("iss"), Old: v.session()})
	if errors.Is(err, login.ErrNoAttempt) {
		v.noAttempt()
		return
	}
	v.set(v.h.attemptCookie(id), "", 0)
	if err != nil {
		v.failed(err)
		return
	}
	v.set(v.h.o.Cookie, made.Cookie, v.h.o.Service.Lifetime())
	v.redirect(v.target(made.Target))
}

// repeats reports whether a parameter occurs twice (RFC 6749 section 3.1).
func repeats(query url.Values) bool {
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(query[name]) > 1 {
			return true
		}
	}
	return false
}

// noAttempt answers a callback that belongs to no sign-in of the browser: after a step back in its history, or a long wait, or
// because another person sent the browser here.
func (v *visit) noAttempt() {
	if v.signedIn() {
		v.redirect(v.wanted)
		return
	}
	v.page(http.StatusBadRequest, noAttemptPage)
}

// failed shows why there is no session.
func (v *visit) failed(err error) {
	refused, ok := errors.AsType[*login.Refused](err)
	unregistered, unknown := errors.AsType[*login.Unregistered](err)
	switch {
	case unknown:
		v.h.o.Log.Warn("users cannot sign in at this address", "error", err)
		v.page(http.StatusForbidden, unregisteredPage(unregistered))
	case ok && refused.Code == "access_denied":
		v.page(http.StatusUnauthorized, cancelledPage)
	case ok:
		v.h.o.Log.Warn("the provider refused a sign-in", "code", code(refused.Code))
		v.page(http.StatusUnauthorized, refusedPage)
	case errors.Is(err, login.ErrNotSetUp):
		v.h.o.Log.Error("users cannot sign in", "error", err)
		v.page(http.StatusInternalServerError, notSetUpPage)
	case errors.Is(err, login.ErrBadAnswer):
		v.h.o.Log.Warn("a sign-in failed", "error", err)
		v.page(http.StatusBadGateway, badAnswerPage)
	default:
		v.h.o.Log.Warn("a sign-in failed", "error", err)
		v.w.Header().Set("Retry-After", "10")
		v.page(http.StatusServiceUnavailable, awayPage)
	}
}

// code returns an error code as the log shows it. It comes from the URL, so anyone may have written it.
func code(text string) string {
	const most = 64
	if len(text) > most {
		text = text[:most]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
}
