package message_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/message"
)

var mail = message.Message{Medium: message.Email, To: "alice@example.com", Subject: "Your code – ok", Body: "Your code is 123456",
	PoolID: "us-east-1_notes0001", Purpose: "signup"}

func fixed() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }

func TestTheOutboxHoldsMessagesAndTheLogDoesNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.jsonl")
	var log bytes.Buffer
	box, err := message.NewOutbox(message.OutboxOptions{Path: path, Now: fixed, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	coded := mail
	coded.Username, coded.Code = "alice", "123456"
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := box.Send(t.Context(), coded); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 20 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, l := range lines {
		var got map[string]string
		if err := json.Unmarshal([]byte(l), &got); err != nil || got["body"] != mail.Body || got["to"] != mail.To || got["username"] != "alice" || got["code"] != "123456" || got["time"] != "2026-11-21T09:00:00Z" {
			t.Error(l, err)
		}
	}
	if !strings.Contains(log.String(), path) {
		t.Error("the log does not say where it went")
	}
	for _, secret := range []string{"123456", mail.To, mail.Subject} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
}

// A regression test. After the disk was full, the next message was on the line of one that was not written whole, and could not be read.
func TestAMessageAfterOneThatWasNotWrittenWholeHasItsOwnLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.jsonl")
	if err := os.WriteFile(path, []byte(`{"time":"2026-11-21T09:0`), 0o600); err != nil {
		t.Fatal(err)
	}
	box, err := message.NewOutbox(message.OutboxOptions{Path: path, Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := box.Send(t.Context(), mail); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	lines := strings.Split(string(data), "\n")
	if err != nil || len(lines) != 4 || !json.Valid([]byte(lines[1])) || !json.Valid([]byte(lines[2])) || lines[3] != "" {
		t.Errorf("%v %q", err, data)
	}
}

func TestAnOutboxThatCannotBeWrittenIsAnError(t *testing.T) {
	box, err := message.NewOutbox(message.OutboxOptions{Path: t.TempDir(), Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Send(t.Context(), mail); err == nil || strings.Contains(err.Error(), "123456") {
		t.Error(err)
	}
}

func TestHeadersCannotBeBrokenOutOf(t *testing.T) {
	box, err := message.NewOutbox(message.OutboxOptions{Path: filepath.Join(t.TempDir(), "o"), Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*message.Message){
		"a line end in the subject":  func(m *message.Message) { m.Subject = "a\r\nBcc: x@example.com" },
		"a line end in the receiver": func(m *message.Message) { m.To = "a@example.com\nx@example.com" },
		"a line end in the sender":   func(m *message.Message) { m.From = "a@example.com\r\nX: y" },
		"a NUL in the reply address": func(m *message.Message) { m.ReplyTo = "a\x00" },
		"no receiver":                func(m *message.Message) { m.To = "" },
		"no medium":                  func(m *message.Message) { m.Medium = "" },
	} {
		t.Run(name, func(t *testing.T) {
			m := mail
			change(&m)
			if err := box.Send(t.Context(), m); !errors.Is(err, message.ErrRefused) {
				t.Error(err)
			}
		})
	}
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"Your code":                  "Your code",
		"Your  code\u00a0is":         "Your  code\u00a0is",
		" Your code \n":              "Your code",
		"Your \r\n\t code\x00\x7fis": "Your code is",
		"\n\n":                       "",
		"a\r\nBcc: x@example.com":    "a Bcc: x@example.com",
		"ä\n\nö":                     "ä ö",
	} {
		if got := message.OneLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestEachMediumHasItsSender(t *testing.T) {
	path := filepath.Join(t.TempDir(), "o")
	box, err := message.NewOutbox(message.OutboxOptions{Path: path, Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	media := message.Media{message.SMS: box}
	text := mail
	text.Medium, text.To = message.SMS, "+15550001234"
	if err := media.Send(t.Context(), text); err != nil {
		t.Error(err)
	}
	if err := media.Send(t.Context(), mail); err == nil {
		t.Error("e-mail has no carrier here")
	}
}

// postman is an SMTP server with the commands that the client uses.
type postman struct {
	listener net.Listener
	refuse   bool
	after    string // what it does after a letter: "" answers, "silent" hangs up, "gone" answers and hangs up
	mu       sync.Mutex
	letters  []string
}

// received returns the letters that came.
func (p *postman) received() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.letters)
}

func newPostman(t *testing.T, refuse bool) *postman {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postman{listener: l, refuse: refuse}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return p
}

func (p *postman) serve(c net.Conn) {
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return
	}
	conn := textproto.NewConn(c)
	say := func(format string, args ...any) bool { return conn.PrintfLine(format, args...) == nil }
	if !say("220 test") {
		return
	}
	for {
		line, err := conn.ReadLine()
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO", "HELO":
			say("250 test")
		case "DATA":
			say("354 go on")
			letter, err := io.ReadAll(conn.DotReader())
			if err != nil {
				return
			}
			p.mu.Lock()
			p.letters = append(p.letters, string(letter))
			p.mu.Unlock()
			if p.after == "silent" {
				return
			}
			say("250 taken")
			if p.after == "gone" {
				return
			}
		case "RCPT":
			if p.refuse {
				say("550 no such user")
			} else {
				say("250 ok")
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (p *postman) sender(t *testing.T, tls message.TLSMode) *message.SMTP {
	t.Helper()
	host, port, err := net.SplitHostPort(p.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	s, err := message.NewSMTP(message.SMTPOptions{Host: host, Port: n, TLS: tls, From: "Notes <no-reply@example.com>", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSMTPDelivers(t *testing.T) {
	p := newPostman(t, false)
	m := mail
	m.ReplyTo = "help@example.com"
	if err := p.sender(t, message.Plain).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	m.HTML, m.Body, m.From = true, "<b>123456</b>", "pool@example.com"
	if err := p.sender(t, message.Plain).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(p.received()) != 2 {
		t.Fatal(p.received())
	}
	for _, want := range []string{"From: \"Notes\" <no-reply@example.com>", "To: <alice@example.com>", "Reply-To: <help@example.com>",
		"Subject: =?UTF-8?q?Your_code_=E2=80=93_ok?=", "Content-Type: text/plain; charset=UTF-8", "Your code is 123456", "Message-ID:", "Date:"} {
		if !strings.Contains(p.received()[0], want) {
			t.Errorf("%q is missing in\n%s", want, p.received()[0])
		}
	}
	for _, want := range []string{"From: <pool@example.com>", "Content-Type: text/html", "<b>123456</b>"} {
		if !strings.Contains(p.received()[1], want) {
			t.Errorf("%q is missing in\n%s", want, p.received()[1])
		}
	}
}

func TestSMTPSaysWhenItDidNotDeliver(t *testing.T) {
	t.Run("the receiver is refused", func(t *testing.T) {
		if err := newPostman(t, true).sender(t, message.Plain).Send(t.Context(), mail); err == nil || strings.Contains(err.Error(), "123456") {
			t.Error(err)
		}
	})
	t.Run("a server without STARTTLS gets nothing unless told so", func(t *testing.T) {
		p := newPostman(t, false)
		if err := p.sender(t, "").Send(t.Context(), mail); err == nil || len(p.received()) > 0 {
			t.Error(err, p.received())
		}
	})
	t.Run("connection refused", func(t *testing.T) {
		p := newPostman(t, false)
		s := p.sender(t, message.Plain)
		p.listener.Close()
		if err := s.Send(t.Context(), mail); err == nil {
			t.Error("delivered without a server")
		}
	})
	t.Run("a caller who leaves", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := newPostman(t, false).sender(t, message.Plain).Send(ctx, mail); err == nil {
			t.Error("delivered")
		}
	})
	t.Run("a server that takes the letter and does not answer", func(t *testing.T) {
		p := newPostman(t, false)
		p.after = "silent"
		if err := p.sender(t, message.Plain).Send(t.Context(), mail); !errors.Is(err, message.ErrUnanswered) || len(p.received()) != 1 {
			t.Error(err)
		}
	})
	t.Run("a server that hangs up after the delivery", func(t *testing.T) {
		p := newPostman(t, false)
		p.after = "gone"
		if err := p.sender(t, message.Plain).Send(t.Context(), mail); err != nil || len(p.received()) != 1 {
			t.Error("a letter that was delivered would be sent again:", err)
		}
	})
	t.Run("an SMS", func(t *testing.T) {
		m := mail
		m.Medium = message.SMS
		if err := newPostman(t, false).sender(t, message.Plain).Send(t.Context(), m); !errors.Is(err, message.ErrRefused) {
			t.Error(err)
		}
	})
}

func TestWrongOptionsAreNamed(t *testing.T) {
	for name, o := range map[string]message.SMTPOptions{
		"no host":          {From: "a@example.com"},
		"no sender":        {Host: "localhost"},
		"a broken sender":  {Host: "localhost", From: "nobody"},
		"an unknown mode":  {Host: "localhost", From: "a@example.com", TLS: "maybe"},
		"a port too large": {Host: "localhost", From: "a@example.com", Port: 70000},
	} {
		if _, err := message.NewSMTP(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := message.NewOutbox(message.OutboxOptions{}); err == nil {
		t.Error("an outbox without a path was accepted")
	}
}
