package userpooltest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"

	"github.com/sluicegate/sluice/message"
)

// Mail is a message in the outbox.
type Mail struct{ To, Subject, Body, Purpose, Medium string }

// Mails waits for the messages that are being sent and returns the outbox.
func (h *Harness) Mails() (list []Mail) {
	h.T.Helper()
	h.Settle()
	f, err := os.Open(h.Outbox)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var m Mail
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			h.T.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}([0-9]{2})?\b`)

// Code returns the code in the last message.
func (h *Harness) Code() string {
	h.T.Helper()
	list := h.Mails()
	if len(list) == 0 {
		h.T.Fatal("no message went out")
	}
	code := sixDigits.FindString(list[len(list)-1].Body)
	if code == "" {
		h.T.Fatalf("no code in %q", list[len(list)-1].Body)
	}
	return code
}

// WrongCode returns a code that differs from the right one.
func WrongCode(right string) string {
	last := right[len(right)-1]
	return right[:len(right)-1] + string('0'+(last-'0'+1)%10)
}

// BrokenSender is a message.Sender that always fails.
type BrokenSender struct{}

// Send returns an error.
func (BrokenSender) Send(context.Context, message.Message) error {
	return errors.New("the mail server is down")
}
