package login

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/branding"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauth"
)

const (
	maxQuery   = 16 << 10 // bytes; as userpool/oauth has it
	maxBody    = 64 << 10 // bytes; a passkey's registration has the most
	maxFields  = 100
	cookieLang = "lang"
	langLife   = 365 * 24 * time.Hour
)

// visit is one request for a page.
type visit struct {
	h    *Handler
	w    http.ResponseWriter
	r    *http.Request
	at   mount.Point
	path string // of the page, below the mount

	query   url.Values // the authorization request
	form    url.Values // of a POST
	lang    string
	browser string    // the browser's secret
	data    *pageData // from the page before; nil for none

	auth   *oauth.Authorization // nil on bare pages
	pool   *userpool.Pool
	client *userpool.Client
	style  branding.Style
	terms  pages.Terms // on the sign-up page

	stranger bool // the page is of a request to another handler
	leads    bool // a form of the page leads to an identity provider
	newUser  bool // the sign-in follows a sign-up
	remember bool // the user wants the browser to be remembered

	grant *grants.Pending // the device that the sign-in is for; nil for none
}

// ServeHTTP serves the pages, their stylesheet and script.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if pages.Serves(r.URL.Path) {
		h.Renderer.ServeHTTP(w, r)
		return
	}
	at, ok := mount.From(r.Context())
	page, known := h.routes[plain(r.URL.Path)]
	v := &visit{h: h, w: w, r: r, at: at, path: page.path, lang: "en"}
	if !ok || !known || at.PoolID == "" {
		v.problem(http.StatusNotFound, pages.Problem{What: pages.ProblemNotFound})
		return
	}
	if err := v.serve(page); err != nil {
		v.fail(err)
	}
}

// serve checks what all pages have in common, and runs the page's own part.
func (v *visit) serve(page route) error {
	run := page.get
	switch v.r.Method {
	case http.MethodGet:
	case http.MethodPost:
		run = page.post
	case http.MethodHead:
		if page.get != nil {
			v.bodyless(http.StatusOK) // a HEAD changes nothing, and continues no session
			return nil
		}
		run = nil
	default:
		run = nil
	}
	if run == nil {
		v.w.Header().Set("Allow", page.methods())
		v.problem(http.StatusMethodNotAllowed, pages.Problem{What: pages.ProblemNotFound})
		return nil
	}
	if len(v.r.URL.RawQuery) > maxQuery {
		v.problem(http.StatusRequestURITooLong, pages.Problem{What: pages.ProblemRequest})
		return nil
	}
	if v.h.Admit != nil {
		if err := v.h.Admit(v.r); err != nil {
			return err
		}
	}
	var err error
	if v.query, err = url.ParseQuery(v.r.URL.RawQuery); err != nil {
		v.problem(http.StatusBadRequest, pages.Problem{What: pages.ProblemRequest})
		return nil
	}
	v.chooseLanguage()
	if !v.knowBrowser() {
		return nil
	}
	if !page.bare {
		if ok, err := v.authorize(v.query); !ok || err != nil {
			return err
		}
		if page.local && !v.local() {
			return v.refuseLocal()
		}
	}
	return run(v)
}

// methods is the value of Allow.
func (p route) methods() string {
	switch {
	case p.post == nil:
		return "GET, HEAD"
	case p.get == nil:
		return "POST"
	}
	return "GET, HEAD, POST"
}

// chooseLanguage takes the language from the query, the cookie or the browser, and remembers the query's.
func (v *visit) chooseLanguage() {
	param, cookie := v.query.Get("lang"), ""
	if c, err := v.r.Cookie(v.at.CookieName(cookieLang)); err == nil {
		cookie = c.Value
	}
	v.lang = v.h.Renderer.Language(param, cookie, v.r.Header.Get("Accept-Language"))
	if param != "" && v.lang != cookie {
		http.SetCookie(v.w, v.at.Cookie(cookieLang, v.lang, langLife))
	}
	v.query.Del("lang")
}

// knowBrowser reads what the browser has, and reads and checks the form of a POST. It returns false if it has answered.
func (v *visit) knowBrowser() bool {
	v.browser = v.secret()
	if v.r.Method == http.MethodGet {
		v.data = v.load()
		return true
	}
	if status := v.readForm(); status != 0 {
		v.problem(status, pages.Problem{What: pages.ProblemRequest})
		return false
	}
	if v.data = v.load(); v.data != nil && v.continues() {
		v.newUser, v.remember = v.data.New, v.data.Remember
	}
	v.remember = v.remember || v.form.Get("remember_device") == "on"
	if v.h.origin.Check(v.r) != nil || !v.matchCSRF(v.form.Get(fieldCSRF), v.dataID()) {
		v.problem(http.StatusForbidden, pages.Problem{What: pages.ProblemForgery, Continue: v.address(v.start())})
		return false
	}
	return true
}

// start is the page on which to start over: the sign-in, or the page itself if it has no authorization request.
func (v *visit) start() string {
	if page := v.h.routes[plain(v.path)]; page.bare && page.get != nil {
		return v.path
	}
	return "/login"
}

// dataID is the ID of the page data that the page's form continues, "" if the page continues none.
func (v *visit) dataID() string {
	if v.data == nil || !v.continues() {
		return ""
	}
	return v.data.ID
}

// continues reports whether the page continues what is in the page data. The first pages do not: a form of theirs stays valid whatever
// other windows of the browser do.
func (v *visit) continues() bool {
	return !slices.Contains([]string{"/login", "/signup", "/forgotPassword"}, v.path)
}

// authorize reads the authorization request of the page. It returns false if it has answered.
func (v *visit) authorize(query url.Values) (bool, error) {
	ctx := v.r.Context()
	if v.h.Devices != nil && query.Has(fieldUserCode) && !query.Has("client_id") {
		return v.forDevice(query)
	}
	a, err := v.h.OAuth.Parse(ctx, v.at.PoolID, query)
	if err != nil {
		return false, v.refuseRequest(err)
	}
	a.AsksConsent = true // see release
	v.auth, v.pool, v.client = a, a.Pool, a.Client
	return true, v.takeStyle(ctx)
}

// takeStyle sets the look of the client's pages.
func (v *visit) takeStyle(ctx context.Context) error {
	style, err := v.h.Pools.Branding.StyleFor(ctx, v.at.PoolID, v.client.ID)
	if err == nil {
		v.style = *style
	}
	return err
}
