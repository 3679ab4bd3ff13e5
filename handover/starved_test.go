package handover_test

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/handover"
)

// A regression test. On a busy machine, the old server sometimes waited for the processor longer than the reload waited for it. It
// was then shut down with a request that it had read but not begun to answer, or after an answer but before the connection could move.
func TestAServerThatWaitsForTheProcessorLosesNothing(t *testing.T) {
	for _, stall := range []struct {
		name   string
		state  http.ConnState
		before bool   // State is called
		second string // the answer to a request that follows immediately
	}{
		{"after reading a request", http.StateActive, true, "2 /b "},
		{"after answering", http.StateIdle, true, "3 /b "},
		{"before it looks for the next request", http.StateIdle, false, "3 /b "},
	} {
		t.Run(stall.name, func(t *testing.T) {
			plainAndTLS(t, func(t *testing.T, s *site) {
				var armed atomic.Bool
				stalled, release := make(chan struct{}), make(chan struct{})
				s.state = func(conn net.Conn, state http.ConnState) {
					if !stall.before {
						handover.State(conn, state)
					}
					if state == stall.state && armed.CompareAndSwap(true, false) {
						close(stalled)
						<-release
					}
					if stall.before {
						handover.State(conn, state)
					}
				}
				s.replace(t, nil)
				c := dial(t, s)
				c.want(t, "/a", "", "2 /a ")
				answer := make(chan string, 1)
				ask := func() {
					got, err := c.ask("/b", "")
					answer <- fmt.Sprint(got, err)
				}
				last := s.places[len(s.places)-1]
				eventually(t, "a server that waits for the next request", func() bool { return last.Waits() == 1 })
				armed.Store(true)
				if stall.state == http.StateActive {
					go ask()
				} else {
					c.want(t, "/a", "", "2 /a ")
				}
				<-stalled
				s.taken = func() {
					if stall.state != http.StateActive {
						go ask()
					}
					go func() {
						time.Sleep(100 * time.Millisecond) // while the old server finishes
						close(release)
					}()
				}
				s.replace(t, nil)
				if got := <-answer; got != stall.second+"<nil>" {
					t.Errorf("the answer is %q, want %q", got, stall.second)
				}
			})
		})
	}
}
