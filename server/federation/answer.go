package federation

import (
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
)

const (
	sessionCookie = "cognito"    // the browser's session, of server/oauth
	browserCookie = "csrf-state" // the browser's secret, while it is at a provider

	providerCookie = "last-provider" // the provider that the user chose last, of server/login
	providerLife   = 365 * 24 * time.Hour

	maxQuery = 16 << 10
	maxForm  = 64 << 10
	again    = "again" // the parameter of a form that is sent a second time
)

// cookie returns the value of a cookie, "" without one.
func cookie(r *http.Request, at mount.Point, name string) string {
	c, err := r.Cookie(at.CookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// Begin sends a browser to the provider that an authorization request wants. query has the request's parameters.
func (h *Handler) Begin(w http.ResponseWriter, r *http.Request, a *oauth.Authorization, query url.Values) {
	at, _ := mount.From(r.Context())
	begun, err := h.Federation.Begin(r.Context(), federation.Start{Authorization: a, Query: query, Base: at.Base,
		Browser: cookie(r, at, browserCookie), Session: cookie(r, at, sessionCookie), Address: h.address(r)})
	if err != nil {
		h.refuse(w, r, at, err)
		return
	}
	c := at.Cookie(browserCookie, begun.Browser, federation.Life) //nolint:gosec // G124: Cookie sets what browsers take from the site
	if at.Secure() {
		c.SameSite = http.SameSiteNoneMode // forms of providers bring it, too
	}
	http.SetCookie(w, c) //nolint:gosec // G124: a site without HTTPS has no secure cookies
	redirect(w, r, begun.Location)
}

// answer takes the answer of an OIDC or social provider.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, at mount.Point) {
	values, ok := h.read(w, r, at, answerPath, maxForm)
	if !ok {
		return
	}
	h.finish(w, r, at, values.Get("state"), values)
}

// finish hands an answer over and sends the browser to the client.
func (h *Handler) finish(w http.ResponseWriter, r *http.Request, at mount.Point, state string, values url.Values) {
	end, err := h.Federation.Finish(r.Context(), at.PoolID, federation.Answer{State: state, Parameters: values,
		Browser: cookie(r, at, browserCookie), Session: cookie(r, at, sessionCookie), From: h.from(r)})
	if err != nil {
		h.refuse(w, r, at, err)
		return
	}
	h.release(w, r, at, end)
}

// release sends the browser to the client at the end of a sign-in, and remembers the provider for the login page.
func (h *Handler) release(w http.ResponseWriter, r *http.Request, at mount.Point, end *federation.Finished) {
	http.SetCookie(w, at.Cookie(providerCookie, url.QueryEscape(end.Authorization.Provider), providerLife))
	if end.Authorization.NeedsConsent() {
		h.Pages.Release(w, r, end)
		return
	}
	h.deliver(w, r, at, end.Response)
}

// read returns the parameters of an answer: those of the query of a GET, or those of the form of a POST, which has limit bytes at most. It
// returns false if it has answered.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, at mount.Point, path string, limit int64) (url.Values, bool) {
	values, ok := h.form(w, r, limit)
	if ok && r.Method == http.MethodPost && cookie(r, at, browserCookie) == "" && r.URL.RawQuery != again && !at.Secure() {
		h.repeat(w, r, at, path, values)
		return nil, false
	}
	return values, ok
}

// form returns the parameters of a request, as read does.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, limit int64) (url.Values, bool) {
	text := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		if err != nil {
			e := oauth.Shown(oauth.KeyState, "")
			e.Status = http.StatusRequestEntityTooLarge
			h.Pages.ShowError(w, r, e)
			return nil, false
		}
		text = string(body)
	} else if len(text) > maxQuery {
		h.Pages.ShowError(w, r, oauth.Shown(oauth.KeyState, ""))
		return nil, false
	}
	values, err := url.ParseQuery(text)
	if err != nil || !single(values) {
		h.Pages.ShowError(w, r, oauth.Shown(oauth.KeyState, ""))
		return nil, false
	}
	return values, true
}

// repeat has the browser send a form again. Now it comes from the pool's own site, and has its cookies. A form that the browser must not
// send is not worth more by that: the state in it is for the browser that has the cookie.
func (h *Handler) repeat(w http.ResponseWriter, r *http.Request, at mount.Point, path string, values url.Values) {
	form := &oauth.Response{Location: at.Base + path + "?" + again}
	for name, list := range values {
		form.Form = append(form.Form, oauth.Pair{Name: name, Value: list[0]})
	}
	h.Pages.ShowForm(w, r, form)
}
