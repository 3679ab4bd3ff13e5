package console

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

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

	foreign bool // a page of another origin has sent a form
	stale   bool // the form was about something that has changed meanwhile: its input would take that back
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
	if len(v.r.URL.RawQuery) > maxQuery {
		return v.refuse(http.StatusRequestURITooLong, "The address is too long.")
	}
	if v.query, err = url.ParseQuery(v.r.URL.RawQuery); err != nil || len(v.query) > maxFields {
		return v.refuse(http.StatusBadRequest, "The address is malformed.")
	}
	if methods := v.methods(); methods != "" && !isPage && !isForm && !signIn {
		v.w.Header().Set("Allow", methods)
		return v.refuse(http.StatusMethodNotAllowed, "This page does not accept such a request.")
	}
	if isForm {
		if status, problem := v.readForm(); status != 0 {
			return v.refuse(status, problem)
		}
		if !v.matchCSRF(v.form.Get(fieldCSRF)) {
			return v.outdated(run)
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

// methods are those that the path takes, "" if there is no such page.
func (v *visit) methods() string {
	_, form := v.h.forms[v.at]
	switch page := v.h.pages[v.at] != nil; {
	case page && form, v.at == "/sign-in":
		return "GET, HEAD, POST"
	case page:
		return "GET, HEAD"
	case form:
		return "POST"
	}
	return ""
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

// readForm reads the form of a POST and checks that no other site's page sent it. It returns the status of a refusal with its reason, or 0.
func (v *visit) readForm() (int, string) {
	if v.foreign {
		return http.StatusForbidden, "The form was not sent by this console. Nothing was changed."
	}
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
	return 0, ""
}

// outdated answers a form of the console whose token is not that of the browser's session.
func (v *visit) outdated(a action) error {
	const since = "You have signed in or out since this page was opened. Nothing was changed. "
	switch {
	case v.at == "/sign-in":
		return v.refuse(http.StatusForbidden, "This page was open for too long, or your browser keeps no cookies. Try again.")
	case v.who == nil:
		return v.askToSignIn()
	case v.at == "/role-policy" && !v.wantsJSON():
		return v.editAgain(http.StatusForbidden, since+"Look at the policy, and save it again.", nil)
	}
	v.carry()
	return v.again(a, fault.New(fault.Forbidden, since+"Look at the form, and send it again."))
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
	if v.frame.Problem = problem; problem == "" {
		v.frame.Notice = notices[v.query.Get("done")]
	}
	return v.h.o.Renders.Render(v.w, status, &v.frame, p)
}

// fillFrame makes the token of the page's forms.
func (v *visit) fillFrame() (err error) {
	v.frame.Region = v.region()
	if v.who != nil {
		v.frame.Who = v.who.Principal.ARN
	}
	if v.h.o.Members != nil {
		v.frame.Origins = v.h.o.Members.Origins(v.r.Context())
	}
	if v.foreign && v.browser == "" { // it has one, but has kept it back
		return nil
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
		return v.showSignIn(status, problem, v.asked())
	}
	way := crumbs("Overview", "/")
	if a, isForm := v.h.forms[v.at]; isForm {
		if back := about(a.back, v.query); strings.Contains(back, "?") {
			way = append(way, pages.Link{Text: "Back to the page", Href: back})
		}
	}
	return v.render(&pages.Page{Title: http.StatusText(status), Crumbs: way}, status, problem)
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
