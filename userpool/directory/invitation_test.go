package directory_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// Who reads an invitation must be able to sign in with the name in it.
func TestAnInvitationNamesANameThatCanSignIn(t *testing.T) {
	const mail, phone = "ann@example.com", "+15550001111"
	for name, tc := range map[string]struct {
		attributes []string // UsernameAttributes
		username   string
		mediums    []string
		want       string
	}{
		"a phone in a pool of user names":       {nil, "ann", []string{"SMS"}, "ann"},
		"a phone in a pool of e-mail addresses": {[]string{"email"}, mail, []string{"SMS"}, mail},
		"the default medium":                    {[]string{"email"}, mail, nil, mail},
		"a mail in a pool of phone numbers":     {[]string{"phone_number"}, phone, []string{"EMAIL"}, phone},
		"a mail in a pool of both":              {[]string{"phone_number", "email"}, phone, []string{"EMAIL"}, mail},
		"a phone in a pool of both":             {[]string{"email", "phone_number"}, mail, []string{"SMS"}, phone},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			p := h.Pool(userpool.PoolSettings{UsernameAttributes: tc.attributes})
			c := h.Client(p.ID, allFlows)
			if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: tc.username, TemporaryPassword: password,
				Mediums: tc.mediums, Attributes: []userpool.Attribute{attr("email", mail), attr("phone_number", phone)}}); err != nil {
				t.Fatal(err)
			}
			sent := h.Mails()
			if len(sent) != 1 || !strings.HasPrefix(sent[0].Body, "Your username is "+tc.want+" and ") {
				t.Fatalf("%+v", sent)
			}
			if out, err := h.SignIn(c.ID, tc.want, password); err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
				t.Error(out, err)
			}
		})
	}
}

// Programs that write settings often end a text with a line break, which a header cannot have.
func TestASubjectWithLineBreaksIsSentOnOneLine(t *testing.T) {
	const subject, want = "  Welcome\r\n\tto  Notes\n", "Welcome to  Notes"
	for name, change := range map[string]func(*userpool.PoolSettings){
		"of the pool": func(s *userpool.PoolSettings) { s.EmailVerificationSubject = subject },
		"of CustomMessage": func(s *userpool.PoolSettings) {
			s.LambdaConfig = &userpool.LambdaConfig{CustomMessage: userpooltest.ARN}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.Lambda(func(e userpooltest.Event) error { e.Response()["emailSubject"] = subject; return nil })
			settings := userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, EmailConfiguration: []byte(`{"From": "Notes <notes@example.com>\n"}`)}
			change(&settings)
			p := h.Pool(settings)
			c := h.Client(p.ID, allFlows)
			if _, err := h.SignUp(c.ID, "alice", attr("email", "alice@example.com")); err != nil {
				t.Fatal(err)
			}
			if m := h.Mails()[0]; m.Subject != want {
				t.Errorf("%q", m.Subject)
			}
			if p, err := h.Pools.Pool(t.Context(), p.ID); err != nil || p.Sender.From != "Notes <notes@example.com>" {
				t.Errorf("%+v, %v", p.Sender, err)
			}
		})
	}
}

// As the functions that Amplify generates do, which return one text, with a link and its parameters, for mail and SMS.
func TestATextForMailsMayBeTheTextForSMSToo(t *testing.T) {
	for name, template := range map[string]*userpool.VerificationTemplate{"a code": nil, "a link": {DefaultEmailOption: "CONFIRM_WITH_LINK"}} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.Lambda(func(e userpooltest.Event) error {
				text := "Open https://notes.example.com/confirm?data=" + strings.Repeat("eyJ1c2VyTmFtZSI6", 20)
				code, link := e.Request()["codeParameter"].(string), e.Request()["linkParameter"].(string)
				e.Response()["smsMessage"], e.Response()["emailMessage"] = text+"&code="+code, text+"&code="+code
				if template != nil {
					e.Response()["emailMessage"] = text + " " + link
				}
				return nil
			})
			_, c := lambdaPool(h, userpool.LambdaConfig{CustomMessage: userpooltest.ARN}, func(s *userpool.PoolSettings) { s.VerificationMessageTemplate = template })
			if _, err := h.SignUp(c, "alice", attr("email", "alice@example.com")); err != nil || len(h.Mails()) != 1 {
				t.Error(h.Mails(), err)
			}
		})
	}
}
