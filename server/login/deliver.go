package login

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/signin"
)

// Authorizer checks and completes authorization requests. It is a *oauth.Service.
type Authorizer interface {
	Parse(ctx context.Context, poolID string, query url.Values) (*oauth.Authorization, error)
	Resume(ctx context.Context, a *oauth.Authorization, cookie string) (*oauth.Response, error)
	Complete(ctx context.Context, a *oauth.Authorization, by *signin.Authentication, cookie string) (*oauth.Response, error)
	Accounts(ctx context.Context, poolID, cookie string) ([]oauth.Account, error)
	OpenSession(ctx context.Context, a *oauth.Authorization, by *signin.Authentication) (string, error)
}

const cookieSession = "cognito" // the browser's session, of userpool/oauth

func (v *visit) session() string {
	c, err := v.r.Cookie(v.at.CookieName(cookieSession))
	if err != nil {
		return ""
	}
	return c.Value
}

// target is where a browser goes at the end of a sign-in.
type target struct {
	Location string       `json:"l"`
	Form     []oauth.Pair `json:"f,omitempty"` // of a form_post
}

// resume continues the browser's session. The response is nil if the user must be asked.
func (v *visit) resume() (*oauth.Response, error) {
	if v.grant != nil {
		return nil, nil
	}
	return v.h.OAuth.Resume(v.r.Context(), v.auth, v.session())
}

// complete ends a sign-in: the browser gets a session, new secrets, and the way back to the app.
func (v *visit) complete(name string, by *signin.Authentication) error {
	if err := v.keepDevice(name, by); err != nil {
		return err
	}
	if v.grant != nil {
		return v.signedInForDevice(name, by)
	}
	response, err := v.h.OAuth.Complete(v.r.Context(), v.auth, by, v.session())
	if err != nil {
		return v.refuseRequest(err)
	}
	v.setSession(response)
	if err := v.newBrowser(); err != nil {
		return err
	}
	v.dropOthers() // they are invalid
	to := target{response.Location, response.Form}
	if v.offersPasskey() {
		return v.next(&pageData{Step: stepPasskey, Name: response.Name, Sub: by.User.Sub, Target: &to}, lifeOffer)
	}
	return v.release(response.Name, to, lifeOffer)
}

// offersPasskey reports whether the user is asked for a passkey before the browser goes back to the app: after a sign-up, and if the
// browser came from /passkeys/add. Tokens in the target would be too long for the page data.
func (v *visit) offersPasskey() bool {
	return (v.newUser || v.query.Has(queryPasskey)) && signin.TakesPasskeys(v.pool, v.client) && v.auth.ResponseType == oauth.TypeCode
}

// lifeOffer is how long a user is asked for a passkey and for consent. The code of the authorization request, which waits in the meantime, lives
// longer.
const lifeOffer = 4 * time.Minute

// deliver answers with the response of a session that continues.
func (v *visit) deliver(r *oauth.Response) error {
	v.setSession(r)
	return v.release(r.Name, target{r.Location, r.Form}, lifeOffer)
}

func (v *visit) setSession(r *oauth.Response) {
	if r.Cookie != "" {
		http.SetCookie(v.w, v.at.Cookie(cookieSession, r.Cookie, r.CookieMaxAge))
	}
}

// leave sends the browser to the app.
func (v *visit) leave(to target) error {
	if to.Form == nil {
		v.redirect(to.Location)
		return nil
	}
	fields := make(map[string]string, len(to.Form))
	for _, p := range to.Form {
		fields[p.Name] = p.Value
	}
	f := v.frame()
	f.Sources = redirectSources(to.Location)
	return v.render(http.StatusOK, f, pages.FormPost{Action: to.Location, Fields: fields})
}

// refuseRequest answers to an error of the authorization request. Only one with a checked redirect URI goes there.
func (v *visit) refuseRequest(err error) error {
	if e, ok := errors.AsType[*oauth.RedirectError](err); ok {
		return v.leave(target{e.Response.Location, e.Response.Form})
	}
	if e, ok := errors.AsType[*oauth.PageError](err); ok {
		v.problem(e.Status, problemFor(e))
		return nil
	}
	return err
}

// problems are the pages about errors of the authorization request.
var problems = map[string]pages.ProblemWhat{oauth.KeyClient: pages.ProblemClient, oauth.KeyRedirect: pages.ProblemRedirect,
	oauth.KeyProvider: pages.ProblemProvider, oauth.KeyExpired: pages.ProblemExpired,
	oauth.KeyLate: pages.ProblemExpired, oauth.KeyDown: pages.ProblemProvider, oauth.KeyState: pages.ProblemAnswer, oauth.KeyAnswer: pages.ProblemAnswer}

// problemFor returns the page about an error, in most cases the one about a wrong request.
func problemFor(e *oauth.PageError) pages.Problem {
	switch {
	case e.Key == oauth.KeyError && e.Status == http.StatusInternalServerError:
		return pages.Problem{What: pages.ProblemServer}
	case e.Key == oauth.KeyError && e.Status == http.StatusServiceUnavailable:
		return pages.Problem{What: pages.ProblemUnavailable}
	}
	return pages.Problem{What: cmp.Or(problems[e.Key], pages.ProblemRequest)}
}

// showAccounts shows the users who are signed in with this browser, if the app asks for it. It returns false if there is nothing to show.
func (v *visit) showAccounts() (bool, error) {
	if !v.auth.Prompts(oauth.PromptSelectAccount) {
		return false, nil
	}
	list, err := v.accounts()
	if err != nil || len(list) == 0 {
		return false, err
	}
	return true, v.show(http.StatusOK, pages.Accounts{Accounts: list}, nil, nil)
}

func (v *visit) accounts() (list []pages.Account, err error) {
	known, err := v.h.OAuth.Accounts(v.r.Context(), v.at.PoolID, v.session())
	for _, a := range known {
		list = append(list, pages.Account{ID: a.ID, Name: a.Name, Note: a.Note})
	}
	return list, err
}

// useAccount continues the session of the user who was chosen.
func (v *visit) useAccount() error {
	if v.grant != nil { // a device gets tokens of a new sign-in only
		return v.askName(http.StatusOK, "", nil, nil)
	}
	chosen := *v.auth
	chosen.Account = v.form.Get("account")
	response, err := v.h.OAuth.Resume(v.r.Context(), &chosen, v.session())
	if err != nil {
		return v.refuseRequest(err)
	}
	if response == nil {
		return v.askName(http.StatusOK, v.auth.LoginHint, &pages.Alert{Kind: pages.AlertInfo, Key: pages.NewsStepUp}, nil)
	}
	return v.deliver(response)
}

// ShowError shows an error of the authorization request, for other handlers of the mount point.
func (h *Handler) ShowError(w http.ResponseWriter, r *http.Request, e *oauth.PageError) {
	v := h.stranger(w, r)
	p := problemFor(e)
	if e.Again != nil {
		v.query = e.Again
		p.Continue = v.address("/login")
	}
	v.problem(e.Status, p)
}

// ShowForm shows the form that takes an answer to the client's redirect URI, for other handlers of the mount point.
func (h *Handler) ShowForm(w http.ResponseWriter, r *http.Request, answer *oauth.Response) {
	v := h.stranger(w, r)
	if err := v.leave(target{answer.Location, answer.Form}); err != nil {
		v.fail(err)
	}
}

// Release asks the user whether an app may have the answer of a sign-in through an identity provider that has just ended.
func (h *Handler) Release(w http.ResponseWriter, r *http.Request, end *federation.Finished) {
	v := h.stranger(w, r)
	a := end.Authorization
	v.auth, v.pool, v.client, v.query, v.browser = a, a.Pool, a.Client, maps.Clone(end.Query), v.secret()
	v.chooseLanguage() // the page of the question knows the request without lang
	v.setSession(end.Response)
	if err := v.release(end.Username, target{end.Response.Location, end.Response.Form}, lifeOffer); err != nil {
		v.fail(err)
	}
}

// stranger is a visit for a page of another handler.
func (h *Handler) stranger(w http.ResponseWriter, r *http.Request) *visit {
	at, _ := mount.From(r.Context())
	v := &visit{h: h, w: w, r: r, at: at, path: "/login", query: url.Values{"lang": r.URL.Query()["lang"]}, stranger: true}
	v.chooseLanguage()
	return v
}

// repeatable are the paths of other handlers whose pages a browser gets again with the same request. The answer of an identity provider is
// not among them: it is taken once.
var repeatable = map[string]bool{"/oauth2/authorize": true, "/authorize": true, "/logout": true, "/error": true}

// again returns the path and the query with which the browser gets the page again, in another language; "" if it cannot.
func (v *visit) again() (string, url.Values) {
	query, err := url.ParseQuery(v.r.URL.RawQuery)
	if err != nil || v.r.Method != http.MethodGet || !repeatable[v.r.URL.Path] || len(v.r.URL.RawQuery) > maxQuery || query.Has("request_uri") { // which is used up
		return "", nil
	}
	return v.r.URL.Path, query
}
