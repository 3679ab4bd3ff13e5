package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
)

// Start starts sending stored messages. Close must be called once.
func (q *Queue) Start() {
	ctx, stop := context.WithCancel(context.Background())
	q.stop = stop
	go func() {
		defer close(q.done)
		for {
			wait := q.pass(ctx)
			select {
			case <-ctx.Done():
				return
			case <-q.wake:
			case <-time.After(wait):
			}
		}
	}()
}

// Close stops taking messages and waits up to patience for those that are being sent. Then it ends their tries; they stay in the
// store for the next process.
func (q *Queue) Close(patience time.Duration) {
	if q.stop == nil {
		return
	}
	q.stop()
	<-q.done
	idle := make(chan struct{})
	go func() {
		q.workers.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-time.After(patience):
		q.cancel()
		<-idle
	}
	q.cancel()
}

// turn is what pass found in the store.
type turn struct {
	waiting int
	due     []string  // the lanes with a due message and a free worker
	next    time.Time // when a message of another lane with a free worker is due; zero if there is none
}

// pass hands what is due to the workers that are free. It returns how long to wait for the next pass. A worker that becomes free
// wakes the loop.
func (q *Queue) pass(ctx context.Context) time.Duration {
	now := q.o.Now()
	t, err := q.look(ctx, now)
	if err != nil {
		return q.failed(ctx, err)
	}
	q.o.Observer.MessagesQueued(t.waiting)
	if len(t.due) > 0 || t.waiting > q.o.Capacity {
		if err := q.take(ctx, now, t.due); err != nil {
			return q.failed(ctx, err)
		}
	}
	switch {
	case len(t.due) > 0:
		return 0 // there may be more
	case t.next.IsZero():
		return idle
	}
	return min(t.next.Sub(now), idle)
}

// look reads which lanes have something to do.
func (q *Queue) look(ctx context.Context, now time.Time) (t turn, err error) {
	err = q.o.Store.View(ctx, func(tx store.Tx) (err error) {
		t = turn{}
		if t.waiting, err = tx.Messages.Count(); err != nil || t.waiting == 0 {
			return err
		}
		lanes, err := tx.Messages.Lanes()
		if err != nil {
			return err
		}
		for _, lane := range lanes {
			if q.busy.Free(lane) == 0 {
				continue
			}
			at, err := tx.Messages.Next(lane)
			switch {
			case err != nil:
				return err
			case !at.After(now):
				t.due = append(t.due, lane)
			case t.next.IsZero() || at.Before(t.next):
				t.next = at
			}
		}
		return nil
	})
	return t, err
}

func (q *Queue) failed(ctx context.Context, err error) time.Duration {
	if ctx.Err() == nil {
		q.o.Logger.Error("reading the queue of messages", "error", err)
	}
	return idle
}

// take trims a full queue and starts the free workers of the lanes.
func (q *Queue) take(ctx context.Context, now time.Time, lanes []string) error {
	var taken []store.Message
	evicted := 0
	lease := now.Add(leaseTime)
	err := q.o.Store.Update(ctx, func(tx store.Tx) (err error) {
		taken = nil
		if evicted, err = tx.Messages.Trim(q.o.Capacity); err != nil {
			return err
		}
		for _, lane := range lanes {
			list, err := tx.Messages.Take(lane, now, lease, q.busy.Free(lane))
			if err != nil {
				return err
			}
			taken = append(taken, list...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if evicted > 0 {
		q.o.Logger.Warn("the queue of messages is full; messages of those who had the most in it were deleted", "deleted", evicted)
		for range evicted {
			q.o.Observer.MessageDone("", "evicted")
		}
	}
	for _, rec := range taken {
		q.busy.Take(rec.Lane) // only this loop takes workers, so there is one
		q.workers.Go(func() {
			defer func() {
				q.busy.Put(rec.Lane)
				q.Wake()
			}()
			q.deliver(rec, lease)
		})
	}
	return nil
}

// deliver tries to send one message that this process has leased.
func (q *Queue) deliver(rec store.Message, lease time.Time) {
	m, err := q.open(rec)
	if err != nil {
		m.Medium = mediumOf(rec.Lane)
	}
	log := q.o.Logger.With("pool", rec.PoolID, "purpose", m.Purpose, "medium", string(m.Medium), "attempt", rec.Attempts)
	switch {
	case !q.o.Now().Before(rec.ExpiresAt):
		log.Warn("a message was not sent before its code expired")
		q.end(rec, m, "expired")
		q.giveUp(m, errExpired)
		return
	case err != nil:
		log.Error("a message in the queue does not open; it was sealed with another master key", "error", err)
	default:
		ctx, cancel := context.WithTimeout(q.sending, sendTime)
		err = q.o.Sender.Send(ctx, m)
		cancel()
	}
	switch {
	case err == nil:
		q.note(m, nil)
		q.end(rec, m, "sent")
	case refused(err):
		log.Warn("a message was rejected", "error", err)
		q.end(rec, m, "rejected")
		q.giveUp(m, err)
	default:
		q.note(m, err)
		log.Warn("a message could not be sent and stays in the queue", "error", err)
		q.o.Observer.MessageDone(string(m.Medium), "retried")
		q.again(rec, lease, err)
	}
}

func (q *Queue) open(rec store.Message) (m message.Message, err error) {
	plain, err := q.o.Seal.Open(purposeMessage, rec.Sealed, []byte(rec.ID))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(plain, &m); err != nil {
		return m, fmt.Errorf("queue: %w", err)
	}
	return m, nil
}

// storeTries is how often a worker tries to write the result of a message that it sent. If it fails, the message is sent again
// when its lease ends.
const storeTries = 5

// end deletes a message.
func (q *Queue) end(rec store.Message, m message.Message, result string) {
	q.o.Observer.MessageDone(string(m.Medium), result)
	q.write(func(tx store.Tx) error { return tx.Messages.Delete(rec.ID) })
}

// again puts a message back: until the next try, or until now if this process is closing.
func (q *Queue) again(rec store.Message, lease time.Time, failure error) {
	due := q.o.Now()
	if q.sending.Err() == nil {
		due = due.Add(q.pause(rec.Attempts, failure))
	}
	if due.After(rec.ExpiresAt) {
		due = rec.ExpiresAt
	}
	q.write(func(tx store.Tx) error {
		if err := tx.Messages.Retry(rec.ID, lease, due); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil // replaced meanwhile
	})
}

func (q *Queue) write(fn func(tx store.Tx) error) {
	for try := range storeTries {
		err := q.o.Store.Update(context.Background(), fn)
		if err == nil {
			return
		}
		q.o.Logger.Error("writing to the queue of messages", "error", err)
		select {
		case <-q.sending.Done():
			return
		case <-time.After(100 * time.Millisecond << try):
		}
	}
}
