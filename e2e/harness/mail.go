package harness

import (
	"crypto/tls"
	"io"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mail is a message that the mail server accepted.
type Mail struct {
	From, To string // of the envelope
	Subject  string
	Body     string
}

// MailServer accepts every message for every address.
type MailServer struct {
	Address string // 127.0.0.1:<port>
	Roots   string // file with the certificate that it presents after STARTTLS
	User    string // who may send; empty = no authentication
	Pass    string

	mu    sync.Mutex
	mails []Mail
	fail  bool
	more  chan struct{}
}

// StartMail starts a mail server with STARTTLS. With a user, clients must authenticate, after STARTTLS.
func StartMail(t testing.TB, user, pass string) *MailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert, roots := certificate(t)
	m := &MailServer{Address: l.Addr().String(), Roots: roots, User: user, Pass: pass, more: make(chan struct{}, 1000)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{m: m, known: user == ""}, nil
	}))
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	server.MaxMessageBytes = 1 << 20
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return m
}

// Fail makes the server refuse every message, or accept messages again.
func (m *MailServer) Fail(fail bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = fail
}

// Next waits for the next message to an address and returns it. Each message is returned once.
func (m *MailServer) Next(t testing.TB, to string) Mail {
	t.Helper()
	timeout := time.After(Patience)
	for {
		m.mu.Lock()
		for i, mail := range m.mails {
			if mail.To == to {
				m.mails = append(m.mails[:i:i], m.mails[i+1:]...)
				m.mu.Unlock()
				return mail
			}
		}
		m.mu.Unlock()
		select {
		case <-m.more:
		case <-timeout:
			t.Fatalf("no mail to %s", to)
		}
	}
}

var code = regexp.MustCompile(`\b[0-9]{6}(?:[0-9]{2})?\b`)

// Code returns the first code of six or eight digits in a text.
func Code(t testing.TB, text string) string {
	t.Helper()
	found := code.FindString(text)
	if found == "" {
		t.Fatalf("no code in %q", text)
	}
	return found
}

type mailSession struct {
	m        *MailServer
	known    bool
	from, to string
}

func (s *mailSession) AuthMechanisms() []string {
	if s.m.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != s.m.User || pass != s.m.Pass {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.fail {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	s.to = to
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(msg.Body)
	if err != nil {
		return err
	}
	// Quoted-printable breaks long lines.
	text := strings.ReplaceAll(string(body), "=\r\n", "")
	s.m.mu.Lock()
	s.m.mails = append(s.m.mails, Mail{From: s.from, To: s.to, Subject: msg.Header.Get("Subject"), Body: text})
	s.m.mu.Unlock()
	s.m.more <- struct{}{}
	return nil
}

func (s *mailSession) Reset()        { s.from, s.to = "", "" }
func (s *mailSession) Logout() error { return nil }
