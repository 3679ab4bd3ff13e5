package message

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// OutboxOptions are the options of NewOutbox. Path and Now are required.
type OutboxOptions struct {
	Path   string           // the file, created with mode 0600
	Now    func() time.Time // for the time of each line
	Logger *slog.Logger     // logs that a message was written; nil means no logging
}

// Outbox appends messages to a file, one JSON object per line.
type Outbox struct {
	o  OutboxOptions
	mu sync.Mutex // held to write a line
}

// NewOutbox returns an Outbox. It opens the file for each message, so the file may be moved at any time.
func NewOutbox(o OutboxOptions) (*Outbox, error) {
	if o.Path == "" || o.Now == nil {
		return nil, errors.New("message: OutboxOptions.Path and OutboxOptions.Now are required")
	}
	return &Outbox{o: o}, nil
}

// Entry is a message in the outbox: a line of the file. Code is the code of the message, or the temporary password of an
// invitation. HTML says that Body is HTML.
type Entry struct {
	Time     time.Time `json:"time"`               // when it was written, in UTC
	Medium   Medium    `json:"medium"`             // Email or SMS
	PoolID   string    `json:"pool,omitempty"`     // of the user pool; left out if none sent it
	Purpose  string    `json:"purpose,omitempty"`  // "signup", "invitation", "forgot" …; see Message
	Username string    `json:"username,omitempty"` // as the message calls the user; left out if it does not
	Code     string    `json:"code,omitempty"`     // left out if the body has none
	To       string    `json:"to"`                 // e-mail address, or phone number in E.164 format
	From     string    `json:"from,omitempty"`     // left out for the sender's default
	Subject  string    `json:"subject,omitempty"`  // e-mail only
	HTML     bool      `json:"html,omitempty"`     // left out for plain text
	Body     string    `json:"body"`               // the whole text
}

// Send appends the message to the file. It logs the pool, the purpose and the medium, but not the address or the text.
func (b *Outbox) Send(ctx context.Context, m Message) error {
	if err := check(m); err != nil {
		return err
	}
	data, err := json.Marshal(Entry{Time: b.o.Now().UTC(), Medium: m.Medium, PoolID: m.PoolID, Purpose: m.Purpose,
		Username: m.Username, Code: m.Code, To: m.To, From: m.From, Subject: m.Subject, HTML: m.HTML, Body: m.Body})
	if err != nil {
		return fmt.Errorf("message: outbox: %w", err)
	}
	if err := b.append(append(data, '\n')); err != nil {
		return fmt.Errorf("message: outbox: %w", err)
	}
	if b.o.Logger != nil {
		b.o.Logger.LogAttrs(ctx, slog.LevelInfo, "message written to the outbox file",
			slog.String("path", b.o.Path), slog.String("medium", string(m.Medium)),
			slog.String("pool", m.PoolID), slog.String("purpose", m.Purpose))
	}
	return nil
}

// append writes a line. It begins with the end of a line that was not written whole, as when the disk was full.
func (b *Outbox) append(line []byte) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, err := os.OpenFile(b.o.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if torn(b.o.Path) {
		line = append([]byte{'\n'}, line...)
	}
	_, err = f.Write(line)
	return err
}

// torn reports whether a file ends within a line.
func torn(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	last := []byte{'\n'}
	_, err = f.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}
