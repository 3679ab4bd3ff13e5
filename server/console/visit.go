package console

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/console/pages"
	"github.com/sluicegate/sluice/server/rpc"
)

const (
	maxQuery  = 16 << 10  // bytes; tokens of lists are the longest
	maxBody   = 256 << 10 // bytes; a policy is the longest
	maxFields = 64
)

// visit is one request for a page.
type visit struct {
	h      *Handler
	w      http.ResponseWriter
	r      *http.Request
	at     string // the path below the console's
	host   string
	secure bool

	query   url.Values
	form    url.Values // of a POST
	browser string     // the browser's secret
	who     *Caller    // nil = not signed in
	other   string     // signed in, but not allowed to use the console
	frame   pages.Frame
}

// serve checks what all pages have in common, finds out who asks, and runs the page or the action.
func (v *visit) serve() error {
	var err error
	if v.who, v.other, err = v.identify(); err != nil {
		return err
	}
	page, isPage := v.h.pages[v.at]
	run, isForm := v.h.forms[v.at]
	signIn := v.at == "/sign-in"
	switch v.r.Method {
	case http.MethodGet, http.MethodHead:
		isForm = false
	case http.MethodPost:
		isPage = false
		isForm = isForm || signIn
	default:
		isPage, isForm, signIn = false, false, false
	}
	switch {
	case len(v.r.URL.RawQuery) > maxQuery:
		return v.refuse(http.StatusRequestURITooLong, "The address is too long.")
	case !isPage && !isForm && !signIn:
		if _, known := v.h.forms[v.at]; known || v.h.pages[v.at] != nil || v.at == "/sign-in" {
			return v.refuse(http.StatusMethodNotAllowed, "This page does not accept such a request.")
		}
	}
	if v.query, err = url.ParseQuery(v.r.URL.RawQuery); err != nil || len(v.query) > maxFields {
		return v.refuse(http.StatusBadRequest, "The address is malformed.")
	}
	if isForm {
		if status, problem := v.readForm(); status != 0 {
			return v.refuse(status, problem)
		}
	}
	switch {
	case signIn && isForm:
		return v.signIn()
	case v.who == nil:
		return v.askToSignIn()
	case signIn:
		v.redirect("/")
		return nil
	case isForm:
		return v.act(run)
	case isPage:
		return v.show(page, http.StatusOK, "")
	}
	return v.refuse(http.StatusNotFound, "There is no such page.")
}

// identify returns who asks.
func (v *visit) identify() (*Caller, string, error) {
	if v.h.o.Key {
		who, err := v.keySession()
		if who != nil || err != nil {
			return who, "", err
		}
	}
	if v.h.o.Members == nil {
		return nil, "", nil
	}
	return v.h.o.Members.Who(v.r)
}

// readForm reads the form of a POST and checks that the console's page sent it. It returns the status of a refusal with its reason, or 0.
func (v *visit) readForm() (int, string) {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return http.StatusUnsupportedMediaType, "This is not a form."
	}
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, maxBody))
	if err != nil {
		return http.StatusRequestEntityTooLarge, "The form is too large, or did not arrive."
	}
	if v.form, err = parseForm(string(body)); err != nil {
		return http.StatusBadRequest, "The form is malformed."
	}
	if headers.CrossOrigin(v.r.Method, v.r.Header, v.host, v.secure) || !v.matchCSRF(v.form.Get(fieldCSRF)) {
		return http.StatusForbidden, "The form was not sent by this console, or you have signed in or out since it was opened. Nothing was changed. Open the page again."
	}
	return 0, ""
}

// parseForm parses the body of a form. Every field must be there once.
func parseForm(body string) (url.Values, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, err
	}
	if len(form) > maxFields {
		return nil, errors.New("console: too many fields")
	}
	for name, values := range form {
		if len(values) != 1 {
			return nil, fmt.Errorf("console: field %q is given twice", name)
		}
	}
	return form, nil
}

// show renders a page for a signed-in user.
func (v *visit) show(page func(*visit) (*pages.Page, error), status int, problem string) error {
	p, err := page(v)
	if err != nil {
		return err
	}
	return v.render(p, status, problem)
}

func (v *visit) render(p *pages.Page, status int, problem string) error {
	if err := v.fillFrame(); err != nil {
		return err
	}
	v.frame.Problem = problem
	if problem == "" {
		v.frame.Notice = notices[v.query.Get("done")]
	}
	return v.h.o.Renders.Render(v.w, status, &v.frame, p)
}

// fillFrame makes the token of the page's forms.
func (v *visit) fillFrame() (err error) {
	if v.who != nil {
		v.frame.Who = v.who.Principal.ARN
	}
	if v.h.o.Members != nil {
		v.frame.Origins = v.h.o.Members.Origins(v.r.Context())
	}
	if err = v.needBrowser(); err == nil {
		v.frame.CSRF, err = v.csrfToken()
	}
	return err
}

// redirect sends the browser to a page of the console.
func (v *visit) redirect(to string) {
	pages.Protect(v.w.Header(), nil)
	v.w.Header().Set("Location", v.h.o.Path+to)
	v.w.WriteHeader(http.StatusSeeOther)
}

// refuse answers with a page that says why. It shows nothing to those who are not signed in.
func (v *visit) refuse(status int, problem string) error {
	if v.wantsJSON() {
		return v.json(status, map[string]string{"problem": problem})
	}
	if v.query == nil {
		v.query = url.Values{}
	}
	if v.who == nil {
		return v.showSignIn(status, problem, "")
	}
	return v.render(&pages.Page{Title: http.StatusText(status), Crumbs: []pages.Link{{Text: "Overview", Href: "/"}}}, status, problem)
}

// statuses are the statuses of kinds of faults. Others of a caller are 400.
var statuses = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Unavailable: http.StatusServiceUnavailable,
	fault.AccessDenied: http.StatusForbidden, fault.Forbidden: http.StatusForbidden,
	fault.ResourceNotFound: http.StatusNotFound, fault.UserNotFound: http.StatusNotFound, fault.NoSuchEntity: http.StatusNotFound,
	fault.TooManyRequests: http.StatusTooManyRequests, fault.ExpiredToken: http.StatusForbidden,
}

// statusOf returns the status and the text of an error.
func statusOf(err error) (int, string) {
	kind, message := rpc.Tell(err)
	status, ok := statuses[kind]
	if !ok {
		status = http.StatusBadRequest
	}
	if kind == fault.Internal {
		message = "Something broke. The log says what."
	}
	return status, message
}

// fail answers with an error.
func (v *visit) fail(err error) {
	status, message := statusOf(err)
	if status == http.StatusInternalServerError {
		v.h.o.Log.ErrorContext(v.r.Context(), "console", "path", v.at, "error", err)
	}
	rpc.RetryAfter(v.w.Header(), err)
	if err := v.refuse(status, message); err != nil {
		v.h.o.Log.ErrorContext(v.r.Context(), "console", "path", v.at, "error", err)
		http.Error(v.w, "Something broke. The log says what.", http.StatusInternalServerError)
	}
}
