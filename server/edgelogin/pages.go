package edgelogin

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/server/refusal"
)

// pageText is a page of the handler.
type pageText struct {
	Title, Text string
	Link        string // the text of the link that starts a sign-in; "" for none
	Done        bool   // nothing went wrong
}

var (
	signedOutPage = pageText{Title: "You are signed out", Text: "You can close this page.", Link: "Sign in again", Done: true}
	noAttemptPage = pageText{Title: "This sign-in has ended", Text: "It took too long, was already completed, or was started in another browser.", Link: "Start again"}
	cancelledPage = pageText{Title: "You did not sign in", Text: "The sign-in was cancelled.", Link: "Sign in"}
	refusedPage   = pageText{Title: "You could not be signed in", Text: "The sign-in service refused. If this happens again, tell the operator of this site.", Link: "Try again"}
	badAnswerPage = pageText{Title: "You could not be signed in", Text: "The sign-in service gave an answer that cannot be trusted. If this happens again, tell the operator of this site.", Link: "Try again"}
	tooOftenPage  = pageText{Title: "Too many sign-ins at a time", Text: "Many sign-ins came from your network. Wait a moment and try again.", Link: "Try again"}
	notSetUpPage  = pageText{Title: "Signing in is not set up", Text: "This site and its sign-in service do not match. Tell the operator of this site: the log says what to change."}
	awayPage      = pageText{Title: "Signing in is not possible just now", Text: "The sign-in service does not answer. Wait a moment and try again.", Link: "Try again"}
	foreignPage   = pageText{Title: "You are still signed in", Text: "Another site asked to sign you out."}
	malformedPage = pageText{Title: "This address is not right", Text: "Something in it is missing or malformed.", Link: "Sign in"}

	notNavigatedPage = pageText{Title: "Open this address in a browser tab", Text: "It leads to the sign-in page.", Link: "Sign in"}
)

// unregisteredPage says what to register. All of it is in the URL of any sign-in, too.
func unregisteredPage(u *login.Unregistered) pageText {
	return pageText{Title: "You cannot sign in at this address", Text: "Its sign-in service does not know it. If this site is yours, add " + u.RedirectURI +
		" to the CallbackURLs of the app client " + u.Client + "."}
}

// leadingPage is what a form that signs out is answered with.
var leadingPage = pageText{Title: "You are being signed out", Text: "The sign-in service signs you out, too.", Done: true}

// leavingPage is what it is answered with if only the site had to sign the user out.
var leavingPage = pageText{Title: "You are signed out", Text: "You are being taken to the next page.", Done: true}

// confirmText is the page that asks before it signs out.
var confirmText = pageText{Title: "Sign out?", Text: "You are signed in to this site.", Done: true}

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// pagePolicy allows the pages nothing but their style. It has no form-action: browsers apply it to redirects after a form too,
// and signing out redirects to the provider.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
}()

// pageData is what the template gets.
type pageData struct {
	pageText
	Style  template.CSS
	Start  string
	Action string // of the form that signs out; "" for none
	Target string
	Next   string // the URL that the page leads to by itself; "" for none
}

// page writes a page. A sign-in that begins there leads to where the browser wanted to go.
func (v *visit) page(status int, text pageText) {
	v.h.write(v.w, status, pageData{pageText: text, Start: v.h.start + "?" + url.Values{"return_to": {v.wanted}}.Encode()})
}

// goOn sends a browser to a URL. Chromium and Safari apply the form-action of the page with a form to redirects, too: where it allows the
// site only, a redirect to another would go nowhere, so a page leads there.
func (v *visit) goOn(at string, text pageText) {
	if v.r.Method == http.MethodPost && v.r.Header.Get("Sec-Fetch-Mode") == "navigate" && !strings.HasPrefix(at, "/") {
		v.h.write(v.w, http.StatusOK, pageData{pageText: text, Next: at})
		return
	}
	v.redirect(at)
}

// confirm asks whether to sign out.
func (v *visit) confirm(to string) {
	v.h.write(v.w, http.StatusOK, pageData{pageText: confirmText, Action: v.h.o.Logout, Target: to})
}

func (h *Handler) write(w http.ResponseWriter, status int, data pageData) {
	data.Style = template.CSS(pageStyle) //nolint:gosec // G203: the style is ours
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		h.o.Log.Error("a page of a login", "error", err)
	}
	head := w.Header()
	head.Set("Content-Security-Policy", pagePolicy)
	head.Set("Cache-Control", "no-store")
	head.Set("Referrer-Policy", "same-origin")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Frame-Options", "DENY")
	_ = refusal.Write(w, status, "text/html; charset=utf-8", b.Bytes()) // fails only if the client disconnected
}

// escape and unescape make a target fit for the value of a cookie.
func escape(target string) string { return url.QueryEscape(target) }

func unescape(value string) string {
	target, err := url.QueryUnescape(value)
	if err != nil {
		return ""
	}
	return target
}
