package directory

import (
	"testing"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

func TestTextsComeFromThePoolsTemplates(t *testing.T) {
	template := &userpool.VerificationTemplate{SmsMessage: "sms {####}", EmailMessage: "mail {####}", EmailSubject: "subject"}
	full := userpool.PoolSettings{SmsVerificationMessage: "sms {####}", EmailVerificationMessage: "mail {####}", EmailVerificationSubject: "subject",
		VerificationMessageTemplate: template, SmsAuthenticationMessage: "second {####}",
		AdminCreateUserConfig: &userpool.AdminCreateConfig{InviteMessageTemplate: &userpool.InviteTemplate{
			SMSMessage: "join {username} {####}", EmailMessage: "<p>{username}: {####}</p>", EmailSubject: "join"}}}
	bare := userpool.PoolSettings{VerificationMessageTemplate: &userpool.VerificationTemplate{}, AdminCreateUserConfig: &userpool.AdminCreateConfig{}}
	u := &store.User{Username: "<a>{####}", Sub: "s", Attributes: map[string]string{"email": "a@example.com", "phone_number": "+1555"}}
	code := func(purpose, attribute string) func(*userpool.Pool) letter {
		return func(p *userpool.Pool) letter {
			return codeLetter(p, u, purpose, attribute, u.Attributes[attribute], "123456")
		}
	}
	invite := func(attribute string) func(*userpool.Pool) letter {
		return func(p *userpool.Pool) letter { return inviteLetter(p, u, attribute, `x<&"`) }
	}
	for name, tc := range map[string]struct {
		settings      userpool.PoolSettings
		letter        func(*userpool.Pool) letter
		subject, body string
		html          bool
	}{
		"a code by mail":                  {full, code(codeForgot, "email"), "subject", "mail 123456", false},
		"a code by SMS":                   {full, code(codeSignUp, "phone_number"), "", "sms 123456", false},
		"a code of a sign-in by SMS":      {full, code("mfa:SMS_MFA", "phone_number"), "", "second 123456", false},
		"an invitation by SMS":            {full, invite("phone_number"), "", `join <a>{####} x<&"`, false},
		"an invitation by mail, as HTML":  {full, invite("email"), "join", `<p>&lt;a&gt;{####}: x&lt;&amp;&#34;</p>`, true},
		"AWS's code by mail":              {bare, code(codeSignUp, "email"), "Your verification code", "Your verification code is 123456", false},
		"AWS's code by SMS":               {bare, code(codeForgot, "phone_number"), "", "Your verification code is 123456", false},
		"AWS's code of a sign-in by SMS":  {bare, code("mfa:SMS_MFA", "phone_number"), "", "Your authentication code is 123456. ", false},
		"AWS's code of a sign-in by mail": {bare, code("signin:EMAIL_OTP", "email"), "Your authentication code", "Your authentication code is 123456. ", false},
		"AWS's invitation by mail":        {bare, invite("email"), "Your temporary password", `Your username is <a>{####} and temporary password is x<&". `, false},
		"a code after what looks like the beginning of a link": {userpool.PoolSettings{SmsVerificationMessage: "Hi {## you, {####} ##}"}, code(codeSignUp, "phone_number"),
			"", "Hi {## you, 123456 ##}", false},
		"a code after an unfinished link by mail": {userpool.PoolSettings{EmailVerificationMessage: "Hi {## <b>you</b>, {####}"}, code(codeForgot, "email"),
			"Your verification code", "Hi {## <b>you</b>, 123456", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := &userpool.Pool{PoolDescription: userpool.PoolDescription{ID: "p", Settings: tc.settings}, Sender: userpool.Sender{From: "f@example.com"}}
			l := tc.letter(p)
			m := (&Service{}).compose(p, &l)
			if m.Subject != tc.subject || m.Body != tc.body || m.HTML != tc.html {
				t.Errorf("%q %q %v", m.Subject, m.Body, m.HTML)
			}
			if (m.Medium == message.Email) != (m.From != "") || m.Sub != "s" {
				t.Errorf("%+v", m)
			}
		})
	}
}

// A CustomMessage function can put a user's attributes before the link.
func TestAnUnfinishedLinkDoesNotTakeTheLinkInto(t *testing.T) {
	p := &userpool.Pool{PoolDescription: userpool.PoolDescription{ID: "p"}}
	s := &Service{o: Options{ConfirmURL: func(string) string { return "https://x" }}}
	l := letter{user: &store.User{Username: "{##u##}"}, attribute: "email", link: true, secret: "1", username: "{##u##}", text: "Hi {## {username}: {##Click {here}##}"}
	want := `Hi {## {##u##}: <a href="https://x/?client_id=&amp;user_name=%7B%23%23u%23%23%7D&amp;confirmation_code=1">Click {here}</a>`
	if m := s.compose(p, &l); m.Body != want {
		t.Error(m.Body)
	}
}
