package samples

import (
	"net/url"
	"time"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool/branding"
)

// Sample is a page in a state.
type Sample struct {
	Name  string      // lower case, with hyphens
	Frame pages.Frame // what is around it
	Page  pages.Page  // with the content of the state
}

const (
	user    = "ana@example.com"
	masked  = "a***@e***"
	number  = "+*******4567"
	options = `{"challenge":"Y2hhbGxlbmdl","rpId":"localhost","allowCredentials":[],"userVerification":"preferred"}`
	create  = `{"challenge":"Y2hhbGxlbmdl","rp":{"id":"localhost","name":"localhost"},"user":{"id":"YW5h","name":"ana","displayName":"ana"},"pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"residentKey":"required","userVerification":"preferred"}}`
	secret  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" //nolint:gosec // a sample that opens nothing
	otp     = "otpauth://totp/Notes:ana@example.com?secret=" + secret + "&issuer=Notes"
)

// frame is what all samples share: a sign-in to the app Notes.
func frame(path string) pages.Frame {
	return pages.Frame{
		Lang: "en", Path: path, CSRF: "csrf-token", Client: "Notes",
		Query:   url.Values{"client_id": {"1example23456789abcdefghij"}, "response_type": {"code"}, "redirect_uri": {"https://notes.example.com/callback"}},
		Expires: 3 * time.Minute,
	}
}

func failed(f pages.Frame, key pages.Key) pages.Frame {
	f.Alert = &pages.Alert{Kind: pages.AlertError, Key: key}
	return f
}

func said(f pages.Frame, kind pages.AlertKind, key pages.Key, args map[string]string) pages.Frame {
	f.Alert = &pages.Alert{Kind: kind, Key: key, Args: args}
	return f
}

func invalid(f pages.Frame, errors ...pages.FieldError) pages.Frame {
	f.Errors = errors
	return f
}

// Style returns the style of managed login without settings.
func Style() branding.Style {
	return branding.Style{Version: 2, Scheme: branding.Dynamic, Options: branding.Options{Graphics: true, ProviderIcons: true,
		Methods: [][]branding.Method{{{Type: "FEDERATED", Button: true}, {Type: "USERNAME_PASSWORD"}}}}}
}

// All returns every page in every state.
func All() []Sample {
	var all []Sample
	for _, part := range [][]Sample{signIns(), factors(), signUps(), setUps(), accounts(), results()} {
		all = append(all, part...)
	}
	return all
}

func signIns() []Sample {
	providers := []pages.Provider{{Name: "Google"}, {Name: "SignInWithApple", Label: "Apple"}, {Name: "Acme", Label: "Acme Corporation"}}
	every := []pages.Provider{{Name: "Google", Last: true}, {Name: "SignInWithApple", Label: "Apple"}, {Name: "Facebook"}, {Name: "LoginWithAmazon", Label: "Amazon"}, {Name: "Acme", Down: true}}
	passkey := &pages.Passkey{Options: options}
	login := frame("/login")
	below := login
	below.Style = Style()
	below.Style.Options.Methods = [][]branding.Method{{{Type: "USERNAME_PASSWORD"}}, {{Type: "FEDERATED", Button: true}}}
	return []Sample{
		{"sign-in", login, pages.SignIn{Name: pages.NameEmail, Passkey: passkey, SignUp: true}},
		{"sign-in-password", login, pages.SignIn{Password: true, SignUp: true, Forgot: true}},
		{"sign-in-wrong", failed(login, pages.ErrIncorrect), pages.SignIn{Username: user, Name: pages.NameEmailOrPhone, Password: true, SignUp: true, Forgot: true}},
		{"sign-in-providers", login, pages.SignIn{Name: pages.NameEmail, Password: true, Forgot: true, SignUp: true, Passkey: passkey, Providers: providers}},
		{"sign-in-providers-below", below, pages.SignIn{Name: pages.NamePhone, Providers: providers}},
		{"sign-in-providers-only", login, pages.SignIn{NoLocal: true, Providers: providers}},
		{"sign-in-providers-every", login, pages.SignIn{Name: pages.NameEmail, Password: true, Forgot: true, SignUp: true, Providers: every}},
		{"sign-in-domain", login, pages.SignIn{EmailDomain: true, NoLocal: true}},
		{"sign-in-confirmed", said(login, pages.AlertSuccess, pages.NewsConfirmed, nil), pages.SignIn{Username: user, Name: pages.NameEmail, Password: true, Forgot: true}},
		{"password", login, pages.Password{Username: user, Forgot: true, Other: true}},
		{"password-wrong", invalid(login, pages.FieldError{Field: "password", Key: pages.ErrIncorrectPassword}), pages.Password{Username: user, Forgot: true}},
		{"sign-in-trigger", func() pages.Frame {
			f := login
			f.Alert = &pages.Alert{Kind: pages.AlertError, Text: "PreAuthentication failed with error: Members only."}
			return f
		}(), pages.SignIn{Password: true, Username: "ana"}},
	}
}

func factors() []Sample {
	login := frame("/login")
	code := pages.Code{Method: "EMAIL_OTP", Username: user, Destination: masked, Resend: true, Other: true}
	return []Sample{
		{"choose-factor", login, pages.Choose{Purpose: pages.ChooseFactor, Username: user, Options: []pages.Option{
			{Value: "WEB_AUTHN"}, {Value: "PASSWORD"}, {Value: "EMAIL_OTP", Destination: masked}, {Value: "SMS_OTP", Destination: number}}}},
		{"choose-mfa", login, pages.Choose{Purpose: pages.ChooseMFA, Username: user, Options: []pages.Option{
			{Value: "SOFTWARE_TOKEN_MFA"}, {Value: "SMS_MFA", Destination: number}, {Value: "EMAIL_OTP", Destination: masked}}}},
		{"choose-setup", login, pages.Choose{Purpose: pages.ChooseSetup, Username: user, Options: []pages.Option{{Value: "SOFTWARE_TOKEN_MFA"}, {Value: "SMS_MFA"}}}},
		{"code-email", login, code},
		{"code-resent", said(login, pages.AlertInfo, pages.NewsCodeAgain, nil), code},
		{"code-wrong", invalid(login, pages.FieldError{Field: "code", Key: pages.ErrCode}), code},
		{"code-sms", login, pages.Code{Method: "SMS_MFA", Username: user, Destination: number, Resend: true, Remember: true}},
		{"code-sms-first", login, pages.Code{Method: "SMS_OTP", Username: user, Resend: true}},
		{"code-app", login, pages.Code{Method: "SOFTWARE_TOKEN_MFA", Username: user, Remember: true, Other: true}},
		{"passkey", login, pages.SignInPasskey{Username: user, Passkey: pages.Passkey{Options: options}, Other: true}},
		{"remember", login, pages.RememberDevice{}},
	}
}

func signUps() []Sample {
	rules := pages.Rules{Length: 8, Upper: true, Lower: true, Number: true, Symbol: true}
	signup, reset := frame("/signup"), frame("/confirmforgotPassword")
	signup.Terms = pages.Terms{Use: "https://notes.example.com/terms", Privacy: "https://notes.example.com/privacy"}
	full := pages.SignUp{Name: pages.NameUsername, Password: true, Rules: rules, Attributes: []pages.Attribute{
		{Name: "email"}, {Name: "phone_number"}, {Name: "given_name"}, {Name: "birthdate"}, {Name: "custom:team", Optional: true}}}
	wrong := full
	wrong.Username = "ana"
	return []Sample{
		{"sign-up", signup, pages.SignUp{Name: pages.NameEmail, Password: true, Rules: rules}},
		{"sign-up-attributes", signup, full},
		{"sign-up-wrong", invalid(signup, pages.FieldError{Field: "username", Key: pages.ErrUsernameExists},
			pages.FieldError{Field: "requiredAttributes[email]", Key: pages.ErrEmail}, pages.FieldError{Field: "password", Key: pages.ErrPasswordPolicy}), wrong},
		{"sign-up-passwordless", signup, pages.SignUp{Name: pages.NameEmail, Providers: []pages.Provider{{Name: "Google"}}}},
		{"confirm", frame("/confirm"), pages.Confirm{Username: user, Destination: masked, Medium: "EMAIL"}},
		{"confirm-anywhere", frame("/confirm"), pages.Confirm{}},
		{"forgot", frame("/forgotPassword"), pages.Forgot{Name: pages.NameEmail}},
		{"forgot-limit", failed(frame("/forgotPassword"), pages.ErrLimit), pages.Forgot{Name: pages.NameEmail, Username: user}},
		{"reset", reset, pages.Reset{Username: user, Rules: rules}},
		{"reset-wrong", invalid(reset, pages.FieldError{Field: "code", Key: pages.ErrCodeExpired}, pages.FieldError{Field: "confirm_password", Key: pages.ErrPasswordsDiffer}),
			pages.Reset{Username: user, Destination: masked, Rules: rules}},
		{"new-password", frame("/login"), pages.NewPassword{Username: user, Rules: rules, Attributes: []pages.Attribute{{Name: "name"}}}},
	}
}

func setUps() []Sample {
	login := frame("/login")
	return []Sample{
		{"totp", login, pages.SetUpTOTP{Username: user, Secret: secret, URI: otp, Other: true}},
		{"totp-wrong", invalid(login, pages.FieldError{Field: "code", Key: pages.ErrCode}),
			pages.SetUpTOTP{Username: user, Secret: secret, URI: otp, Skip: true}},
		{"contact-phone", login, pages.SetUpContact{Username: user, Phone: true, Other: true}},
		{"contact-email", invalid(login, pages.FieldError{Field: "email", Key: pages.ErrEmail}), pages.SetUpContact{Username: "ana", Value: "ana"}},
		{"add-passkey", frame("/passkeys/add"), pages.AddPasskey{Username: user, Passkey: pages.Passkey{Options: create}, Skip: true}},
	}
}

func accounts() []Sample {
	device := frame("/device")
	return []Sample{
		{"accounts", frame("/login"), pages.Accounts{Accounts: []pages.Account{{ID: "1", Name: "Ana Lima", Note: user}, {ID: "2", Name: "ana.work"}}}},
		{"user-code", device, pages.UserCode{}},
		{"user-code-wrong", invalid(device, pages.FieldError{Field: "user_code", Key: pages.ErrUserCode}), pages.UserCode{Code: "WDJB-MJHT"}},
		{"allow", device, pages.Allow{Code: "WDJB-MJHT", Username: user, Scopes: []string{"openid", "email", "notes/read"}}},
		{"consent", frame("/consent"), pages.Consent{Username: user, Host: "localhost:33418", Scopes: []string{"openid", "email", "notes/read"}}},
		{"sign-out", frame("/logout"), pages.SignOut{Username: user}},
	}
}

func results() []Sample {
	var list []Sample
	for _, what := range []pages.DoneWhat{pages.DoneSignedOut, pages.DoneConfirmed, pages.DoneReset, pages.DonePasskey, pages.DoneAllowed, pages.DoneDenied, pages.DoneFeedback, pages.DoneSignedIn} {
		list = append(list, Sample{"done-" + string(what), frame("/logout"), pages.Done{What: what}})
	}
	list[1].Page = pages.Done{What: pages.DoneConfirmed, Continue: "/login?client_id=1example23456789abcdefghij"}
	for _, what := range []pages.ProblemWhat{pages.ProblemRequest, pages.ProblemClient, pages.ProblemRedirect, pages.ProblemProvider, pages.ProblemAnswer, pages.ProblemExpired, pages.ProblemForgery,
		pages.ProblemLink, pages.ProblemDenied, pages.ProblemLimit, pages.ProblemNotFound, pages.ProblemUnavailable, pages.ProblemServer} {
		list = append(list, Sample{"problem-" + string(what), frame("/error"), pages.Problem{What: what, ID: "4f1c2b7e"}})
	}
	for i, s := range list {
		if p, ok := s.Page.(pages.Problem); ok && (p.What == pages.ProblemExpired || p.What == pages.ProblemForgery) {
			p.Continue = "/login?client_id=1example23456789abcdefghij"
			list[i].Page = p
		}
	}
	return append(list, Sample{"form-post", frame("/oauth2/authorize"), pages.FormPost{Action: "https://notes.example.com/callback", Fields: map[string]string{"code": "a-code", "state": "a-state"}}})
}
