package javascript_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger/javascript"
)

// until waits for a state.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func TestCallsBeginInTheOrderInWhichTheyCame(t *testing.T) {
	r, log := start(t, "a.mjs", `export const handler = async (event) => { console.log('event ' + event); if (event === 0) await new Promise((f) => setTimeout(f, 1e6)) }`,
		func(o *javascript.Options) { o.Instances = 1 })
	first, end := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	calls.Go(func() { _, _ = invoke(first, r, `0`) }) // it is stopped
	until(t, "the first call does not begin", func() bool { return strings.Contains(log.String(), "event 0") })
	gone, leave := context.WithCancel(within(t))
	want := ""
	for i := 1; i <= 9; i++ {
		ctx := within(t)
		if i == 5 {
			ctx = gone
		} else {
			want += fmt.Sprintf("event %d\n", i)
		}
		calls.Go(func() {
			if _, err := invoke(ctx, r, fmt.Sprint(i)); err != nil && (i != 5 || !errors.Is(err, context.Canceled)) {
				t.Error(i, err)
			}
		})
		until(t, "a call does not wait", func() bool { return r.Waiting() == i })
	}
	leave()
	until(t, "a call whose caller has gone still waits", func() bool { return r.Waiting() == 8 })
	end()
	calls.Wait()
	got := ""
	for line := range strings.Lines(log.String()) {
		if _, after, ok := strings.Cut(line, "msg=\"event "); ok && after[0] != '0' {
			got += "event " + after[:1] + "\n"
		}
	}
	if got != want {
		t.Errorf("began:\n%swant:\n%s", got, want)
	}
	until(t, "calls are still counted", func() bool { return r.InProgress() == 0 && r.Computing() == 0 })
}

func TestACallThatWaitsLetsOthersCompute(t *testing.T) {
	r, log := start(t, "a.mjs", `export const handler = async (event) => { if (event) return event; console.log('waits'); await new Promise((f) => setTimeout(f, 1e6)) }`,
		func(o *javascript.Options) { o.Instances = 8 })
	ctx, end := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range 7 {
		waiting.Go(func() { _, _ = invoke(ctx, r, `0`) }) // it is stopped
	}
	until(t, "seven calls do not wait at the same time", func() bool { return strings.Count(log.String(), "msg=waits") == 7 })
	for range 10 {
		if got, err := invoke(within(t), r, `1`); err != nil || got != "1" {
			t.Fatal(got, err)
		}
	}
	end()
	waiting.Wait()
	until(t, "calls are still counted", func() bool { return r.InProgress() == 0 && r.Computing() == 0 })
}

// Threat: eight calls that loop begin together, and each has the time at full speed.
func TestWhileCallsAreSlowOthersOfTheFunctionHaveLessTimeAtFullSpeed(t *testing.T) {
	r, _ := start(t, "a.mjs", `export const handler = async (event) => { if (event.loop) for (;;) {} return 'ok' }`)
	usual := r.AtFullSpeed()
	ctx, stop := context.WithCancel(t.Context())
	var loops sync.WaitGroup
	for range 2 {
		loops.Go(func() { _, _ = invoke(ctx, r, `{"loop": true}`) }) // it is stopped
	}
	until(t, "the loops are not slow", func() bool { return r.SlowCalls() == 2 })
	if got := r.AtFullSpeed(); got >= usual/10 {
		t.Errorf("%s at full speed beside two loops, usually %s", got, usual)
	}
	until(t, "slow calls keep others from computing", func() bool { return r.Computing() == 0 })
	if got, err := invoke(within(t), r, `{}`); err != nil || got != `"ok"` {
		t.Error(got, err)
	}
	stop()
	loops.Wait()
	until(t, "calls are still slow", func() bool { return r.SlowCalls() == 0 && r.InProgress() == 0 })
}
