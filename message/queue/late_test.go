package queue_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/store"
)

// zeros makes pauses without chance.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// due returns when the message is tried again, or the zero time if none waits.
func (w *world) due() (at time.Time) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx store.Tx) (err error) {
		at, err = tx.Messages.Next("EMAIL")
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		w.Fatal(err)
	}
	return at
}

// A carrier that took a message may have sent it, though its answer is late each time.
func TestACarrierThatAnswersTooLateGetsAMessageAFewTimesOnly(t *testing.T) {
	w := newWorld(t)
	w.fail = message.ErrUnanswered
	q := w.queue(func(o *queue.Options) { o.Rand = zeros{} })
	m := letter(1)
	m.ExpiresAt = w.clock().Add(24 * time.Hour)
	if err := q.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	w.started(q)
	tries := 1
	for at := w.due(); !at.IsZero(); {
		lease := at.Add(45 * time.Second)
		w.set(func() { w.now = at })
		for at = w.due(); at.Equal(w.clock()) || at.Equal(lease); at = w.due() { // until the result of the try is written
			q.Wake()
			time.Sleep(time.Millisecond)
		}
		tries++
	}
	if w.done["expired"] != 1 || tries < 10 || tries > 20 {
		t.Errorf("%d tries, %v", tries, w.done)
	}
}
