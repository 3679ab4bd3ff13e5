package javascript_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/javascript"
)

// TestABuiltInFunctionDoesNotIterateForEver has calls that a deadline could not stop, because the engine does not look at it there.
func TestABuiltInFunctionDoesNotIterateForEver(t *testing.T) {
	const list, like = `new Array(2 ** 32 - 1)`, `{ length: 2 ** 53 - 1 }`
	calls := []string{`Array.from(` + like + `)`, `Uint8Array.from(` + like + `)`, `String.raw({ raw: ` + like + ` })`, `JSON.stringify(1, ` + list + `)`,
		`new Set(` + list + `)`, `[...` + list + `]`, `[].concat(` + list + `)`, `[` + list + `].flat()`, `Reflect.apply(Math.max, null, ` + like + `)`,
		`Math.max.apply(null, ` + like + `)`, `String(` + list + `)`, list + `.values().drop(1e12).next()`}
	for _, name := range []string{"every", "filter", "find", "findIndex", "findLast", "findLastIndex", "flatMap", "forEach", "map", "reduce", "reduceRight",
		"some", "sort", "toSorted"} {
		calls = append(calls, list+`.`+name+`(() => 0, 0)`, `Array.prototype.`+name+`.call(`+like+`, () => 0, 0)`)
	}
	for _, name := range []string{"copyWithin(5, 1)", "fill(1)", "includes(1)", "indexOf(1)", "join('')", "lastIndexOf(1)", "reverse()", "shift()", "slice(1)",
		"splice(0, 1)", "toLocaleString()", "toReversed()", "toSpliced(0, 1)", "unshift(1)", "with(0, 1)", "flat()", "concat()", "keys()"} {
		method, args, _ := strings.Cut(name, "(")
		calls = append(calls, list+`.`+name, `Array.prototype.`+method+`.call(`+like+`, `+args)
	}
	r, _ := start(t, "a.mjs", `const calls = [`+"() => "+strings.Join(calls, ",\n() => ")+`];
		export const handler = async (i) => { try { calls[i](); return 'returned' } catch (e) { return e.name } }`)
	for i, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		got, err := invoke(ctx, r, strconv.Itoa(i))
		cancel()
		if err != nil || got != `"RangeError"` {
			t.Fatalf("%s: %s, %v", call, got, err)
		}
	}
}

// search computes for long in a built-in function: every place of the text nearly has the pattern.
const search = `'a'.repeat(7e4).includes('a'.repeat(3.5e4) + 'b')`

func TestCallsThatDoNotStopGiveTheirPlaceToOthers(t *testing.T) {
	r, log := start(t, "a.mjs", `export const handler = async (event) => { if (event.ok) return 'ok'; `+search+` }`, func(o *javascript.Options) {
		o.Instances = 1
		o.Hurry()
	})
	for i := range 4 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if _, err := invoke(ctx, r, `{}`); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
		for strings.Count(log.String(), "does not stop") <= i {
			time.Sleep(10 * time.Millisecond)
		}
		if i == 0 {
			if got, err := invoke(within(t), r, `{"ok":true}`); err != nil || got != `"ok"` {
				t.Fatalf("the function does not run any more: %s, %v", got, err)
			}
		}
	}
	var failed *trigger.InvokeError
	if _, err := invoke(within(t), r, `{"ok":true}`); !errors.As(err, &failed) || !strings.Contains(failed.Reason, "do not stop") {
		t.Errorf("with many calls that do not stop: %v", err)
	}
}

func TestALostMachineLeavesTheSlowLane(t *testing.T) {
	r, log := start(t, "a.mjs", `export const handler = async () => { const end = Date.now() + 100; while (Date.now() < end); console.log('searching'); `+
		strings.NewReplacer("7e4", "1.4e5", "3.5e4", "7e4").Replace(search)+` }`, func(o *javascript.Options) {
		o.Instances = 1
		o.Hurry()
	})
	r.Stop(100 * time.Millisecond) // so that a call is slow after a short time
	for r.Lost() == 0 {
		ctx, stop := context.WithCancel(t.Context())
		before := log.String()
		ended := make(chan error, 1)
		go func() {
			_, err := invoke(ctx, r, `{}`)
			ended <- err
		}()
		for len(ended) == 0 && !strings.Contains(log.String()[len(before):], "searching") {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond) // if the search has not begun then, the call is tried again
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		until(t, "the call is neither lost nor stopped", func() bool { return r.InProgress() == 0 })
	}
	if n := r.SlowCalls(); n != 0 {
		t.Errorf("%d calls in the slow lane", n)
	}
}

func TestAFileThatDoesNotStopWhileLoadingLeavesTheVersionBefore(t *testing.T) {
	var path string
	r, _ := start(t, "a.mjs", `export const handler = async () => 1`, func(o *javascript.Options) {
		path = o.File
		o.Hurry()
	})
	if got, err := invoke(within(t), r, `{}`); err != nil || got != "1" {
		t.Fatal(got, err)
	}
	write(t, path, search+`; export const handler = async () => 2`)
	touch(t, path, 1)
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		got, err := invoke(ctx, r, `{}`)
		cancel()
		if err == nil && got == "1" {
			return
		}
	}
	t.Error("the version before does not run")
}

func TestACallThatIsLostBeforeItLoadsLetsOthersLoad(t *testing.T) {
	r, _ := start(t, "a.mjs", `export const handler = async () => 1`)
	if err := r.LoadLost(); err == nil {
		t.Error("a lost call goes on")
	}
	if got, err := invoke(within(t), r, `{}`); err != nil || got != "1" {
		t.Error(got, err)
	}
}

func TestAMachineThatIsClosedLeavesTheSlowLane(t *testing.T) {
	r, _ := start(t, "a.mjs", `export const handler = async () => 1`)
	if before, after, err := r.CloseWhileSlow(); err != nil || before != 1 || after != 0 {
		t.Error(before, after, err)
	}
}
