package dev

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/message"
)

// Mailbox holds the newest messages of an outbox file. Its methods may be called from any goroutine.
type Mailbox struct {
	mu     sync.Mutex
	reader *message.Reader
	mails  []Mail
	last   int

	// waiting returns how many messages the server is still to write to the file; nil = none ever.
	waiting func(ctx context.Context) (int, error)

	closed  chan struct{}
	closing sync.Once
}

// Mail is a message in a mailbox.
type Mail struct {
	ID int `json:"id"` // counts from 1
	message.Entry
}

const (
	maxMails  = 500                   // that a mailbox holds
	lookEvery = 20 * time.Millisecond // how often a waiter looks at the file
)

func newMailbox(path string, waiting func(context.Context) (int, error)) *Mailbox {
	return &Mailbox{reader: message.NewReader(path, maxMails), waiting: waiting, closed: make(chan struct{})}
}

func (m *Mailbox) close() { m.closing.Do(func() { close(m.closed) }) }

// look reads messages written since.
func (m *Mailbox) look() error {
	entries, err := m.reader.Read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // no message was written yet
		return err
	}
	for _, e := range entries {
		m.last++
		m.mails = append(m.mails, Mail{m.last, e})
	}
	if more := len(m.mails) - maxMails; more > 0 {
		m.mails = append([]Mail(nil), m.mails[more:]...)
	}
	return nil
}

// Wanted are the messages that a reader wants. Empty fields mean any.
type Wanted struct {
	To       string // address or user name, without regard to case
	Purpose  string
	WithCode bool
	After    int // with a greater ID
}

func (w Wanted) is(m *Mail) bool {
	return m.ID > w.After && (w.To == "" || strings.EqualFold(m.To, w.To) || strings.EqualFold(m.Username, w.To)) &&
		(w.Purpose == "" || w.Purpose == m.Purpose) && (!w.WithCode || m.Code != "")
}

// Read returns the wanted messages, the newest last, and the ID of the newest message of all.
func (m *Mailbox) Read(w Wanted) ([]Mail, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.look(); err != nil {
		return nil, 0, err
	}
	found := []Mail{} // [] and not null in JSON
	for i := range m.mails {
		if w.is(&m.mails[i]) {
			found = append(found, m.mails[i])
		}
	}
	return found, m.last, nil
}

// coming reports whether the server has messages that it is still to write.
func (m *Mailbox) coming(ctx context.Context) (bool, error) {
	select {
	case <-m.closed:
		return false, nil
	default:
	}
	if m.waiting == nil {
		return false, nil
	}
	n, err := m.waiting(ctx)
	if ctx.Err() != nil { // the reader has waited long enough
		return false, nil
	}
	return n > 0, err
}

// errClosed means that the server ended while a reader waited.
var errClosed = errors.New("the server has ended")

// Wait is Read that waits until there is a wanted message, or ctx ends; then it returns none and ctx's error. Messages of calls that have
// been answered count, even if the server is still to write them: so the newest is that of the last call.
func (m *Mailbox) Wait(ctx context.Context, w Wanted) ([]Mail, int, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		coming, err := m.coming(ctx) // before Read, which then has what was written since
		if err != nil {
			return nil, 0, err
		}
		found, last, err := m.Read(w)
		if err != nil || len(found) > 0 && !coming {
			return found, last, err
		}
		select {
		case <-tick.C:
		case <-m.closed:
			return found, last, errClosed
		case <-ctx.Done():
			if len(found) > 0 {
				return found, last, nil
			}
			return found, last, fmt.Errorf("no message for %q: %w", w.To, ctx.Err())
		}
	}
}
