package edgelogin

import (
	"net/http"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/fault"
)

// backCookie holds where the browser goes after it signed out at the provider, whose list of URLs has only the logout path.
const backCookie = "-b"

// logout signs the browser out: here, and at the provider. A link on the site itself, and a form on it, do so at once. For any
// other GET, which another site may have caused, a page asks. Without a session, the page says that the user is signed out.
func (v *visit) logout() {
	var raw string
	switch v.r.Method {
	case http.MethodGet:
		raw = v.r.URL.Query().Get("return_to")
	case http.MethodPost:
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxQuery)
		if err := v.r.ParseForm(); err != nil {
			v.page(http.StatusBadRequest, malformedPage)
			return
		}
		raw = v.r.Form.Get("return_to")
	default:
		v.w.Header().Set("Allow", "GET, POST")
		v.page(http.StatusMethodNotAllowed, malformedPage)
		return
	}
	to, ok := v.targets().Check(raw, v.site.Secure)
	if !ok {
		to = ""
	}
	// There may be several cookies of the name on a site without https: other hosts of the domain can add one.
	cookies := cookiesOf(v.r, CookieName(v.h.o.Cookie, v.site.Secure))
	switch {
	case len(cookies) == 0:
		v.signedOut(to)
	case v.r.Method == http.MethodPost && headers.CrossOrigin(v.r.Method, v.r.Header, v.site.Host, v.site.Secure):
		v.page(http.StatusForbidden, foreignPage)
	case v.r.Method == http.MethodGet && !v.asked():
		v.confirm(to)
	default:
		v.end(cookies, to)
	}
}

// asked reports whether the user asked for a GET: with a link on the site, or by typing the address.
func (v *visit) asked() bool {
	site := v.r.Header.Get("Sec-Fetch-Site")
	return (site == "same-origin" || site == "none") && navigates(v.r)
}

func (v *visit) end(cookies []string, to string) {
	ctx := v.r.Context()
	var ended *login.Ended
	for _, cookie := range cookies {
		e, err := v.h.o.Service.End(ctx, cookie, v.host)
		if kind := fault.KindOf(err); err != nil && kind != fault.NotAuthorized && kind != fault.ExpiredToken {
			v.failed(err) // the session lives on, so the cookie stays
			return
		}
		if err == nil {
			ended = e
		}
	}
	v.set(v.h.o.Cookie, "", 0)
	if ended == nil {
		v.signedOut(to)
		return
	}
	at, err := v.h.o.Service.Logout(ctx, ended, v.site.origin()+v.h.o.Logout)
	if err != nil {
		v.h.o.Log.Warn("signing out at the provider", "error", err)
	}
	if at == "" {
		v.signedOut(to)
		return
	}
	if to != "" {
		v.set(v.h.o.Cookie+backCookie, escape(to), login.AttemptLife)
	}
	v.goOn(at, leadingPage)
}

// signedOut sends the browser where it asked to go, or says that it is signed out.
func (v *visit) signedOut(to string) {
	name := v.h.o.Cookie + backCookie
	if kept, ok := cookieOf(v.r, CookieName(name, v.site.Secure)); ok {
		v.set(name, "", 0)
		// Anyone on the way may have written the cookie, so it is checked as the parameter is.
		if checked, ok := v.targets().Check(unescape(kept), v.site.Secure); ok && to == "" {
			to = checked
		}
	}
	if to != "" {
		v.goOn(to, leavingPage)
		return
	}
	v.page(http.StatusOK, signedOutPage)
}
