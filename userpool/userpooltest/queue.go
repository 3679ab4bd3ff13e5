package userpooltest

import (
	"context"
	"testing"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Queue is an option of New: messages go through the durable queue, as in a node. It uses the store and the sender that are
// set before it.
func Queue(t testing.TB) func(*idp.Options) {
	return func(o *idp.Options) {
		q, err := queue.New(queue.Options{Store: o.Store, Seal: o.Seal, Sender: routed{o.Sender, o}, Now: o.Now, Rand: o.Rand})
		if err != nil {
			t.Fatal(err)
		}
		q.Start()
		t.Cleanup(func() { q.Close(10 * time.Second) })
		o.Sender, o.Queue = q, q
	}
}

// Settle waits until every message is sent. With Queue, the sender must not fail.
func (h *Harness) Settle() {
	h.T.Helper()
	h.Drain()
	if h.Options.Queue == nil {
		return
	}
	for waiting := 1; waiting > 0; {
		err := h.Store.View(h.T.Context(), func(tx store.Tx) (err error) {
			waiting, err = tx.Messages.Count()
			return err
		})
		if err != nil {
			h.T.Fatal(err)
		}
		if waiting > 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// routed has the functions of the options run for messages that functions send, and others sent by its Sender.
type routed struct {
	message.Sender
	o *idp.Options
}

func (r routed) Send(ctx context.Context, m message.Message) error {
	if m.Medium == message.Function {
		return triggers.New(triggers.Options{Invoke: r.o.Functions.Respond}).Send(ctx, m)
	}
	return r.Sender.Send(ctx, m)
}
