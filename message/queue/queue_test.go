package queue_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

const pool = "us-east-1_notes0001"

// world is a store, a clock and a mail server that can fail.
type world struct {
	*testing.T
	store store.Store
	box   *seal.Box

	mu   sync.Mutex
	now  time.Time
	fail error
	sent []string
	hold chan struct{} // if not nil, sends wait for it or their context
	done map[string]int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, now: time.Date(2026, 11, 21, 9, 0, 0, 123_456_789, time.UTC), done: map[string]int{}}
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "sluice.db"), Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	w.store = st
	key, err := seal.GenerateMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if w.box, err = seal.New(seal.Options{Keys: []seal.Key{key}}); err != nil {
		t.Fatal(err)
	}
	w.update(func(tx store.Tx) error { return tx.Pools.Insert(store.Pool{ID: pool, Name: "notes"}) })
	return w
}

func (w *world) update(fn func(tx store.Tx) error) {
	w.Helper()
	if err := w.store.Update(context.Background(), fn); err != nil {
		w.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// set changes the world.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// Send is the mail server's.
func (w *world) Send(ctx context.Context, m message.Message) error {
	w.mu.Lock()
	hold, fail := w.hold, w.fail
	w.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fail != nil {
		return fail
	}
	w.set(func() { w.sent = append(w.sent, m.To+" "+m.Body) })
	return nil
}

// MessageDone counts.
func (w *world) MessageDone(_, result string) { w.set(func() { w.done[result]++ }) }

// MessagesQueued is not counted.
func (w *world) MessagesQueued(int) {}

func (w *world) queue(change ...func(*queue.Options)) *queue.Queue {
	w.Helper()
	o := queue.Options{Store: w.store, Seal: w.box, Sender: w, Now: w.clock, Rand: rand.Reader, Observer: w}
	for _, f := range change {
		f(&o)
	}
	q, err := queue.New(o)
	if err != nil {
		w.Fatal(err)
	}
	return q
}

// started starts the queue until the test ends.
func (w *world) started(q *queue.Queue) *queue.Queue {
	q.Start()
	w.Cleanup(func() { q.Close(time.Minute) })
	return q
}

func (w *world) waiting() (n int) {
	w.Helper()
	if err := w.store.View(context.Background(), func(tx store.Tx) (err error) {
		n, err = tx.Messages.Count()
		return err
	}); err != nil {
		w.Fatal(err)
	}
	return n
}

// until waits for a condition, and wakes the queue, whose clock stands still.
func (w *world) until(q *queue.Queue, what string, condition func() bool) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		ok := condition()
		w.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.Fatalf("waited for %s: sent %v, %v", what, w.sent, w.done)
		}
		q.Wake()
	}
}

func letter(n int) message.Message {
	return message.Message{Medium: message.Email, To: fmt.Sprintf("u%d@example.com", n), Subject: "s", Body: "123456", PoolID: pool, Purpose: "signup",
		Sub: fmt.Sprint("sub", n), Origin: "192.0.2.1"}
}

var errAway = errors.New("the mail server is away")

func TestAMessageThatCannotBeSentWaitsAndSurvivesARestart(t *testing.T) {
	w := newWorld(t)
	w.fail = errAway
	if err := w.queue().Send(t.Context(), letter(1)); err != nil {
		t.Fatal(err)
	}
	if n := w.waiting(); n != 1 {
		t.Fatalf("%d messages wait", n)
	}
	q := w.started(w.queue()) // another process: the first one was killed
	w.set(func() { w.now = w.now.Add(time.Minute) })
	w.until(q, "a failed try", func() bool { return w.done["retried"] > 0 })
	w.set(func() { w.fail = nil; w.now = w.now.Add(time.Hour) })
	w.until(q, "the message", func() bool { return len(w.sent) == 1 && w.done["sent"] == 1 })
	if w.sent[0] != "u1@example.com 123456" {
		t.Error(w.sent)
	}
	w.until(q, "an empty queue", func() bool { return w.done["sent"] == 1 })
	for w.waiting() != 0 {
		time.Sleep(time.Millisecond)
	}
}

func TestAMessageThatIsSentOrRejectedAtOnceIsNotKept(t *testing.T) {
	for name, tc := range map[string]struct {
		fail   error
		failed bool
	}{
		"sent":                     {nil, false},
		"rejected":                 {message.ErrRejected, true},
		"invalid":                  {message.ErrRefused, true},
		"a mail server's password": {fmt.Errorf("a: %w", message.ErrMisconfigured), true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.fail = tc.fail
			if err := w.queue().Send(t.Context(), letter(1)); (err != nil) != tc.failed {
				t.Error(err)
			}
			if n := w.waiting(); n != 0 {
				t.Errorf("%d messages wait", n)
			}
		})
	}
}

func TestTheFirstTryIsShort(t *testing.T) {
	w := newWorld(t)
	w.hold = make(chan struct{})
	q := w.queue(func(o *queue.Options) { o.FirstTry = time.Millisecond })
	if err := q.Send(t.Context(), letter(1)); err != nil || w.waiting() != 1 {
		t.Error(err, w.waiting())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Send(gone, letter(2)); err != nil || w.waiting() != 2 {
		t.Error("the message of a client that has gone is lost:", err, w.waiting())
	}
}

func TestAQueueThatCannotKeepAMessageSaysSo(t *testing.T) {
	w := newWorld(t)
	w.fail = errAway
	m := letter(1)
	m.PoolID = "us-east-1_none"
	if err := w.queue().Send(t.Context(), m); !errors.Is(err, errAway) || !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

func TestAQueuedMessageIsSealed(t *testing.T) {
	w := newWorld(t)
	w.fail = errAway
	if err := w.queue().Send(t.Context(), letter(1)); err != nil {
		t.Fatal(err)
	}
	w.update(func(tx store.Tx) error {
		list, err := tx.Messages.Take("EMAIL", w.clock().Add(time.Hour), w.clock(), 1)
		if err != nil {
			return err
		}
		for _, secret := range []string{"123456", "u1@example.com", "192.0.2.1", "sub1"} {
			if strings.Contains(fmt.Sprintf("%q %s", list[0].Sealed, list[0].ID), secret) {
				t.Errorf("the record shows %q", secret)
			}
		}
		return nil
	})
}

func TestAMessageIsGivenUpWhenItsCodeHasExpired(t *testing.T) {
	w := newWorld(t)
	w.fail = errAway
	q := w.started(w.queue())
	m := letter(1)
	m.ExpiresAt = w.clock().Add(3 * time.Minute)
	if err := q.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	w.set(func() { w.now = w.now.Add(3 * time.Minute); w.fail = nil })
	w.until(q, "the end", func() bool { return w.done["expired"] == 1 })
	if len(w.sent) != 0 {
		t.Error("an expired code was sent")
	}
}

func TestALaterMessageReplacesAnEarlierOneOfItsUserOnly(t *testing.T) {
	w := newWorld(t)
	w.fail = errAway
	q := w.queue()
	first, second, other, sms := letter(1), letter(1), letter(1), letter(1)
	second.Body, other.Sub, sms.Medium = "654321", "another user with the same address", message.SMS
	for _, m := range []message.Message{first, second, other, sms} {
		if err := q.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.waiting(); n != 3 {
		t.Errorf("%d messages wait", n)
	}
	w.set(func() { w.fail = nil; w.now = w.now.Add(time.Hour) })
	w.started(q)
	w.until(q, "the messages", func() bool { return len(w.sent) == 3 })
	if got := strings.Join(w.sent, ","); strings.Count(got, "123456") != 2 || strings.Count(got, "654321") != 1 {
		t.Error(got)
	}
}

func TestAPretendedMessageIsNotKeptAndReplacesNone(t *testing.T) {
	w := newWorld(t)
	q := w.queue()
	w.update(func(tx store.Tx) error { return errors.Join(q.Put(tx, letter(1)), q.Pretend(tx, letter(1))) })
	if n := w.waiting(); n != 1 {
		t.Errorf("%d messages wait", n)
	}
}

func TestTwoProcessesOnOneStoreSendEachMessageOnce(t *testing.T) {
	w := newWorld(t)
	const count = 60
	w.update(func(tx store.Tx) error {
		q := w.queue()
		for i := range count {
			if err := q.Put(tx, letter(i)); err != nil {
				return err
			}
		}
		return nil
	})
	a, b := w.started(w.queue()), w.started(w.queue())
	w.until(a, "all messages", func() bool { b.Wake(); return w.done["sent"] >= count })
	seen := map[string]bool{}
	for _, s := range w.sent {
		if seen[s] {
			t.Errorf("%s was sent twice", s)
		}
		seen[s] = true
	}
}

func TestACrashedProcessesMessageIsTakenWhenItsLeaseEnds(t *testing.T) {
	w := newWorld(t)
	q := w.queue()
	w.update(func(tx store.Tx) error {
		if err := q.Put(tx, letter(1)); err != nil {
			return err
		}
		_, err := tx.Messages.Take("EMAIL", w.clock().Add(time.Second), w.clock().Add(45*time.Second), 1) // and crashes
		return err
	})
	w.started(q)
	for range 50 {
		q.Wake()
		time.Sleep(time.Millisecond)
	}
	w.set(func() {
		if len(w.sent) > 0 {
			t.Error("a leased message was sent")
		}
		w.now = w.now.Add(45 * time.Second)
	})
	w.until(q, "the message", func() bool { return len(w.sent) == 1 })
}

func TestAFloodFillsTheQueueWithItsOwnMessagesOnly(t *testing.T) {
	w := newWorld(t)
	w.fail = errAway
	q := w.queue(func(o *queue.Options) { o.Capacity = 20 })
	victim := letter(1000)
	victim.Origin = "198.51.100.7"
	if err := q.Send(t.Context(), victim); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := q.Send(t.Context(), letter(i)); err != nil {
			t.Fatal("a full queue refuses:", err)
		}
	}
	w.started(q)
	w.until(q, "an eviction", func() bool { return w.done["evicted"] == 81 })
	w.set(func() { w.fail = nil; w.now = w.now.Add(time.Hour) })
	w.until(q, "what is left", func() bool { return len(w.sent) == 20 })
	if !strings.Contains(strings.Join(w.sent, ","), victim.To) {
		t.Error("the flood pushed another client's message out")
	}
}

func TestClosingWaitsForSendsAndKeepsThoseThatDoNotEnd(t *testing.T) {
	w := newWorld(t)
	w.hold = make(chan struct{})
	q := w.queue()
	w.update(func(tx store.Tx) error { return q.Put(tx, letter(1)) })
	q.Start()
	for due := true; due; time.Sleep(time.Millisecond) { // until a worker has taken it
		if err := w.store.View(t.Context(), func(tx store.Tx) error {
			next, err := tx.Messages.Next("EMAIL")
			due = !next.After(w.clock())
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	q.Close(time.Millisecond)
	if w.waiting() != 1 || len(w.sent) != 0 {
		t.Error("the message is lost", w.sent)
	}
	w.hold = nil
	next := w.started(w.queue())
	w.until(next, "the message, without waiting for the lease", func() bool { return len(w.sent) == 1 })
}
