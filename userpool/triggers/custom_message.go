package triggers

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

// The placeholders in the texts of CustomMessage.
const (
	codePlaceholder = userpool.CodePlaceholder
	linkPlaceholder = "{##Click Here##}"
	namePlaceholder = "{username}"
)

// The limits of the texts, in characters.
const (
	maxSMS     = 140
	maxSubject = 140
	minEmail   = 6
	maxEmail   = 20_000
)

type customMessageRequest struct {
	UserAttributes    map[string]string `json:"userAttributes"`
	CodeParameter     string            `json:"codeParameter"`
	LinkParameter     string            `json:"linkParameter"`
	UsernameParameter *string           `json:"usernameParameter"`
	ClientMetadata    map[string]string `json:"clientMetadata,omitempty"`
}

type customMessageResponse struct {
	SMSMessage   *string `json:"smsMessage"`
	EmailMessage *string `json:"emailMessage"`
	EmailSubject *string `json:"emailSubject"`
}

// MessageRequest says what the message is and must contain.
type MessageRequest struct {
	SMS      bool // an SMS message instead of an e-mail
	Link     bool // a link instead of a code
	Username bool // the user name too: an invitation
	NoSecret bool // there is no code or password: the text needs no placeholder
}

// Texts are the texts of a message, with their placeholders. "" leaves the pool's template.
type Texts struct {
	Subject string // emailSubject
	Body    string // emailMessage, which is HTML, or smsMessage
}

// CustomMessage returns the texts of a message before it is sent. source is SignUp, AdminCreateUser, ResendCode, ForgotPassword,
// UpdateUserAttribute, VerifyUserAttribute or Authentication. Texts for the medium that is not used do not count: functions, such as those
// that Amplify generates, return the text of an e-mail for both.
func (s *Service) CustomMessage(ctx context.Context, c Call, source string, in MessageRequest) (Texts, error) {
	arn := c.config().CustomMessage
	if arn == "" {
		return Texts{}, nil
	}
	request := customMessageRequest{UserAttributes: c.attributes(), CodeParameter: codePlaceholder, LinkParameter: linkPlaceholder, ClientMetadata: c.Metadata}
	if in.Username {
		request.UsernameParameter = new(namePlaceholder)
	}
	out, err := run(ctx, s, function{name: "CustomMessage", arn: arn, source: "CustomMessage_" + source}, &c, request, customMessageResponse{})
	if err != nil {
		return Texts{}, err
	}
	t := Texts{Subject: value(out.EmailSubject), Body: value(out.EmailMessage)}
	if in.SMS {
		t = Texts{Body: value(out.SMSMessage)}
	}
	return t, t.check(in)
}

// check refuses texts that are too long or lack a placeholder.
func (t *Texts) check(in MessageRequest) error {
	body, least, most := "emailMessage", minEmail, maxEmail
	if in.SMS {
		body, least, most = "smsMessage", 0, maxSMS
	}
	if err := checkLength(body, t.Body, least, most); err != nil {
		return err
	}
	if t.Body != "" && !in.complete(t.Body) {
		return fault.New(fault.InvalidLambdaResponse, "%s lacks a required placeholder.", body)
	}
	return checkLength("emailSubject", t.Subject, 0, maxSubject)
}

func checkLength(name, text string, least, most int) error {
	if n := utf8.RuneCountInString(text); text != "" && (n < least || n > most) {
		return fault.New(fault.InvalidLambdaResponse, "%s must have %d to %d characters.", name, least, most)
	}
	return nil
}

// linkForm matches a place for a link: its text between "{##" and "##}".
var linkForm = regexp.MustCompile(`\{##[^{}]*[^#{}][^{}]*##\}`)

// complete reports whether the text has the placeholders that the message needs.
func (in MessageRequest) complete(text string) bool {
	if in.NoSecret {
		return true
	}
	if in.Link {
		return linkForm.MatchString(text)
	}
	return strings.Contains(text, codePlaceholder) && (!in.Username || strings.Contains(text, namePlaceholder))
}
