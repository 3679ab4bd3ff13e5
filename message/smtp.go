package message

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/wneessen/go-mail"
)

// TLSMode says how a connection to the mail server is protected.
type TLSMode string

// The modes. The zero value means StartTLS, so protection is never off by omission.
const (
	StartTLS TLSMode = "starttls" // refuse a server that does not offer it
	Implicit TLSMode = "tls"      // TLS from the first byte
	Plain    TLSMode = "none"     // no protection, for a server on the same machine
)

// SMTPOptions are what NewSMTP needs.
type SMTPOptions struct {
	Host     string
	Port     int           // 0 = 587, with Implicit 465
	TLS      TLSMode       // "" = StartTLS
	Username string        // "" = no authentication
	Password seal.Secret   //
	From     string        // the sender of messages that name none: "Notes <no-reply@example.com>"
	Timeout  time.Duration // for one message from dialling to acceptance; 0 = 10 s
	Roots    *tls.Config   // for private certificate authorities; nil = the system's
}

// SMTP sends e-mail through one server, a connection for each message.
type SMTP struct {
	o       SMTPOptions
	options []mail.Option
}

// NewSMTP checks the options; it does not connect.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	if o.Host == "" || o.From == "" {
		return nil, errors.New("message: SMTP needs Host and From")
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
		return nil, fmt.Errorf("message: SMTP TLS mode %q is none of starttls, tls, none", o.TLS)
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

// Send delivers the message to the server and returns once the server has taken it.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if m.Medium != Email {
		return fmt.Errorf("%w: SMTP carries e-mail only", ErrRefused)
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
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("message: SMTP: %w", err)
	}
	return nil
}

// dialOptions are the options for one message, and a function that closes its connection whatever happened: the library
// leaves one open when greeting, STARTTLS or authentication fail. With implicit TLS the library must dial itself, or it
// would not know that passwords are safe to send; such a connection is closed when it is collected.
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
			_ = c.Close() // a second close of one that ended well; there is nothing left to lose
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
		return nil, errors.New("the sender's address does not parse")
	}
	if err := msg.To(m.To); err != nil {
		return nil, errors.New("the receiver's address does not parse") // without the address
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, errors.New("the reply address does not parse")
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
