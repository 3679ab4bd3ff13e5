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

// MessageRequest says what the message must contain.
type MessageRequest struct {
	Link     bool // a link instead of a code
	Username bool // the user name too: an invitation
}

// Texts are the texts of a message, with their placeholders. "" leaves the pool's template.
type Texts struct {
	SMS          string // smsMessage
	EmailSubject string // emailSubject
	EmailBody    string // emailMessage, HTML
}

// CustomMessage returns the texts of a message before it is sent. source is SignUp, AdminCreateUser, ResendCode, ForgotPassword,
// UpdateUserAttribute, VerifyUserAttribute or Authentication.
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
	t := Texts{SMS: value(out.SMSMessage), EmailSubject: value(out.EmailSubject), EmailBody: value(out.EmailMessage)}
	return t, t.check(in)
}

// check refuses texts that are too long or lack a placeholder.
func (t *Texts) check(in MessageRequest) error {
	for _, m := range []struct {
		name, text string
		min, max   int
	}{
		{"smsMessage", t.SMS, 0, maxSMS},
		{"emailMessage", t.EmailBody, minEmail, maxEmail},
		{"emailSubject", t.EmailSubject, 0, maxSubject},
	} {
		n := utf8.RuneCountInString(m.text)
		switch {
		case m.text == "":
		case n < m.min || n > m.max:
			return fault.New(fault.InvalidLambdaResponse, "%s must have %d to %d characters.", m.name, m.min, m.max)
		case m.name != "emailSubject" && !in.complete(m.text):
			return fault.New(fault.InvalidLambdaResponse, "%s lacks a required placeholder.", m.name)
		}
	}
	return nil
}

// linkForm matches a place for a link: its text between "{##" and "##}".
var linkForm = regexp.MustCompile(`\{##[^{}]*[^#{}][^{}]*##\}`)

// complete reports whether the text has the placeholders that the message needs.
func (in MessageRequest) complete(text string) bool {
	if in.Link {
		return linkForm.MatchString(text)
	}
	return strings.Contains(text, codePlaceholder) && (!in.Username || strings.Contains(text, namePlaceholder))
}
