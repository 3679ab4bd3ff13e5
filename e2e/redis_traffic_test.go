package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// traffic is what a client saw that called the API throughout a test.
type traffic struct {
	mu      sync.Mutex
	calls   []call
	idle    []time.Duration // how long /healthz took in between, which depends on nothing else
	ready   []readiness     // the changes of /readyz
	trouble error
}

// call is one request to the API.
type call struct {
	begun, ended time.Time
	status       int
}

// readiness is an answer of /readyz.
type readiness struct {
	status int
	state  string // of revocations
}

// startTraffic calls the API with a token that stays good until the test ends.
func startTraffic(t *testing.T, s *harness.Sluice, token string) *traffic {
	t.Helper()
	f := &traffic{}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	running.Go(func() {
		for ctx.Err() == nil {
			if err := f.round(ctx, s, token); err != nil && ctx.Err() == nil {
				f.mu.Lock()
				f.trouble = err
				f.mu.Unlock()
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return f
}

func (f *traffic) round(ctx context.Context, s *harness.Sluice, token string) error {
	get := func(path string) (call, string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
		if err != nil {
			return call{}, "", err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		c := call{begun: time.Now()}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return c, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		c.ended, c.status = time.Now(), resp.StatusCode
		return c, string(body), err
	}
	idle, _, err := get("/healthz")
	if err != nil {
		return err
	}
	api, _, err := get("/api/x")
	if err != nil {
		return err
	}
	ready, body, err := get("/readyz")
	if err != nil {
		return err
	}
	var parts struct{ Revocations string }
	if err := json.Unmarshal([]byte(body), &parts); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, api)
	f.idle = append(f.idle, idle.ended.Sub(idle.begun))
	if now := (readiness{ready.status, parts.Revocations}); len(f.ready) == 0 || f.ready[len(f.ready)-1] != now {
		f.ready = append(f.ready, now)
	}
	return nil
}

// check checks the status of all calls so far; may reports whether a status is allowed.
func (f *traffic) check(t *testing.T, what string, may func(c call) bool) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trouble != nil {
		t.Errorf("%s: a request got no answer: %v", what, f.trouble)
	}
	wrong, slow, slowIdle, longest := 0, 0, 0, time.Duration(0)
	for _, c := range f.calls {
		if !may(c) {
			if wrong++; wrong <= 3 {
				t.Errorf("%s: a request that began at %s was answered %d at %s", what,
					c.begun.Format("05.000"), c.status, c.ended.Format("05.000"))
			}
		}
		took := c.ended.Sub(c.begun)
		longest = max(longest, took)
		if took > noWait {
			slow++
		}
	}
	for _, took := range f.idle {
		if took > noWait {
			slowIdle++
		}
	}
	t.Logf("measured: %s: %d requests, the slowest %v, the slowest of /healthz %v, /readyz said %v", what, len(f.calls),
		longest.Round(time.Millisecond), slices.Max(f.idle).Round(time.Millisecond), f.ready)
	// A busy machine also delays /healthz.
	if slow > slowIdle+2 {
		t.Errorf("%s: %d of %d requests took longer than %v, and %d to /healthz did", what, slow, len(f.calls), noWait, slowIdle)
	}
}

// sawReady reports whether /readyz gave these answers in this order, possibly with others in between.
func (f *traffic) sawReady(want ...readiness) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, got := range f.ready {
		if len(want) > 0 && got == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

// noWait is the longest that a request may take when nothing holds it up.
const noWait = 250 * time.Millisecond

// patience bounds how long tests wait for an event. It does not measure anything.
const patience = harness.Patience

// eventually polls until it holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// inForce checks that a revocation holds: at once in the process that was asked for it, and within a second if there are others.
func inForce(t testing.TB, s *harness.Sluice, what string, holds func() bool) {
	t.Helper()
	if s.Processes() > 1 {
		within(t, what, time.Now(), time.Second, holds)
	} else if !holds() {
		t.Errorf("%s: not in force", what)
	}
}

// within polls until holds returns true and returns how long after the given time it was called for that. The test fails if a
// call that begins later than the limit still returns false. On a busy machine the limit grows with the time that this process
// itself waits for the processor: the others and Redis wait as long, several times in a row.
func within(t testing.TB, what string, since time.Time, limit time.Duration, holds func() bool) time.Duration {
	t.Helper()
	for {
		begun := time.Now()
		if holds() {
			return begun.Sub(since)
		}
		if begun.Sub(since) > limit {
			t.Fatalf("%s: not yet %v later, limit %v", what, begun.Sub(since).Round(time.Millisecond), limit)
		}
		const pause, usual = 2 * time.Millisecond, time.Millisecond
		slept := time.Now()
		time.Sleep(pause)
		if late := time.Since(slept) - pause; late > usual {
			limit += 20 * late
		}
	}
}

// metricsSay reports whether the process's metrics have the line.
func metricsSay(t testing.TB, s *harness.Sluice, line string) bool {
	t.Helper()
	return strings.Contains(s.Metrics(t), line+"\n")
}
