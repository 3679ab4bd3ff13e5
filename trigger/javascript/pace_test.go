package javascript_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger/javascript"
)

// costly are handlers that compute for ever, in pieces of every kind.
var costly = map[string]string{
	"loop":               `for (;;) {}`,
	"jobs":               `for (;;) await null`,
	"built-in functions": `const text = JSON.stringify(new Array(20000).fill({ a: 1 })); for (;;) JSON.parse(text)`,
	"our functions":      `for (;;) crypto.randomUUID()`,
	"conversions":        `const text = btoa('x'.repeat(100000)); for (;;) atob(text)`,
	"timers":             `await new Promise(() => { const f = () => { for (let i = 0; i < 1000; i++); setTimeout(f, 0) }; f() })`,
	"many timers":        `await new Promise(() => { for (let i = 0; i < 1000; i++) setInterval(() => {}, 1) })`,
	"refused requests":   `for (;;) try { await fetch('https://example.com/') } catch {}`,
}

// Threat: a handler computes for ever in pieces that the engine does not check, and takes a whole processor.
func TestAllThatAHandlerComputesCounts(t *testing.T) {
	for name, body := range costly {
		t.Run(name, func(t *testing.T) {
			r, _ := start(t, "a.mjs", `export const handler = async (event) => { if (event.ok) return 'ok'; `+body+` }`, func(o *javascript.Options) {
				o.Instances = 1
				o.Patient()
			})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				_, err := invoke(ctx, r, `{}`)
				ended <- err
			}()
			awaitSlow(t, r, ended)
			stop()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			// There is one machine, so this call waits for the other to be stopped.
			if got, err := invoke(within(t), r, `{"ok":true}`); err != nil || got != `"ok"` || r.Lost() != 0 {
				t.Errorf("it was not stopped: %s, %v, %d lost", got, err, r.Lost())
			}
			if r.SlowCalls() != 0 {
				t.Error("a call that was stopped still counts as slow")
			}
		})
	}
}

// awaitSlow waits until a call has used up its time at full speed.
func awaitSlow(t *testing.T, r *javascript.Runtime, ended <-chan error) {
	t.Helper()
	for r.SlowCalls() == 0 {
		select {
		case err := <-ended:
			t.Fatal("it ended, and was never slow:", err)
		case <-time.After(time.Millisecond):
		}
	}
}
