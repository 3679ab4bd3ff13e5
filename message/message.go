package message

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"
)

// Medium is how a message is delivered.
type Medium string

// The media, with the values of Cognito's DeliveryMedium, and the medium of a message that a function sends.
const (
	Email    Medium = "EMAIL"
	SMS      Medium = "SMS"
	Function Medium = "FUNCTION" // To is an ARN, and Body the event
)

// Message is a complete message to one address. Its body may contain a code or a temporary password and must not be logged.
type Message struct {
	Medium  Medium // Email, SMS, or Function for a custom sender
	To      string // an e-mail address, or a phone number in E.164 format
	From    string // "" means the default of the Sender
	ReplyTo string // e-mail only; "" means none
	Subject string // e-mail only
	Body    string // the whole text
	HTML    bool   // whether the body is HTML; otherwise it is plain text

	PoolID  string // for the outbox and the queue
	Purpose string // "signup", "invitation", "forgot" and so on; for the outbox and the queue

	// For the outbox: what programs, such as tests, look for in the body.
	Username string // of the user, as the message calls them; "" if it calls them nothing
	Code     string // the code, or the temporary password of an invitation; "" if the body has neither

	// For the queue; see package message/queue.
	Sub       string    // the user; a later message with the same pool, user, purpose and medium replaces an earlier one
	Origin    string    // the address of the client whose call caused the message; "" if unknown
	ExpiresAt time.Time // when the message is of no use any more, because its code has expired; zero = unknown
}

// ErrRefused means that a message is invalid: it has no address or no known medium, or a header has control characters.
var ErrRefused = errors.New("message: invalid address, medium or header")

// Errors of senders after which sending the same message again does not help. Other errors are temporary.
var (
	// ErrRejected means that the mail server or provider does not accept this message, for example because of its recipient.
	ErrRejected = errors.New("message: the message was rejected")
	// ErrMisconfigured means that it accepts no message, for example because of a wrong password. It helps to change the settings.
	ErrMisconfigured = errors.New("message: the sender's settings are wrong")
)

// ErrUnanswered is a temporary error of a sender that handed the message over and got no answer. The message may have been sent.
var ErrUnanswered = errors.New("message: no answer after the message was handed over")

// Sender sends messages. Send returns nil when the message has been handed over, for example to a mail server. After an error the
// caller may try again, which may deliver the message twice. Send must be safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// check returns ErrRefused if the message has no address, an unknown medium, or control characters in a header.
func check(m Message) error {
	if m.To == "" || (m.Medium != Email && m.Medium != SMS) {
		return ErrRefused
	}
	for _, header := range []string{m.To, m.From, m.ReplyTo, m.Subject} {
		if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return ErrRefused
		}
	}
	return nil
}

// breaks matches line breaks and other control characters, with the white space around them.
var breaks = regexp.MustCompile(`\s*[\x00-\x1f\x7f][\s\x00-\x1f\x7f]*`)

// OneLine returns the text of a header: each line break in it becomes a blank. Subjects in settings may have them, and one that a program
// has written often ends with one.
func OneLine(text string) string {
	return strings.TrimSpace(breaks.ReplaceAllString(text, " "))
}

// Media sends each message with the Sender for its medium.
type Media map[Medium]Sender

// Send sends the message with the Sender for its medium. It returns an error if there is none.
func (c Media) Send(ctx context.Context, m Message) error {
	sender, ok := c[m.Medium]
	if !ok {
		return errors.New("message: no sender is configured for " + string(m.Medium))
	}
	return sender.Send(ctx, m)
}
