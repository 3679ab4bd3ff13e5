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

// OutboxOptions are what NewOutbox needs.
type OutboxOptions struct {
	Path   string           // the file; made with mode 0600, appended to
	Now    func() time.Time // stamps the lines
	Logger *slog.Logger     // says that a message went to the file; nil = silent
}

// Outbox appends messages to a file, one JSON object per line.
type Outbox struct {
	o  OutboxOptions
	mu sync.Mutex // lines are written whole
}

// NewOutbox checks the options. The file is opened for each message, so it may be moved away at any time.
func NewOutbox(o OutboxOptions) (*Outbox, error) {
	if o.Path == "" || o.Now == nil {
		return nil, errors.New("message: an outbox needs Path and Now")
	}
	return &Outbox{o: o}, nil
}

// line is what the file holds.
type line struct {
	Time    time.Time `json:"time"`
	Medium  Medium    `json:"medium"`
	PoolID  string    `json:"pool,omitempty"`
	Purpose string    `json:"purpose,omitempty"`
	To      string    `json:"to"`
	From    string    `json:"from,omitempty"`
	Subject string    `json:"subject,omitempty"`
	Body    string    `json:"body"`
}

// Send appends the message. The log line names pool, purpose and medium; address and text stay in the file.
func (b *Outbox) Send(ctx context.Context, m Message) error {
	if err := check(m); err != nil {
		return err
	}
	data, err := json.Marshal(line{Time: b.o.Now().UTC(), Medium: m.Medium, PoolID: m.PoolID, Purpose: m.Purpose,
		To: m.To, From: m.From, Subject: m.Subject, Body: m.Body})
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

func (b *Outbox) append(data []byte) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, err := os.OpenFile(b.o.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(data)
	return err
}
