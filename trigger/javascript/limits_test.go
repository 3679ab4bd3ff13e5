package javascript_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/javascript"
)

func TestALoopIsSlowedDownAndStopped(t *testing.T) {
	for name, body := range map[string]string{
		"loop":               `for (;;) {}`,
		"in try":             `try { for (;;) {} } catch { for (;;) {} } finally { for (;;) {} }`,
		"async":              `for (;;) await null`,
		"recursive promise":  `const f = () => Promise.resolve().then(f); await f()`,
		"regular expression": `/^(a+)+$/.test('a'.repeat(40) + 'b')`,
		"timers":             `await new Promise(() => { const f = () => setTimeout(f, 0); f() })`,
	} {
		r, _ := start(t, "a.mjs", `export const handler = async (event) => { if (event.ok) return 'ok'; `+body+` }`, func(o *javascript.Options) { o.Instances = 1 })
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		if _, err := invoke(ctx, r, `{}`); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		// There is one machine, so this call waits for the other to be stopped.
		if got, err := invoke(within(t), r, `{"ok":true}`); err != nil || got != `"ok"` {
			t.Errorf("%s: the function does not run any more: %s, %v", name, got, err)
		}
	}
}

func TestALoopWhileLoadingEndsTheCall(t *testing.T) {
	r, _ := start(t, "a.mjs", `for (;;) {}`)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := invoke(ctx, r, `{}`); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestMemoryIsLimited(t *testing.T) {
	for name, body := range map[string]string{
		"array":        `const all = []; for (;;) all.push(new Array(1000).fill(all.length))`,
		"string":       `let s = 'x'; for (;;) s += s`,
		"one buffer":   `new Uint8Array(1e9)`,
		"caught":       `const all = []; for (;;) try { all.push(new Array(1000).fill(1)) } catch (e) { if (all.length > 1e9) throw e }`,
		"asynchronous": `const all = []; for (;;) { await null; all.push(new Array(100000).fill(1)) }`,
	} {
		r, _ := start(t, "a.mjs", `export const handler = async (event) => { if (event.ok) return 'ok'; `+body+` }`,
			func(o *javascript.Options) { o.Memory = 16 << 20; o.NeverSlow() })
		limit := time.Minute
		if name == "caught" { // it would never end
			limit = time.Second
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err := invoke(ctx, r, `{}`)
		cancel()
		var raised *trigger.FunctionError
		if name != "caught" && (!errors.As(err, &raised) || raised.Type == "") || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := invoke(within(t), r, `{"ok":true}`); err != nil || got != `"ok"` {
			t.Errorf("%s: the function does not run any more: %s, %v", name, got, err)
		}
	}
}

func TestOtherFunctionsRunWhileOneLoops(t *testing.T) {
	loops, _ := start(t, "a.mjs", `export const handler = async () => { for (;;) {} }`)
	works, _ := start(t, "b.mjs", `export const handler = async (event) => event`)
	ctx, stop := context.WithCancel(t.Context())
	var looping sync.WaitGroup
	for range 20 { // more than there are machines
		looping.Go(func() {
			if _, err := invoke(ctx, loops, `{}`); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	for range 200 {
		if _, err := invoke(within(t), works, `{}`); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	looping.Wait()
}

func TestNoMoreMachinesThanAllowedAndOneCallAtATime(t *testing.T) {
	r, log := start(t, "a.mjs", `console.log('loading'); let busy = 0; export const handler = async (event) => {
		if (busy++) throw new Error('two calls at a time'); await new Promise((f) => setTimeout(f, 1)); busy--; return event }`,
		func(o *javascript.Options) { o.Instances = 3 })
	var calls sync.WaitGroup
	for i := range 60 {
		calls.Go(func() {
			if got, err := invoke(within(t), r, fmt.Sprint(i)); err != nil || got != fmt.Sprint(i) {
				t.Error(got, err)
			}
		})
	}
	calls.Wait()
	if n := strings.Count(log.String(), "msg=loading"); n < 1 || n > 3 {
		t.Errorf("%d machines", n)
	}
}

// touch makes sure that the file's time of change differs from before, also on a coarse clock.
func touch(t *testing.T, path string, n int) {
	t.Helper()
	at := time.Now().Add(time.Duration(n) * time.Second)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedFileIsUsedAtTheNextCallAndABrokenOneIsNot(t *testing.T) {
	var path, helper string
	r, log := start(t, "a.mjs", `import { v } from './b.mjs'; export const handler = async () => v`, func(o *javascript.Options) {
		path, helper = o.File, strings.TrimSuffix(o.File, "a.mjs")+"b.mjs"
		write(t, helper, `export const v = 1`)
	})
	for i, c := range []struct{ file, text, want, logged string }{
		{"", "", "1", ""},
		{helper, `export const v = 2`, "2", "loaded the changed trigger function"},
		{path, `export const handler = async () => 3 +`, "2", "does not load"},
		{"", "", "2", ""},
		{path, `import './c.mjs'; export const handler = async () => 4`, "2", "c.mjs"},
		{"c.mjs", `export const x = 1`, "4", "loaded"},
		{path, `throw new Error('later')`, "4", "later"},
		{path, `export const handler = async () => 5`, "5", "loaded"},
	} {
		before := len(log.String())
		if c.file == "c.mjs" {
			c.file = strings.TrimSuffix(path, "a.mjs") + "c.mjs"
		}
		if c.file != "" {
			write(t, c.file, c.text)
			touch(t, c.file, i)
		}
		if got, err := invoke(within(t), r, `{}`); err != nil || got != c.want {
			t.Errorf("step %d: got %s, %v; want %s", i, got, err, c.want)
		}
		if logged := log.String()[before:]; !strings.Contains(logged, c.logged) || (c.logged == "") != (logged == "") {
			t.Errorf("step %d: logged %q, want %q", i, logged, c.logged)
		}
	}
}

func TestAClosedRuntimeFinishesItsCalls(t *testing.T) {
	r, log := start(t, "a.mjs", `export const handler = async () => { console.log('begun'); await new Promise((f) => setTimeout(f, 50)); return 1 }`)
	done := make(chan error, 1)
	go func() {
		_, err := invoke(within(t), r, `{}`)
		done <- err
	}()
	for !strings.Contains(log.String(), "begun") {
		time.Sleep(time.Millisecond)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	var failed *trigger.InvokeError
	if _, err := invoke(within(t), r, `{}`); !errors.As(err, &failed) {
		t.Error(err)
	}
}

// Threat: an attacker makes a function loop in call after call, and each gets the time at full speed again.
func TestAFunctionThatWasStoppedComputesSlowlyForAWhile(t *testing.T) {
	var later atomic.Int64
	r, _ := start(t, "a.mjs", `export const handler = async (event) => { if (event.loop) for (;;) {} return 'ok' }`, func(o *javascript.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	usual := r.AtFullSpeed()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := invoke(ctx, r, `{"loop": true}`)
		ended <- err
	}()
	awaitSlow(t, r, ended)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r.Drain()
	later.Store(-int64(time.Hour)) // so that nothing has been paid for, however slow this machine is
	if got := r.AtFullSpeed(); got >= usual/10 {
		t.Errorf("%s at full speed after a loop, before %s", got, usual)
	}
	for range 3 { // what succeeds does not pay for the loop
		if _, err := invoke(within(t), r, `{}`); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.AtFullSpeed(); got >= usual/10 {
		t.Errorf("%s at full speed after other calls", got)
	}
	later.Store(int64(time.Hour))
	if got := r.AtFullSpeed(); got != usual {
		t.Errorf("%s at full speed an hour later, usually %s", got, usual)
	}
	if _, err := invoke(within(t), r, `{}`); err != nil || r.AtFullSpeed() != usual {
		t.Errorf("a call that succeeds: %v, then %s", err, r.AtFullSpeed())
	}
}

// Threat: clients begin calls and hang up. The function would be stopped in the middle of its work each time, and then compute slowly for all.
func TestThreatAClientThatHangsUpDoesNotStopTheFunction(t *testing.T) {
	r, log := start(t, "a.mjs", `let all = 0; export const handler = async (event) => {
		console.log('begun'); for (let i = 0; i < 1e6; i++) all += i; await new Promise((f) => setTimeout(f, 50)); console.log('finished'); return 'ok' }`)
	usual, before := r.AtFullSpeed(), 0
	for err := error(nil); err == nil; { // a call that has ended before the client hangs up is tried again
		before = len(log.String())
		ctx, hangUp := context.WithCancel(within(t))
		ended := make(chan error, 1)
		go func() {
			_, err := invoke(ctx, r, `{}`)
			ended <- err
		}()
		until(t, "the call does not begin", func() bool { return strings.Contains(log.String()[before:], "begun") })
		hangUp()
		if err = <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	r.Drain()
	if !strings.Contains(log.String()[before:], "finished") {
		t.Error("the function was stopped:", log)
	}
	if got := r.AtFullSpeed(); got != usual {
		t.Errorf("%s at full speed afterwards, before %s", got, usual)
	}
}

// Threat: somebody has a function loop until it is slow for a day.
func TestAFunctionIsInDebtForAMinuteAtMost(t *testing.T) {
	var later atomic.Int64
	r, _ := start(t, "a.mjs", `export const handler = async () => 'ok'`, func(o *javascript.Options) {
		o.Now = func() time.Time {
			return time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC).Add(time.Duration(later.Load()))
		}
	})
	usual := r.AtFullSpeed()
	for range 1000 {
		r.Stop(usual)
	}
	if later.Store(int64(59 * time.Second)); r.AtFullSpeed() == usual {
		t.Error("nothing is owed")
	}
	if later.Store(int64(time.Minute)); r.AtFullSpeed() != usual {
		t.Error("more than a minute is owed")
	}
}
