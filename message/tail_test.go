package message_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/message"
)

// screen is an io.Writer that a test can watch.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *screen) wait(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(s.String(), want); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q does not appear in %q", want, s.String())
		}
	}
}

func outboxOf(t *testing.T, path string, from, to int) {
	t.Helper()
	box, err := message.NewOutbox(message.OutboxOptions{Path: path, Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		m := mail
		m.Body = fmt.Sprintf("body %d %s", i, strings.Repeat("x", 2000))
		if err := box.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTailPrintsTheNewestMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.jsonl")
	if err := message.Tail(t.Context(), message.TailOptions{Path: path, Out: &screen{}, Count: 10}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	outboxOf(t, path, 0, 200)
	for count, want := range map[int]int{0: 0, 1: 1, 3: 3, 150: 150, 1000: 200} {
		out := &screen{}
		if err := message.Tail(t.Context(), message.TailOptions{Path: path, Out: out, Count: count}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "body "); got != want {
			t.Errorf("-n %d prints %d", count, got)
		}
		if want > 0 && (!strings.Contains(out.String(), "body 199 ") || strings.Contains(out.String(), fmt.Sprintf("body %d ", 199-want))) {
			t.Errorf("-n %d prints the wrong ones", count)
		}
	}
	out := &screen{}
	if err := message.Tail(t.Context(), message.TailOptions{Path: path, Out: out, Count: 1}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "2026-11-21T09:00:00Z  EMAIL  signup  to alice@example.com  (us-east-1_notes0001)\nSubject: Your code – ok\nbody 199 ") {
		t.Error(out.String())
	}
	out = &screen{}
	if err := message.Tail(t.Context(), message.TailOptions{Path: path, Out: out, Count: 1, JSON: true}); err != nil || !strings.HasPrefix(out.String(), `{"time":`) {
		t.Error(out.String(), err)
	}
}

func TestTailFollowsAFileThatComesGrowsAndIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.jsonl")
	ctx, cancel := context.WithCancel(t.Context())
	out, done := &screen{}, make(chan error, 1)
	go func() {
		done <- message.Tail(ctx, message.TailOptions{Path: path, Out: out, Count: 10, Follow: true, Every: time.Millisecond})
	}()
	outboxOf(t, path, 0, 2)
	out.wait(t, "body 1 ")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`{"time":"2026-11-21T09:00:00Z","body":"half `, "a line\"}\nnot JSON\n"} {
		if _, err := f.WriteString(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	out.wait(t, "half a line")
	out.wait(t, "this line is not a message")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	outboxOf(t, path, 7, 8)
	out.wait(t, "body 7 ")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := strings.Count(out.String(), "body "); got != 3 {
		t.Errorf("%d messages, want each once", got)
	}
}

func TestTailSpellsControlCharactersOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.jsonl")
	box, err := message.NewOutbox(message.OutboxOptions{Path: path, Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	m := mail
	m.Body = "a\x1b[2Jb\u202ec\nd"
	if err := box.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	out := &screen{}
	if err := message.Tail(t.Context(), message.TailOptions{Path: path, Out: out, Count: 1}); err != nil || !strings.Contains(out.String(), `a\x1b[2Jb\u202ec`+"\nd") {
		t.Errorf("%q %v", out.String(), err)
	}
}
