package queue_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// carriers has a carrier that hangs.
type carriers struct {
	*world
	hangs func(message.Message) bool
	held  atomic.Int32
}

func (c *carriers) Send(ctx context.Context, m message.Message) error {
	if c.hangs(m) {
		c.held.Add(1)
		<-ctx.Done()
		return ctx.Err()
	}
	return c.world.Send(ctx, m)
}

func function(n int, arn string) message.Message {
	m := letter(n)
	m.Medium, m.To = message.Function, arn
	return m
}

func TestACarrierThatHangsHoldsUpItsOwnMessagesOnly(t *testing.T) {
	sms := letter(1)
	sms.Medium, sms.To = message.SMS, "+15550001111"
	all := map[string]message.Message{"mail": letter(2), "SMS": sms, "a function": function(3, "arn:one"), "another function": function(4, "arn:two")}
	for name, hanging := range all {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := &carriers{world: w, hangs: func(m message.Message) bool {
				return m.Medium == hanging.Medium && (m.Medium != message.Function || m.To == hanging.To)
			}}
			q := w.queue(func(o *queue.Options) { o.Sender = c })
			w.update(func(tx store.Tx) error {
				for i := range 50 { // are due before the others
					m := hanging
					m.Sub = fmt.Sprint("flood", i)
					if err := q.Put(tx, m); err != nil {
						return err
					}
				}
				return nil
			})
			q.Start()
			t.Cleanup(func() { q.Close(0) }) // ends the tries
			w.until(q, "workers that hang", func() bool { return c.held.Load() > 0 })
			w.update(func(tx store.Tx) error {
				for _, m := range all {
					if err := q.Put(tx, m); err != nil {
						return err
					}
				}
				return nil
			})
			w.until(q, "the messages of the other carriers", func() bool { return len(w.sent) == len(all)-1 })
			if n := c.held.Load(); n > 4 {
				t.Errorf("the carrier that hangs holds %d workers", n)
			}
		})
	}
}

func TestAMessageOfAReleaseWithoutLanesIsSent(t *testing.T) {
	w := newWorld(t)
	q := w.queue()
	w.update(func(tx store.Tx) error {
		if err := q.Put(tx, letter(1)); err != nil {
			return err
		}
		list, err := tx.Messages.Take("EMAIL", w.clock(), w.clock(), 1)
		if err != nil {
			return err
		}
		list[0].Lane = ""
		return tx.Messages.Put(list[0])
	})
	w.started(q)
	w.until(q, "the message", func() bool { return len(w.sent) == 1 })
}

func TestAFunctionSaysNothingAboutTheDeliveryOfMail(t *testing.T) {
	w := newWorld(t)
	w.fail = errAway
	q := w.queue()
	if err := q.Send(t.Context(), letter(1)); err != nil {
		t.Fatal(err)
	}
	w.set(func() { w.fail = nil })
	w.update(func(tx store.Tx) error { return q.Put(tx, function(2, "arn:one")) })
	w.started(q)
	w.until(q, "the function", func() bool { return len(w.sent) == 1 })
	for w.waiting() != 1 { // until its result is written
		time.Sleep(time.Millisecond)
	}
	if _, err := q.Delivery().Failing(); err == nil {
		t.Error("the delivery of mail works, since a function ran")
	}
}

func TestAnEventThatDoesNotOpenSaysNothingAboutTheDeliveryOfMail(t *testing.T) {
	for medium, tc := range map[message.Medium]struct {
		m     message.Message
		fails bool
	}{
		message.Function: {function(1, "arn:one"), false},
		message.Email:    {letter(1), true},
	} {
		t.Run(string(medium), func(t *testing.T) {
			w := newWorld(t)
			w.update(func(tx store.Tx) error { return w.queue().Put(tx, tc.m) })
			key, err := seal.GenerateMasterKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			other, err := seal.New(seal.Options{Keys: []seal.Key{key}})
			if err != nil {
				t.Fatal(err)
			}
			q := w.started(w.queue(func(o *queue.Options) { o.Seal = other }))
			w.until(q, "the try", func() bool { return w.done["retried"] == 1 })
			if _, err := q.Delivery().Failing(); (err != nil) != tc.fails {
				t.Error(err)
			}
		})
	}
}
