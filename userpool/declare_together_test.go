package userpool_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/userpool"
)

// Several processes on one store may start at the same time. One of them creates the declared resources, and the others use
// them.
func TestProcessesThatStartAtOnceDeclareTheSame(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var processes []*userpool.Service
	for range 3 {
		h.Restart()
		processes = append(processes, h.Pools)
	}
	for i := range 20 {
		d := userpool.DeclaredPool{ID: fmt.Sprintf("us-east-1_notes%04d", i), Name: "notes",
			Clients: []userpool.DeclaredClient{{ID: fmt.Sprintf("client%d", i)}}, Groups: []userpool.DeclaredGroup{{Name: "readers"}}}
		begin := make(chan struct{})
		var running sync.WaitGroup
		for _, p := range processes {
			running.Go(func() {
				<-begin
				if err := p.Ensure(t.Context(), d); err != nil {
					t.Error(err)
				}
			})
		}
		close(begin)
		running.Wait()
		for _, p := range processes {
			if _, err := p.DescribeUserPoolClient(t.Context(), d.ID, d.Clients[0].ID); err != nil {
				t.Error(err)
			}
		}
	}
}
