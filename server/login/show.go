package login

import (
	"net/http"
	"net/url"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
)

// address is the path of a page with the authorization request.
func (v *visit) address(path string) string {
	if len(v.query) == 0 {
		return v.at.Path + path
	}
	return v.at.Path + path + "?" + v.query.Encode()
}

// goTo sends the browser to another page.
func (v *visit) goTo(path string) error {
	v.redirect(v.address(path))
	return nil
}

func (v *visit) redirect(location string) {
	v.protect()
	v.w.Header().Set("Location", location)
	if v.r.Method == http.MethodPost { // RFC 9110 section 15.4.4: the next request is a GET
		v.w.WriteHeader(http.StatusSeeOther)
		return
	}
	v.w.WriteHeader(http.StatusFound)
}

// protect sets the headers of answers without a page.
func (v *visit) protect() {
	header := v.w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

func (v *visit) bodyless(status int) {
	v.protect()
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
}

// fail answers with a page about the error.
func (v *visit) fail(err error) {
	status, what, text := problemOf(err)
	if status == http.StatusInternalServerError {
		v.h.Log.ErrorContext(v.r.Context(), "login page", "path", v.path, "error", err)
	}
	again := v.path
	if v.h.routes[plain(again)].get == nil {
		again = v.start()
	}
	v.problem(status, pages.Problem{What: what, Text: text, Continue: v.address(again)})
}

// problemOf is the page about an error that no form can show.
func problemOf(err error) (status int, what pages.ProblemWhat, text string) {
	switch fault.KindOf(err) {
	case fault.Internal:
		return http.StatusInternalServerError, pages.ProblemServer, ""
	case fault.Unavailable:
		return http.StatusServiceUnavailable, pages.ProblemUnavailable, ""
	case fault.TooManyRequests, fault.LimitExceeded:
		return http.StatusTooManyRequests, pages.ProblemLimit, ""
	case fault.ResourceNotFound:
		return http.StatusNotFound, pages.ProblemClient, ""
	default: // a refusal
	}
	text, _ = fault.Message(err)
	return http.StatusBadRequest, pages.ProblemDenied, text
}

// retryAfter says when a browser or script may try again, with the answers that say later (RFC 9110 section 10.2.3).
func retryAfter(h http.Header, status int) {
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
}

// problem answers with an error page.
func (v *visit) problem(status int, p pages.Problem) {
	retryAfter(v.w.Header(), status)
	if err := v.h.Renderer.Render(v.w, status, v.frame(), p); err != nil {
		v.h.Log.Debug("answer not delivered", "error", err)
	}
}

// frame is what all pages show.
func (v *visit) frame() pages.Frame {
	f := pages.Frame{Lang: v.lang, Base: v.at.Path, Path: v.path, Query: v.query, Style: v.style, Terms: v.terms}
	if v.stranger {
		f.Path, f.Query = v.again()
	}
	if v.auth != nil {
		f.Client, f.Sources = v.client.Name, redirectSources(v.auth.RedirectURI)
		if v.leads {
			f.Sources = append(f.Sources, "https:")
		}
	}
	return f
}

// redirectSources returns the CSP sources to which a form may lead. Chromium applies form-action to every redirect that follows, and apps
// redirect further from their redirect URI: so it is the scheme.
func redirectSources(redirectURI string) []string {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Scheme == "" {
		return nil
	}
	if u.Scheme == "http" {
		return []string{"http:", "https:"}
	}
	return []string{u.Scheme + ":"}
}

// show answers with a page that has a form. news and wrong may be nil.
func (v *visit) show(status int, page pages.Page, news *pages.Alert, wrong []pages.FieldError) error {
	if err := v.needBrowser(); err != nil {
		return err
	}
	token, err := v.csrfToken(v.dataID())
	if err != nil {
		return err
	}
	f := v.frame()
	f.CSRF, f.Alert, f.Errors = token, news, wrong
	if v.data != nil && v.continues() && isChallenge(v.data.Step) {
		f.Expires = time.UnixMilli(v.data.Expires).Sub(v.h.Now())
	}
	return v.render(status, f, page)
}

func (v *visit) render(status int, f pages.Frame, page pages.Page) error {
	retryAfter(v.w.Header(), status)
	return v.h.Renderer.Render(v.w, status, f, page)
}
