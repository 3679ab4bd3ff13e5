package message

import (
	"context"
	"errors"
	"strings"
)

// Medium is how a message travels.
type Medium string

// The media, as DeliveryMedium spells them.
const (
	Email Medium = "EMAIL"
	SMS   Medium = "SMS"
)

// Message is one finished text to one address. Its body may hold a code or a temporary password: it must not be logged.
type Message struct {
	Medium  Medium
	To      string // an address, or a phone number in E.164
	From    string // "" = the carrier's own
	ReplyTo string // e-mail only; "" = none
	Subject string // e-mail only
	Body    string
	HTML    bool // the body is HTML; else plain text

	PoolID  string // for the outbox's reader
	Purpose string // "signup", "invitation", "forgot" …, likewise
}

// ErrRefused says that a message cannot be sent as it is: no address, or control characters where a header would end.
var ErrRefused = errors.New("message: refused")

// Sender carries messages. Send returns when the message is handed over for good, or an error when it was not; a caller
// may then try again, at the risk of a second copy. It is called from many goroutines at once.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// check refuses what would let a value leave its header.
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

// Media sends each message by its medium's carrier.
type Media map[Medium]Sender

// Send passes the message on; a medium without a carrier is an error.
func (c Media) Send(ctx context.Context, m Message) error {
	carrier, ok := c[m.Medium]
	if !ok {
		return errors.New("message: no carrier for " + string(m.Medium))
	}
	return carrier.Send(ctx, m)
}
