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

// On a busy machine the old server now and then waited for the processor longer than anybody waited for it, and was shut down
// with a request that it had read and not begun to answer, or with an answer given and the connection not yet free to move.
func TestAServerThatWaitsForTheProcessorLosesNothing(t *testing.T) {
	for _, stall := range []struct {
		name   string
		state  http.ConnState
		before bool   // State hears of it
		second string // the answer to the request that follows at once
	}{
		{"after reading a request", http.StateActive, true, "2 /b "},
		{"after answering", http.StateIdle, true, "3 /b "},
		{"before it looks for the next request", http.StateIdle, false, "3 /b "},
	} {
		t.Run(stall.name, func(t *testing.T) {
			plainAndTLS(t, func(t *testing.T, s *site) {
				var armed atomic.Bool
				stalled := make(chan struct{})
				s.state = func(conn net.Conn, state http.ConnState) {
					if !stall.before {
						handover.State(conn, state)
					}
					if state == stall.state && armed.CompareAndSwap(true, false) {
						close(stalled)
						time.Sleep(400 * time.Millisecond)
					}
					if stall.before {
						handover.State(conn, state)
					}
				}
				s.replace(t, nil)
				c := dial(t, s)
				c.want(t, "/a", "", "2 /a ")
				time.Sleep(10 * time.Millisecond) // so that the server waits for the next
				armed.Store(true)
				answer := make(chan string, 1)
				ask := func() {
					got, err := c.ask("/b", "")
					answer <- fmt.Sprint(got, err)
				}
				if stall.state == http.StateActive {
					go ask()
					<-stalled
				} else {
					c.want(t, "/a", "", "2 /a ")
					<-stalled
					go func() {
						time.Sleep(300 * time.Millisecond)
						ask()
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
