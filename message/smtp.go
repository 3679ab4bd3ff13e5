package message

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/wneessen/go-mail"
)

// TLSMode is how the connection to the mail server is encrypted.
type TLSMode string

// The modes. The zero value means StartTLS.
const (
	StartTLS TLSMode = "starttls" // STARTTLS; servers that do not support it are rejected
	Implicit TLSMode = "tls"      // TLS from the first byte
	Plain    TLSMode = "none"     // no encryption, for a server on the same machine
)

// SMTPOptions are the options of NewSMTP. Host and From are required.
type SMTPOptions struct {
	Host     string        // name or address, without a port
	Port     int           // 0 means 587, or 465 for Implicit
	TLS      TLSMode       // "" means StartTLS
	Username string        // "" means no authentication
	Password seal.Secret   // of Username
	From     string        // the sender if Message.From is empty: "Notes <no-reply@example.com>"
	Timeout  time.Duration // for connecting and sending one message; 0 means 10 s
	Roots    *tls.Config   // for private certificate authorities; nil means those of the system
}

// SMTP sends e-mail through a mail server. It opens a connection for each message.
type SMTP struct {
	o       SMTPOptions
	options []mail.Option
}

// NewSMTP returns an SMTP, or an error if an option is missing or invalid. It does not connect.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	if o.Host == "" || o.From == "" {
		return nil, errors.New("message: SMTPOptions.Host and SMTPOptions.From are required")
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if err := mail.NewMsg().From(o.From); err != nil {
		return nil, fmt.Errorf("message: SMTP From: %w", err)
	}
	s := &SMTP{o: o}
	switch o.TLS {
	case "", StartTLS:
		s.options = append(s.options, mail.WithTLSPortPolicy(mail.TLSMandatory))
	case Implicit:
		s.options = append(s.options, mail.WithSSLPort(false))
	case Plain:
		s.options = append(s.options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("message: unknown SMTP TLS mode %q; use starttls, tls or none", o.TLS)
	}
	if o.Port != 0 {
		s.options = append(s.options, mail.WithPort(o.Port))
	}
	if o.Roots != nil {
		s.options = append(s.options, mail.WithTLSConfig(o.Roots))
	}
	if o.Username != "" {
		s.options = append(s.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(o.Username), mail.WithPassword(o.Password.Reveal()))
	}
	s.options = append(s.options, mail.WithTimeout(o.Timeout))
	if _, err := mail.NewClient(o.Host, s.options...); err != nil {
		return nil, fmt.Errorf("message: SMTP: %w", err)
	}
	return s, nil
}

// Send sends the message and returns when the server has accepted it.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if m.Medium != Email {
		return fmt.Errorf("%w: SMTP sends e-mail only", ErrRefused)
	}
	if err := check(m); err != nil {
		return err
	}
	msg, err := s.compose(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	options, hangUp := s.dialOptions()
	defer hangUp()
	client, err := mail.NewClient(s.o.Host, options...)
	if err != nil {
		return fmt.Errorf("message: SMTP: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil && !msg.IsDelivered() { // what fails after the delivery, such as QUIT, does not matter
		return smtpError(err)
	}
	return nil
}

// smtpError returns ErrRejected if the server refused the recipient or the message for good, ErrMisconfigured if it refused the
// sender, the password or the session, and a temporary error otherwise. RFC 5321, section 4.2.1: 5yz is for good.
func smtpError(err error) error {
	code := 0
	sent, ok := errors.AsType[*mail.SendError](err)
	if ok {
		code = sent.ErrorCode()
		err = fmt.Errorf("%s: %d %s", sent.Reason, code, sent.EnhancedStatusCode()) // without the address, which the whole error has
	} else if reply, ok := errors.AsType[*textproto.Error](err); ok {
		code = reply.Code
	}
	switch {
	case ok && code == 0 && sent.Reason == mail.ErrSMTPDataClose:
		return fmt.Errorf("%w: SMTP: %w", ErrUnanswered, err)
	case code/100 != 5:
		return fmt.Errorf("message: SMTP: %w", err)
	case ok && sent.Reason != mail.ErrSMTPMailFrom:
		return fmt.Errorf("%w: SMTP: %w", ErrRejected, err)
	}
	return fmt.Errorf("%w: SMTP: %w", ErrMisconfigured, err)
}

// dialOptions returns the options for one message and a function that closes its connection. The library does not close the
// connection if the greeting, STARTTLS or the authentication fails. With implicit TLS the library must dial itself, because
// otherwise it does not know that it can send passwords; the garbage collector then closes the connection.
func (s *SMTP) dialOptions() ([]mail.Option, func()) {
	if s.o.TLS == Implicit {
		return s.options, func() {}
	}
	var conns []net.Conn
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, address)
		if err == nil {
			conns = append(conns, c)
		}
		return c, err
	}
	return append(slices.Clip(s.options), mail.WithDialContextFunc(dial)), func() {
		for _, c := range conns {
			_ = c.Close() // fails if the library has closed it already
		}
	}
}

func (s *SMTP) compose(m Message) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	from := m.From
	if from == "" {
		from = s.o.From
	}
	if err := msg.From(from); err != nil {
		return nil, errors.New("the address of the sender is invalid")
	}
	if err := msg.To(m.To); err != nil {
		return nil, errors.New("the address of the recipient is invalid") // do not log the address
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, errors.New("the reply-to address is invalid")
		}
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetMessageID()
	kind := mail.TypeTextPlain
	if m.HTML {
		kind = mail.TypeTextHTML
	}
	msg.SetBodyString(kind, m.Body)
	return msg, nil
}
