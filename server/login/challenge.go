package login

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool/signin"
)

// codeFields are the challenges that ask for a code, and the parameter that it goes to.
var codeFields = map[string]string{emailOTP: "EMAIL_OTP_CODE", smsOTP: "SMS_OTP_CODE", smsMFA: "SMS_MFA_CODE", tokenMFA: "SOFTWARE_TOKEN_MFA_CODE"}

// prepare changes data of a new challenge to what the page asks: a choice of one is no choice, and the set-up of an authenticator app
// needs a secret.
func (v *visit) prepare(d *pageData) error {
	switch d.Step {
	case selectChallenge:
		if options := choices(d.Available); len(options) == 1 && options[0].Value == password {
			d.Step = password
		}
	case setUpMFA:
		if list := setups(d); len(list) == 1 {
			return v.chooseSetUp(d, list[0])
		}
	}
	return nil
}

// showChallenge is GET /challenge.
func (v *visit) showChallenge() error {
	if v.data == nil || !isChallenge(v.data.Step) {
		return v.next(&pageData{Step: stepLogin, News: &pages.Alert{Kind: pages.AlertError, Key: pages.ErrExpired}}, lifeNews)
	}
	return v.ask(http.StatusOK, v.data.News, nil)
}

func isChallenge(step string) bool {
	return !slices.Contains([]string{stepLogin, stepConfirm, stepReset, stepPasskey, stepDevice, stepConsent}, step)
}

// ask shows the challenge of the page data.
func (v *visit) ask(status int, news *pages.Alert, wrong []pages.FieldError) error {
	page := v.challengePage(v.data)
	if page == nil {
		return v.backToLogin(answer{alert: &pages.Alert{Kind: pages.AlertError, Key: pages.ErrNoFactor}}, v.data.Name)
	}
	return v.show(status, page, news, wrong)
}

// challengePage is the page of a challenge, nil for one that pages cannot ask, such as CUSTOM_CHALLENGE.
func (v *visit) challengePage(d *pageData) pages.Page {
	name := d.Name
	switch d.Step {
	case selectChallenge:
		return pages.Choose{Purpose: pages.ChooseFactor, Username: name, Options: choices(d.Available)}
	case password:
		return pages.Password{Username: name, Forgot: v.resets(), Other: d.others()}
	case selectMFA:
		return pages.Choose{Purpose: pages.ChooseMFA, Username: name, Options: options(listed(d, "MFAS_CAN_CHOOSE"))}
	case setUpMFA:
		return pages.Choose{Purpose: pages.ChooseSetup, Username: name, Options: options(setups(d))}
	case stepTOTP:
		return pages.SetUpTOTP{Username: name, Secret: d.Secret, URI: v.otpauth(d), Other: len(setups(d)) > 1}
	case stepContact:
		return pages.SetUpContact{Username: name, Phone: d.Medium == "SMS", Other: len(setups(d)) > 1}
	case newPassword:
		return pages.NewPassword{Username: name, Attributes: v.missingAttributes(d), Rules: rules(v.pool)}
	case webAuthn:
		return pages.SignInPasskey{Username: name, Passkey: pages.Passkey{Options: d.Parameters["CREDENTIAL_REQUEST_OPTIONS"]}, Other: d.others()}
	}
	if codeFields[d.Step] == "" {
		return nil
	}
	return pages.Code{Method: d.Step, Username: name, Destination: d.Parameters["CODE_DELIVERY_DESTINATION"], Length: codeLength(d),
		Resend: d.Step != tokenMFA, Other: d.others(), Remember: v.offersDevice()}
}

// first reports whether the challenge is a first factor that the user chose.
func (d *pageData) first() bool { return len(d.Available) > 0 }

// others reports whether the user can choose another first factor.
func (d *pageData) others() bool { return len(choices(d.Available)) > 1 }

// codeLength is the number of digits: codes that replace a password have more.
func codeLength(d *pageData) int {
	if d.first() {
		return 8
	}
	return 6
}

// choices are the first factors that a page can offer. PASSWORD_SRP is PASSWORD here: the password comes to the server either way.
func choices(available []string) []pages.Option {
	var list []string
	for _, c := range available {
		if c == passwordSRP {
			c = password
		}
		if !slices.Contains(list, c) && slices.Contains([]string{password, emailOTP, smsOTP, webAuthn}, c) {
			list = append(list, c)
		}
	}
	return options(list)
}

func options(list []string) []pages.Option {
	out := make([]pages.Option, 0, len(list))
	for _, value := range list {
		out = append(out, pages.Option{Value: value})
	}
	return out
}

// listed is a challenge parameter that holds a JSON list of names.
func listed(d *pageData, parameter string) (list []string) {
	_ = json.Unmarshal([]byte(d.Parameters[parameter]), &list) // the machine wrote it; an empty list asks for nothing
	return list
}

// answer is POST /challenge.
func (v *visit) answer() error {
	d := v.data
	if d == nil || !isChallenge(d.Step) {
		return v.next(&pageData{Step: stepLogin, News: &pages.Alert{Kind: pages.AlertError, Key: pages.ErrExpired}}, lifeNews)
	}
	switch v.form.Get("action") {
	case "back":
		v.drop()
		return v.goTo("/login")
	case "other":
		return v.another(d)
	case "resend":
		return v.resend(d)
	}
	if step := steps[d.Step]; step != nil {
		return step(v, d)
	}
	if field := codeFields[d.Step]; field != "" {
		return v.sendCode(d, field)
	}
	return v.ask(http.StatusBadRequest, nil, nil)
}

// resend sends another code: one that replaces a password by choosing it again, one of a second factor by the same question.
func (v *visit) resend(d *pageData) error {
	if codeFields[d.Step] == "" || d.Step == tokenMFA {
		return v.ask(http.StatusBadRequest, nil, nil)
	}
	answer := signin.Answer{Challenge: d.Step, Responses: map[string]string{}, Again: true}
	if d.first() {
		answer = signin.Answer{Challenge: selectChallenge, Responses: map[string]string{"ANSWER": d.Step}}
	}
	return v.respond(answer, &pages.Alert{Kind: pages.AlertSuccess, Key: pages.NewsCodeAgain})
}

// steps are the answers to the challenges that are not codes.
var steps map[string]func(*visit, *pageData) error

func init() {
	steps = map[string]func(*visit, *pageData) error{
		selectChallenge: (*visit).choose, selectMFA: (*visit).chooseMFA, password: (*visit).sendPassword, webAuthn: (*visit).sendPasskey,
		newPassword: (*visit).sendNewPassword, setUpMFA: (*visit).chooseFactor, stepTOTP: (*visit).enrollTOTP, stepContact: (*visit).sendContact,
	}
}

// another offers the choice again: of the first factor, or of the one to set up.
func (v *visit) another(d *pageData) error {
	switch {
	case d.others():
		d.Step = selectChallenge
	case (d.Step == stepTOTP || d.Step == stepContact) && len(setups(d)) > 1:
		d.Step, d.Secret, d.Medium = setUpMFA, "", ""
	default:
		return v.ask(http.StatusBadRequest, nil, nil)
	}
	d.News = nil
	return v.next(d, lifeSignIn)
}

func (v *visit) choose(*pageData) error {
	return v.send(selectChallenge, map[string]string{"ANSWER": v.form.Get("choice")})
}

func (v *visit) chooseMFA(*pageData) error {
	return v.send(selectMFA, map[string]string{"ANSWER": v.form.Get("choice")})
}

func (v *visit) sendPassword(*pageData) error {
	given := v.form.Get("password")
	if given == "" {
		return v.ask(http.StatusBadRequest, nil, []pages.FieldError{{Field: "password", Key: pages.ErrRequired}})
	}
	return v.send(password, map[string]string{"PASSWORD": given})
}

func (v *visit) sendPasskey(*pageData) error {
	return v.send(webAuthn, map[string]string{"CREDENTIAL": v.form.Get("credential")})
}

func (v *visit) sendCode(d *pageData, field string) error {
	code := digits(v.form.Get("code"))
	if code == "" {
		return v.ask(http.StatusBadRequest, nil, []pages.FieldError{{Field: "code", Key: pages.ErrRequired}})
	}
	return v.send(d.Step, map[string]string{field: code})
}

// digits removes the spaces and hyphens with which people and mail programs group the digits of a code.
func digits(code string) string {
	return clip(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\t' || r == '\u00a0' {
			return -1
		}
		return r // an invalid byte becomes a character of three bytes
	}, clip(code, 64)), 64)
}

// send answers a challenge of the sign-in.
func (v *visit) send(challenge string, responses map[string]string) error {
	return v.respond(signin.Answer{Challenge: challenge, Responses: responses}, nil)
}

// respond continues the sign-in of the page data with an answer, to which it adds what all answers have. news is shown with the next
// challenge.
func (v *visit) respond(a signin.Answer, news *pages.Alert) error {
	d := v.data
	v.addDevice(d.Name, a.Responses)
	a.Hosted, a.PoolID, a.ClientID, a.Session, a.Context = true, v.pool.ID, v.client.ID, d.Session, v.clientContext()
	result, err := v.h.Pools.SignIns.RespondToAuthChallenge(v.r.Context(), a)
	if err != nil {
		return v.refuseAnswer(err)
	}
	return v.proceed(d.Name, result, news)
}

// refuseAnswer answers to a challenge that was not met: it is shown again while the sign-in continues.
func (v *visit) refuseAnswer(err error) error {
	if kind := fault.KindOf(err); kind == fault.UserNotConfirmed || kind == fault.PasswordResetRequired {
		return v.refuseSignIn(v.data.Name, "", err)
	}
	told, err := v.explain(err)
	if err != nil {
		return err
	}
	if v.data.Step == webAuthn {
		told = told.ofPasskey()
	}
	if told.over {
		return v.backToLogin(told, v.data.Name)
	}
	return v.ask(told.status, told.alert, told.fields)
}

// otpauth is the URI of the secret for authenticator apps.
func (v *visit) otpauth(d *pageData) string {
	issuer := v.pool.Name
	if v.client.Name != "" {
		issuer = v.client.Name
	}
	issuer = strings.ReplaceAll(issuer, ":", " ")
	label := url.PathEscape(issuer + ":" + clip(d.Name, 128))
	q := url.Values{"secret": {d.Secret}, "issuer": {issuer}}
	return "otpauth://totp/" + label + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}
