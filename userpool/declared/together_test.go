package declared_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/userpool/declared"
	"github.com/sluicegate/sluice/userpool/idp"
)

// Several processes on one store may start at the same time. One of them creates the declared resources, and the others use
// them.
func TestProcessesThatStartAtOnceDeclareTheSame(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var processes []*idp.Provider
	for range 3 {
		h.Restart()
		processes = append(processes, h.Provider)
	}
	for i := range 20 {
		d := declared.Pool{ID: fmt.Sprintf("us-east-1_notes%04d", i), Name: "notes",
			Clients: []declared.Client{{ID: fmt.Sprintf("client%d", i)}}, Groups: []declared.Group{{Name: "readers"}}}
		begin := make(chan struct{})
		var running sync.WaitGroup
		for _, p := range processes {
			running.Go(func() {
				<-begin
				if err := p.Declared.Ensure(t.Context(), d); err != nil {
					t.Error(err)
				}
			})
		}
		close(begin)
		running.Wait()
		for _, p := range processes {
			if _, err := p.Pools.DescribeUserPoolClient(t.Context(), d.ID, d.Clients[0].ID); err != nil {
				t.Error(err)
			}
		}
	}
}
