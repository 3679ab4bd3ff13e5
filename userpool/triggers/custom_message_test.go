package triggers_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/triggers"
)

func TestCustomMessageNeedsItsPlaceholders(t *testing.T) {
	mail, sms := triggers.MessageRequest{}, triggers.MessageRequest{SMS: true}
	invitation, link := triggers.MessageRequest{Username: true}, triggers.MessageRequest{Link: true}
	smsInvitation := triggers.MessageRequest{SMS: true, Username: true}
	for name, tc := range map[string]struct {
		response string
		in       triggers.MessageRequest
		ok       bool
	}{
		"no texts":                          {`{}`, mail, true},
		"a code in the SMS":                 {`{"smsMessage": "{####}"}`, sms, true},
		"a code in the e-mail":              {`{"emailMessage": "code {####}", "emailSubject": "s"}`, mail, true},
		"no code in the SMS":                {`{"smsMessage": "hello"}`, sms, false},
		"no code in the e-mail":             {`{"emailMessage": "hello you"}`, mail, false},
		"a short e-mail":                    {`{"emailMessage": "12345"}`, mail, false},
		"a long SMS":                        {`{"smsMessage": "{####}` + strings.Repeat("é", 135) + `"}`, sms, false},
		"the longest SMS":                   {`{"smsMessage": "{####}` + strings.Repeat("é", 134) + `"}`, sms, true},
		"a long subject":                    {`{"emailSubject": "` + strings.Repeat("x", 141) + `"}`, mail, false},
		"a long e-mail":                     {`{"emailMessage": "{####}` + strings.Repeat("x", 20000) + `"}`, mail, false},
		"an invitation without name":        {`{"emailMessage": "code {####}"}`, invitation, false},
		"an invitation with name":           {`{"emailMessage": "{username} {####}"}`, invitation, true},
		"an SMS invitation without name":    {`{"smsMessage": "{####}"}`, smsInvitation, false},
		"an SMS invitation with name":       {`{"smsMessage": "{username} {####}"}`, smsInvitation, true},
		"nothing where nothing is needed":   {`{"emailMessage": "welcome"}`, triggers.MessageRequest{Username: true, NoSecret: true}, true},
		"a short e-mail without a password": {`{"emailMessage": "12345"}`, triggers.MessageRequest{Username: true, NoSecret: true}, false},
		"a link":                            {`{"emailMessage": "{##Click Here##}"}`, link, true},
		"a code where a link is needed":     {`{"emailMessage": "code {####}"}`, link, false},
		"a link where a code is needed":     {`{"emailMessage": "{##Click Here##}"}`, mail, false},
		"a number in the place of the text": {`{"emailMessage": 5}`, mail, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := returning(`{"response": `+tc.response+`}`, nil).CustomMessage(t.Context(), call(config("V1_0")), "SignUp", tc.in)
			if (err == nil) != tc.ok || (err != nil && !fault.Is(err, fault.InvalidLambdaResponse)) {
				t.Error(err)
			}
		})
	}
}

func TestTextsForTheOtherMediumDoNotCount(t *testing.T) {
	long := strings.Repeat("a text for mails. ", 1200)
	for name, tc := range map[string]struct {
		response string
		in       triggers.MessageRequest
		want     triggers.Texts
	}{
		"an SMS message of the length of a mail": {`{"smsMessage": "{####} ` + long[:500] + `", "emailMessage": "Code {####}", "emailSubject": "Hello"}`,
			triggers.MessageRequest{}, triggers.Texts{Subject: "Hello", Body: "Code {####}"}},
		"an SMS message without a link":      {`{"smsMessage": "{####}", "emailMessage": "{##Here##}"}`, triggers.MessageRequest{Link: true}, triggers.Texts{Body: "{##Here##}"}},
		"an SMS message without a user name": {`{"smsMessage": "{####}"}`, triggers.MessageRequest{Username: true}, triggers.Texts{}},
		"a mail that is too long":            {`{"smsMessage": "{####}", "emailMessage": "` + long + `", "emailSubject": "` + long[:200] + `"}`, triggers.MessageRequest{SMS: true}, triggers.Texts{Body: "{####}"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := returning(`{"response": `+tc.response+`}`, nil).CustomMessage(t.Context(), call(config("V1_0")), "SignUp", tc.in)
			if err != nil || got != tc.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
