package signin_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/javascript"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// BenchmarkSignInsWhileATriggerLoops compares how many sign-ins by password succeed in five seconds, 16 at once, while a function loops
// in every call, with how many succeed alone. A call of the function ends after five seconds, as one of Cognito's does, and the next one
// begins; or as many calls run at once as a function may have. It reports the ratio for all windows, which alternate. Run it with
// -benchtime 6x or more, which is the number of windows of each kind.
func BenchmarkSignInsWhileATriggerLoops(b *testing.B) {
	for _, calls := range []int{1, javascript.DefaultInstances} {
		b.Run(strconv.Itoa(calls), func(b *testing.B) {
			h, _, c := benchHouse(b, 16)
			r := inProcess(b, `export const handler = async () => { for (;;) {} }`)
			var with, alone int64
			for b.Loop() {
				alone += signInsOf(b, h, c.ID)
				ctx, stop := context.WithTimeout(b.Context(), 5*time.Second)
				var loops sync.WaitGroup
				for range calls {
					loops.Go(func() {
						_, _ = r.Invoke(ctx, trigger.Call{ARN: userpooltest.ARN, RequestID: "loop", Event: []byte(`{}`)}) // it is stopped
					})
				}
				with += signInsOf(b, h, c.ID)
				stop()
				loops.Wait()
			}
			b.ReportMetric(float64(with)/float64(alone), "ratio")
		})
	}
}

// signInsOf returns how many sign-ins succeed in five seconds.
func signInsOf(b *testing.B, h *harness, client string) int64 {
	end := time.Now().Add(5 * time.Second)
	var done atomic.Int64
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for time.Now().Before(end) {
				if _, err := h.SignIn(client, fmt.Sprintf("user%d", i), password); err != nil {
					b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return done.Load()
}
