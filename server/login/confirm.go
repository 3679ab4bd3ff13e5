package login

import (
	"cmp"
	"net/http"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool/directory"
)

// showConfirm is GET /confirm: it asks for the code of a sign-up. Whose, is in the page data only: a page that took any name would tell who is
// confirmed.
func (v *visit) showConfirm() error {
	if v.data == nil || v.data.Step != stepConfirm {
		return v.goTo("/login")
	}
	return v.askConfirm(http.StatusOK, answer{alert: v.data.News})
}

func (v *visit) askConfirm(status int, told answer) error {
	d := v.data
	return v.show(status, pages.Confirm{Username: clip(d.Name, maxShown), Destination: d.Destination, Medium: d.Medium}, told.alert, told.fields)
}

// confirm is POST /confirm.
func (v *visit) confirm() error {
	d := v.data
	if d == nil || d.Step != stepConfirm || v.form.Get("action") == "resend" {
		return v.resendCode()
	}
	code := digits(v.form.Get("code"))
	if code == "" {
		return v.askConfirm(http.StatusBadRequest, answer{fields: []pages.FieldError{{Field: "code", Key: pages.ErrRequired}}})
	}
	session, err := v.h.Pools.Users.ConfirmSignUp(v.r.Context(), directory.ConfirmInput{ClientID: v.client.ID,
		Username: d.Name, Code: code, Session: d.Session, Context: v.clientContext()})
	if err != nil {
		return v.refuseConfirm(err)
	}
	return v.signInNew(d.Name, d.Password, session)
}

// refuseConfirm shows an error with the form for the code, unless the user is confirmed meanwhile.
func (v *visit) refuseConfirm(err error) error {
	told, err := v.explain(err)
	if err != nil {
		return err
	}
	if told.over {
		return v.backToLogin(told, v.data.Name)
	}
	return v.askConfirm(told.status, told)
}

// resendCode is POST /resendcode: it sends another code for a sign-up.
func (v *visit) resendCode() error {
	d := v.data
	if d == nil || d.Step != stepConfirm {
		return v.goTo("/login")
	}
	to, err := v.h.Pools.Users.ResendConfirmationCode(v.r.Context(), directory.CodeRequest{ClientID: v.client.ID,
		Username: d.Name, Context: v.clientContext()})
	if err != nil {
		return v.refuseConfirm(err)
	}
	d.sentTo(to)
	d.News = sent(d.Destination)
	return v.next(d, lifeConfirm)
}

// sent says that a code was sent.
func sent(destination string) *pages.Alert {
	if destination == "" {
		return &pages.Alert{Kind: pages.AlertSuccess, Key: pages.NewsCodeAgain}
	}
	return &pages.Alert{Kind: pages.AlertSuccess, Key: pages.NewsCodeSent, Args: map[string]string{"destination": destination}}
}

// signInNew signs in a user who has just proved the code of a sign-up: by the password of the sign-up, if the browser still has it, or by
// the Session of the confirmation. Without either, the user signs in on the first page.
func (v *visit) signInNew(name, given, session string) error {
	request := v.request(flowPassword, map[string]string{"USERNAME": name, "PASSWORD": given})
	switch {
	case given != "" && v.chooses():
		request.Flow, request.Parameters["PREFERRED_CHALLENGE"] = flowChoice, password
	case given != "":
	case session != "":
		request.Flow, request.Session, request.Parameters = flowChoice, session, map[string]string{"USERNAME": name}
	default:
		return v.afterSuccess(name, pages.NewsConfirmed)
	}
	v.newUser = true
	result, err := v.h.Pools.SignIns.InitiateAuth(v.r.Context(), request)
	if fault.KindOf(err) == fault.NotAuthorized || fault.KindOf(err) == fault.UserNotConfirmed {
		return v.afterSuccess(name, pages.NewsConfirmed) // the password was changed meanwhile, or the browser has the password of a mistaken sign-in
	}
	if err != nil {
		return v.refuseSignIn(name, "", err)
	}
	return v.proceed(name, result, nil)
}

// afterSuccess leads to the first page with good news.
func (v *visit) afterSuccess(name string, news pages.Key) error {
	return v.next(&pageData{Step: stepLogin, Name: name, News: &pages.Alert{Kind: pages.AlertSuccess, Key: news}}, lifeNews)
}

// showForgot is GET /forgotPassword.
func (v *visit) showForgot() error {
	name := v.auth.LoginHint
	if v.data != nil {
		name = cmp.Or(v.data.Name, name)
	}
	return v.askForgot(http.StatusOK, name, answer{})
}

func (v *visit) askForgot(status int, name string, told answer) error {
	return v.show(status, pages.Forgot{Username: clip(name, maxShown), Name: nameKind(v.pool)}, told.alert, told.fields)
}

// forgot is POST /forgotPassword: it sends a code, or pretends to.
func (v *visit) forgot() error {
	name := v.userName()
	if wrong := v.missing("username", false); wrong != nil {
		return v.askForgot(http.StatusBadRequest, name, answer{fields: wrong})
	}
	return v.sendReset(name, func(told answer) error { return v.askForgot(told.status, name, told) })
}

// sendReset sends a code for a new password, and continues to its page. refuse shows an error.
func (v *visit) sendReset(name string, refuse func(answer) error) error {
	to, err := v.h.Pools.Users.ForgotPassword(v.r.Context(), directory.CodeRequest{ClientID: v.client.ID,
		Username: name, Context: v.clientContext()})
	if err != nil {
		told, err := v.explain(err)
		if err != nil {
			return err
		}
		return refuse(told)
	}
	d := &pageData{Step: stepReset, Name: name}
	d.sentTo(to)
	return v.next(d, lifeReset)
}

// showReset is GET /confirmforgotPassword.
func (v *visit) showReset() error {
	if v.data == nil || v.data.Step != stepReset {
		return v.goTo("/forgotPassword")
	}
	return v.askReset(http.StatusOK, answer{alert: v.data.News})
}

func (v *visit) askReset(status int, told answer) error {
	return v.show(status, pages.Reset{Username: clip(v.data.Name, maxShown), Destination: v.data.Destination, Rules: rules(v.pool)}, told.alert, told.fields)
}

// reset is POST /confirmforgotPassword. The new password then signs the user in, so that second factors are asked for.
func (v *visit) reset() error {
	d := v.data
	if d == nil || d.Step != stepReset {
		return v.goTo("/forgotPassword")
	}
	if v.form.Get("action") == "resend" {
		return v.sendReset(d.Name, func(told answer) error { return v.askReset(told.status, told) })
	}
	code, given := digits(v.form.Get("code")), v.form.Get("password")
	var wrong []pages.FieldError
	if code == "" {
		wrong = append(wrong, pages.FieldError{Field: "code", Key: pages.ErrRequired})
	}
	if wrong = append(wrong, v.checkPasswords()...); len(wrong) > 0 {
		return v.askReset(http.StatusBadRequest, answer{fields: wrong})
	}
	err := v.h.Pools.Users.ConfirmForgotPassword(v.r.Context(), directory.ForgotInput{ClientID: v.client.ID,
		Username: d.Name, Code: code, Password: given, Context: v.clientContext()})
	if err != nil {
		told, err := v.explain(err)
		if err != nil {
			return err
		}
		return v.askReset(told.status, told)
	}
	return v.afterReset(d.Name, given)
}

func (v *visit) afterReset(name, given string) error {
	request := v.request(flowPassword, map[string]string{"USERNAME": name, "PASSWORD": given})
	v.addDevice(name, request.Parameters)
	result, err := v.h.Pools.SignIns.InitiateAuth(v.r.Context(), request)
	if fault.KindOf(err) == fault.NotAuthorized {
		return v.afterSuccess(name, pages.NewsReset)
	}
	if err != nil {
		return v.refuseSignIn(name, "", err)
	}
	return v.proceed(name, result, nil)
}
