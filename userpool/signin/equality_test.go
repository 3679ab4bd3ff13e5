package signin_test

import (
	"context"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
)

// watched is a store that counts reads and writes.
type watched struct {
	store.Store
	mu             sync.Mutex
	views, updates int
}

func (w *watched) View(ctx context.Context, fn func(store.Tx) error) error {
	w.mu.Lock()
	w.views++
	w.mu.Unlock()
	return w.Store.View(ctx, fn)
}

func (w *watched) Update(ctx context.Context, fn func(store.Tx) error) error {
	w.mu.Lock()
	w.updates++
	w.mu.Unlock()
	return w.Store.Update(ctx, fn)
}

// A refusal must take as long for an unknown name as for a user, so it must make the same number of reads and durable writes.
// The hash and the exponentiations are the same calls by construction.
func TestARefusalIsTheSameWorkWhetherTheUserExistsOrNot(t *testing.T) {
	var w *watched
	h := newHarness(t, func(o *idp.Options) {
		w = &watched{Store: o.Store}
		o.Store = w
	})
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	h.MustSignIn(c.ID, "alice") // the caches are warm
	for name, attempt := range map[string]func(user string) error{
		"password": func(user string) error {
			_, err := h.SignIn(c.ID, user, "Wrong-horse-7")
			return err
		},
		"SRP": func(user string) error {
			_, err := h.SRPSignIn(p.ID, c.ID, user, "Wrong-horse-7")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var counts [2][2]int
			for i, user := range []string{"alice", "nobody"} {
				w.views, w.updates = 0, 0
				err := attempt(user)
				if text, _ := fault.Message(err); text != wrong {
					t.Error(err)
				}
				counts[i] = [2]int{w.views, w.updates}
			}
			if counts[0] != counts[1] || counts[0][1] != 1 {
				t.Errorf("reads and writes: %v for a user, %v for an unknown name", counts[0], counts[1])
			}
		})
	}
}
