package login

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/signin"
)

const (
	flowPassword = "USER_PASSWORD_AUTH"
	flowChoice   = "USER_AUTH"
)

// The challenges of a sign-in, as the API names them.
const (
	selectChallenge = "SELECT_CHALLENGE"
	selectMFA       = "SELECT_MFA_TYPE"
	setUpMFA        = "MFA_SETUP"
	newPassword     = "NEW_PASSWORD_REQUIRED"
	password        = "PASSWORD"
	passwordSRP     = "PASSWORD_SRP"
	webAuthn        = "WEB_AUTHN"
	emailOTP        = "EMAIL_OTP"
	smsOTP          = "SMS_OTP"
	smsMFA          = "SMS_MFA"
	tokenMFA        = "SOFTWARE_TOKEN_MFA"
)

// showLogin is GET /login: it continues the browser's session, or asks who the user is.
func (v *visit) showLogin() error {
	if v.auth.Provider != "" && v.auth.Provider != oauth.Local && v.h.Federation != nil {
		return v.toProvider(nil)
	}
	news := v.takeNews()
	if news == nil || news.late() { // someone who has signed in meanwhile, in another window or before a step back, continues
		response, err := v.resume()
		if err != nil {
			return v.refuseRequest(err)
		}
		if response != nil {
			return v.deliver(response)
		}
	}
	if news == nil {
		if shown, err := v.showAccounts(); shown || err != nil {
			return err
		}
	}
	name := v.auth.LoginHint
	if news == nil {
		news = new(pageData)
	}
	if news.Name != "" {
		name = news.Name
	}
	return v.askName(http.StatusOK, name, news.News, news.Errors)
}

// takeNews returns the page data if it is for the first page, and deletes it.
func (v *visit) takeNews() *pageData {
	d := v.data
	if d == nil || d.Step != stepLogin {
		return nil
	}
	v.drop()
	return d
}

// late reports whether the data say no more than that a sign-in took too long.
func (d *pageData) late() bool { return d.News != nil && d.News.Key == pages.ErrExpired }

// askName shows the first page of a sign-in.
func (v *visit) askName(status int, name string, news *pages.Alert, wrong []pages.FieldError) error {
	key, err := v.newPasskeyRequest()
	if err != nil {
		return err
	}
	offers, err := v.offers()
	if err != nil {
		return err
	}
	page := pages.SignIn{Providers: offers.buttons, EmailDomain: offers.byDomain, NoLocal: !offers.local}
	v.leads = offers.byDomain
	if offers.local {
		page.Username, page.Name, page.Password, page.Passkey = clip(name, maxShown), nameKind(v.pool), !v.chooses(), key
		page.SignUp, page.Forgot = v.signsUp(), !v.chooses() && v.resets()
	}
	return v.show(status, page, news, wrong)
}

// chooses reports whether users say who they are before they choose how they sign in. Where only a password is possible, one page asks for
// both.
func (v *visit) chooses() bool {
	return signin.Chooses(v.pool, v.client) && slices.ContainsFunc(v.pool.Settings.Policies.SignInPolicy.AllowedFirstAuthFactors,
		func(f string) bool { return f != userpool.FirstPassword })
}

func (v *visit) signsUp() bool {
	return !v.pool.Settings.AdminCreateUserConfig.AllowAdminCreateUserOnly
}
func (v *visit) resets() bool { return len(v.pool.Recovery) > 0 }

// nameKind says what users of the pool type to say who they are.
func nameKind(p *userpool.Pool) pages.NameKind {
	email := slices.Contains(p.Settings.UsernameAttributes, "email")
	phone := slices.Contains(p.Settings.UsernameAttributes, "phone_number")
	switch {
	case email && phone:
		return pages.NameEmailOrPhone
	case email:
		return pages.NameEmail
	case phone:
		return pages.NamePhone
	}
	return pages.NameUsername
}

// login is POST /login.
func (v *visit) login() error {
	switch action := v.form.Get("action"); {
	case action == "account":
		return v.useAccount()
	case action == "domain":
		return v.useDomain()
	case action == "another":
		return v.askName(http.StatusOK, "", nil, nil)
	case !v.local():
		return v.refuseLocal()
	case action == "passkey":
		return v.usePasskey()
	}
	name, given := v.userName(), v.form.Get("password")
	asks := !v.chooses() || v.form.Has("password") && given != ""
	if wrong := v.missing("username", asks && !v.chooses()); wrong != nil {
		return v.askName(http.StatusBadRequest, name, nil, wrong)
	}
	return v.begin(name, given)
}

// refuseLocal answers to what only users of the pool itself can do, at a client that has none: the pages must not act for it, nor use
// its secret.
func (v *visit) refuseLocal() error {
	return v.refuseRequest(oauth.Shown(oauth.KeyProvider, v.client.ID))
}

// missing returns errors for an empty name, and for an empty password if one is asked for.
func (v *visit) missing(field string, asksPassword bool) (wrong []pages.FieldError) {
	if v.form.Get(field) == "" {
		wrong = append(wrong, pages.FieldError{Field: field, Key: pages.ErrRequired})
	}
	if asksPassword && v.form.Get("password") == "" {
		wrong = append(wrong, pages.FieldError{Field: "password", Key: pages.ErrRequired})
	}
	return wrong
}

// begin begins a sign-in with a name and, if it is not empty, a password.
func (v *visit) begin(name, given string) error {
	request := v.request(flowPassword, map[string]string{"USERNAME": name})
	if v.chooses() {
		request.Flow = flowChoice
	}
	if given != "" {
		request.Parameters["PASSWORD"] = given
		if v.chooses() {
			request.Parameters["PREFERRED_CHALLENGE"] = password
		}
	}
	v.addDevice(name, request.Parameters)
	var err error
	if request.Known, err = v.known(name); err != nil {
		return err
	}
	result, err := v.h.Pools.SignIns.InitiateAuth(v.r.Context(), request)
	if errors.Is(err, signin.ErrReached) {
		request.Known = nil // the session is not enough for another reason, such as its age
		result, err = v.h.Pools.SignIns.InitiateAuth(v.r.Context(), request)
	}
	if err != nil {
		return v.refuseSignIn(name, given, err)
	}
	return v.proceed(name, result, nil)
}

// request is the beginning of a sign-in. It aims at the level that the app asks for.
func (v *visit) request(flow string, parameters map[string]string) signin.Request {
	return signin.Request{Hosted: true, PoolID: v.pool.ID, ClientID: v.client.ID, Flow: flow, Parameters: parameters, Levels: v.auth.Levels,
		Context: v.clientContext()}
}

// known returns the sign-in of the browser's session, whose methods count when the user with the name is to reach a higher level. It is nil
// if the app asks for a new sign-in. What a user did at an identity provider proves nothing to the pool.
func (v *visit) known(name string) (*signin.Known, error) {
	if len(v.auth.Levels) == 0 {
		return nil, nil
	}
	list, err := v.h.OAuth.Accounts(v.r.Context(), v.at.PoolID, v.session())
	for _, a := range list {
		if key := v.pool.Key(name); a.Provider == oauth.Local && v.auth.Reuses(&a, v.h.Now()) && (v.pool.Key(a.Name) == key || v.pool.Key(a.Note) == key) {
			return &signin.Known{Record: a.Record, Session: a.ID}, nil
		}
	}
	return nil, err
}

// refuseSignIn answers to a sign-in that failed. An account without confirmation, and one whose password must be reset, go on to the page
// that helps.
func (v *visit) refuseSignIn(name, given string, err error) error {
	switch fault.KindOf(err) {
	case fault.UserNotConfirmed:
		d := &pageData{Step: stepConfirm, Name: name, News: &pages.Alert{Kind: pages.AlertWarning, Key: pages.ErrNotConfirmed}}
		v.keepPassword(d, given)
		return v.next(d, lifeConfirm)
	case fault.PasswordResetRequired:
		return v.next(&pageData{Step: stepReset, Name: name, News: &pages.Alert{Kind: pages.AlertWarning, Key: pages.ErrResetRequired}}, lifeReset)
	default: // below
	}
	told, err := v.explain(err)
	if err != nil {
		return err
	}
	return v.backToLogin(told, name)
}

// backToLogin shows the first page with an error: at once if the form came from there, otherwise after a redirect.
func (v *visit) backToLogin(told answer, name string) error {
	if v.path == "/login" {
		return v.askName(told.status, name, told.alert, told.fields)
	}
	d := &pageData{Step: stepLogin, Name: name, News: told.alert}
	if d.News == nil && len(told.fields) > 0 {
		d.News = &pages.Alert{Kind: pages.AlertError, Key: told.fields[0].Key, Text: told.fields[0].Text}
	}
	return v.next(d, lifeNews)
}

// proceed answers to a result of the sign-in: the next challenge, with the news if there are some, or the end.
func (v *visit) proceed(name string, result *signin.Result, news *pages.Alert) error {
	if result.Authentication != nil {
		return v.complete(name, result.Authentication)
	}
	d := &pageData{News: news, Step: result.Challenge, Name: name, Session: result.Session, Parameters: result.Parameters, Available: result.Available,
		New: v.newUser, Remember: v.remember}
	if err := v.prepare(d); err != nil {
		return v.refuseSignIn(name, "", err)
	}
	return v.next(d, lifeSignIn)
}

// next keeps the data and sends the browser to the page that continues it.
func (v *visit) next(d *pageData, life time.Duration) error {
	if err := v.keep(d, life); err != nil {
		return err
	}
	path := "/challenge"
	switch d.Step {
	case stepLogin:
		path = "/login"
	case stepConfirm:
		path = "/confirm"
	case stepReset:
		path = "/confirmforgotPassword"
	case stepPasskey:
		path = "/passkeys/add"
	case stepDevice:
		path = "/device"
	case stepConsent:
		path = "/consent"
	}
	return v.goTo(path)
}
