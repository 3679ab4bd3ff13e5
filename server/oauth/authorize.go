package oauth

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/oauth"
)

// sessionCookie is the name of the browser's session.
const sessionCookie = "cognito"

func session(r *http.Request, at mount.Point) string {
	c, err := r.Cookie(at.CookieName(sessionCookie))
	if err != nil {
		return ""
	}
	return c.Value
}

// authorize answers an authorization request from the browser's session, or sends the browser to the login page with the same
// parameters.
func (h *handler) authorize(w http.ResponseWriter, r *http.Request, at mount.Point) {
	guard(w)
	query, ok := parameters(w, r)
	if !ok {
		h.Pages.ShowError(w, r, oauth.Shown(oauth.KeyRequest, ""))
		return
	}
	if h.repeat(w, r, at, query) {
		return
	}
	opened, err := h.OAuth.Open(r.Context(), at.PoolID, query)
	if err != nil {
		h.refuse(w, r, at, err)
		return
	}
	if r.Method == http.MethodPost {
		query = oauth.Known(query)
	}
	next := encoded(r, query)
	if opened != nil {
		query, next = opened, opened.Encode()
	}
	a, err := h.OAuth.Parse(r.Context(), at.PoolID, query)
	if err != nil {
		h.refuse(w, r, at, err)
		return
	}
	a.Visit = a.Client.Visit(h.context(r))
	answer, err := h.OAuth.Resume(r.Context(), a, session(r, at))
	switch refused, ok := errors.AsType[*oauth.RedirectError](err); {
	case ok:
		h.deliver(w, r, at, refused.Response)
	case err != nil:
		h.Log.ErrorContext(r.Context(), "answering an authorization request", "pool", at.PoolID, "error", err)
		h.deliver(w, r, at, a.Fail(err).Response)
	case answer == nil && h.Providers != nil && a.Provider != "" && a.Provider != oauth.Local:
		h.Providers.Begin(w, r, a, query)
	case answer == nil:
		redirect(w, r, at.Path+loginPath+"?"+next)
	default:
		h.deliver(w, r, at, answer)
	}
}

// encoded returns the parameters as the request has them, or encodes those of a form.
func encoded(r *http.Request, query url.Values) string {
	if r.Method == http.MethodPost {
		return query.Encode()
	}
	return r.URL.RawQuery
}

// refuse answers to an error of a request.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, at mount.Point, err error) {
	if e, ok := errors.AsType[*oauth.RedirectError](err); ok {
		h.deliver(w, r, at, e.Response)
		return
	}
	e, ok := errors.AsType[*oauth.PageError](err)
	switch {
	case !ok:
		h.Log.ErrorContext(r.Context(), "reading a request of the OAuth endpoints", "pool", at.PoolID, "path", r.URL.Path, "error", err)
		e = oauth.Failed(err)
	case e.Key == oauth.KeyRedirect: // as Cognito does
		redirect(w, r, at.Path+errorPath+"?"+url.Values{"error": {e.Key}, "client_id": {e.ClientID}}.Encode())
		return
	}
	h.Pages.ShowError(w, r, e)
}

// deliver sends the browser to the client's redirect URI.
func (h *handler) deliver(w http.ResponseWriter, r *http.Request, at mount.Point, answer *oauth.Response) {
	if answer.Cookie != "" {
		http.SetCookie(w, at.Cookie(sessionCookie, answer.Cookie, answer.CookieMaxAge))
	}
	if answer.Form != nil {
		h.Pages.ShowForm(w, r, answer)
		return
	}
	redirect(w, r, answer.Location)
}

// redirect sends the browser to a location, by GET.
func redirect(w http.ResponseWriter, r *http.Request, location string) {
	w.Header().Set("Location", location)
	if r.Method == http.MethodPost {
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	w.WriteHeader(http.StatusFound)
}

// guard sets the headers of all answers to browsers.
func guard(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
}

// showError shows the page of an error, which the query names. It shows no text of the query.
func (h *handler) showError(w http.ResponseWriter, r *http.Request, _ mount.Point) {
	guard(w)
	query := r.URL.Query()
	h.Pages.ShowError(w, r, oauth.Shown(query.Get("error"), query.Get("client_id")))
}
