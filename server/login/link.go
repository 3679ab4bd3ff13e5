package login

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/threat"
)

// Limits of the parameters of links, in bytes. They are generous: the directory compares, and does not parse.
const (
	maxClient = 128
	maxName   = 4 * 128
	maxCode   = 2048
)

// confirmLink is the page that the link in a verification mail opens. A GET confirms the user. HEAD requests and prefetches of browsers
// change nothing. Mail scanners that open links with GET do confirm the user, as they do with AWS; the link then shows the same result to
// its reader until its code expires.
func (v *visit) confirmLink() error {
	if prefetches(v.r) {
		v.bodyless(http.StatusServiceUnavailable)
		return nil
	}
	var in directory.ConfirmInput
	if !v.readLink(param{"client_id", &in.ClientID, maxClient}, param{"user_name", &in.Username, maxName}, param{"confirmation_code", &in.Code, maxCode}) {
		v.linkProblem(http.StatusBadRequest, pages.Problem{What: pages.ProblemLink})
		return nil
	}
	in.Context = v.clientContext()
	if err := v.h.Pools.Users.ConfirmLink(v.r.Context(), v.at.PoolID, in); err != nil {
		v.refuseLink(err)
		return nil
	}
	return v.render(http.StatusOK, v.linkFrame(), pages.Done{What: pages.DoneConfirmed})
}

// feedback is the page that the one-click links of mails about risky sign-ins open. The token in the link proves that the mail was read.
func (v *visit) feedback() error {
	if prefetches(v.r) {
		v.bodyless(http.StatusServiceUnavailable)
		return nil
	}
	var name, event, token, value string
	if !v.readLink(param{"user_name", &name, maxName}, param{"event_id", &event, 64}, param{"feedback_token", &token, maxCode}, param{"feedback", &value, 16}) ||
		value != threat.Valid && value != threat.Invalid {
		v.linkProblem(http.StatusBadRequest, pages.Problem{What: pages.ProblemLink})
		return nil
	}
	if err := v.h.Pools.Threat.UserFeedback(v.r.Context(), v.at.PoolID, name, event, token, value); err != nil {
		v.refuseLink(err)
		return nil
	}
	return v.render(http.StatusOK, v.linkFrame(), pages.Done{What: pages.DoneFeedback})
}

// prefetches reports whether a browser requests the page before its user does.
func prefetches(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(r.Header.Get(name)), "prefetch") {
			return true
		}
	}
	return false
}

// param is a parameter of a link, its destination, and its limit in bytes.
type param struct {
	name  string
	field *string
	limit int
}

// readLink reads the parameters of a link, each of which must be there once.
func (v *visit) readLink(params ...param) bool {
	for _, p := range params {
		given := v.query[p.name]
		if len(given) != 1 || given[0] == "" || len(given[0]) > p.limit {
			return false
		}
		*p.field = given[0]
	}
	return true
}

// linkFrame is a frame without the query: nothing on the page may pass the address of the link on.
func (v *visit) linkFrame() pages.Frame {
	f := v.frame()
	f.Query = url.Values{}
	return f
}

func (v *visit) linkProblem(status int, p pages.Problem) {
	v.query = url.Values{}
	v.problem(status, p)
}

// refuseLink shows the error of a link, in the API's words where it has some.
func (v *visit) refuseLink(err error) {
	status, what, text := problemOf(err)
	switch {
	case status == http.StatusInternalServerError:
		v.h.Log.ErrorContext(v.r.Context(), "link of a mail", "path", v.path, "error", err)
	case status == http.StatusBadRequest:
		what = pages.ProblemLink
		if fault.Is(err, fault.ExpiredCode) {
			text = ""
		}
	}
	v.linkProblem(status, pages.Problem{What: what, Text: text})
}

// showSignedOut is the page after a sign-out that leads nowhere else.
func (v *visit) showSignedOut() error {
	return v.render(http.StatusOK, v.linkFrame(), pages.Done{What: pages.DoneSignedOut})
}
