package javascript_test

import (
	"context"
	"crypto/sha256"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger/javascript"
)

// define is AWS's sample of DefineAuthChallenge, and an event for it.
const (
	define = `const handler = async (event) => {
  if (event.request.session.length === 1 && event.request.session[0].challengeName === "SRP_A") {
    event.response.issueTokens = false;
    event.response.failAuthentication = false;
    event.response.challengeName = "PASSWORD_VERIFIER";
  } else {
    event.response.issueTokens = false;
    event.response.failAuthentication = true;
  }
  return event;
};
export { handler };`
	defineEvent = `{"version":"1","region":"us-east-1","userPoolId":"us-east-1_notes0001","userName":"alice","callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown",
"clientId":"1example23456789abcdefghij"},"triggerSource":"DefineAuthChallenge_Authentication","request":{"userAttributes":{"sub":"2b1c8a1e-5d0f-4f3e-9d0a-000000000001",
"cognito:user_status":"CONFIRMED","email_verified":"true","email":"alice@example.com"},"session":[{"challengeName":"SRP_A","challengeResult":true,"challengeMetadata":null}]},
"response":{"challengeName":null,"issueTokens":null,"failAuthentication":null}}`
)

// resident returns the memory of this process, in MiB.
func resident(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}

// BenchmarkWarmCall is one call at a time.
func BenchmarkWarmCall(b *testing.B) {
	r, _ := start(b, "a.mjs", define)
	for b.Loop() {
		if _, err := respond(b.Context(), r, defineEvent); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWarmCall32 is 32 calls at once. It reports the 99th percentile, and the memory that the machines took.
func BenchmarkWarmCall32(b *testing.B) {
	before := resident(b)
	r, _ := start(b, "a.mjs", define)
	const callers = 32
	var left atomic.Int64
	left.Store(int64(b.N))
	times := make([][]time.Duration, callers)
	var wg sync.WaitGroup
	call := func(took *[]time.Duration) bool {
		at := time.Now()
		if _, err := respond(b.Context(), r, defineEvent); err != nil {
			b.Error(err)
			return false
		}
		*took = append(*took, time.Since(at))
		return true
	}
	for range callers { // warm
		wg.Go(func() { call(new([]time.Duration)) })
	}
	wg.Wait()
	b.ResetTimer()
	for i := range callers {
		wg.Go(func() {
			for left.Add(-1) >= 0 && call(&times[i]) {
				continue
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(times...)
	slices.Sort(all)
	if len(all) == 0 {
		return
	}
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric((resident(b)-before)/javascript.DefaultInstances, "MiB/machine")
}

// BenchmarkNewMachine is a call that finds no warm machine, because every call before failed.
func BenchmarkNewMachine(b *testing.B) {
	r, _ := start(b, "a.mjs", `export const handler = async () => { throw new Error('x') }`)
	for b.Loop() {
		if _, err := invoke(b.Context(), r, `{}`); err == nil {
			b.Fatal("no error")
		}
	}
}

// BenchmarkLoop is calls of five seconds whose handler loops, one after the other and as many at once as a function may have. It
// reports the processor time that they take, in percent of one processor.
func BenchmarkLoop(b *testing.B) {
	for _, at := range []int{1, javascript.DefaultInstances} {
		b.Run(strconv.Itoa(at), func(b *testing.B) { loop(b, at) })
	}
}

func loop(b *testing.B, atOnce int) {
	r, _ := start(b, "a.mjs", `export const handler = async () => { for (;;) {} }`)
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before, began := used(), time.Now()
	for b.Loop() {
		var wg sync.WaitGroup
		for range atOnce {
			wg.Go(func() {
				ctx, end := context.WithTimeout(b.Context(), 5*time.Second)
				defer end()
				_, _ = invoke(ctx, r, `{}`)
			})
		}
		wg.Wait()
	}
	b.ReportMetric(100*(used()-before).Seconds()/time.Since(began).Seconds(), "%processor")
}

// work is what other sign-ins do: arithmetic.
func work(done *atomic.Int64, until <-chan struct{}) {
	block := make([]byte, 64<<10)
	for {
		select {
		case <-until:
			return
		default:
		}
		sha256.Sum256(block)
		done.Add(1)
	}
}

// BenchmarkOthersWhileOneLoops compares the work of 32 goroutines while a handler loops in every call, one call after the other with
// five seconds each, with the same work alone. It reports the ratio.
func BenchmarkOthersWhileOneLoops(b *testing.B) {
	r, _ := start(b, "a.mjs", `export const handler = async () => { for (;;) {} }`)
	measure := func(loops bool) float64 {
		until := make(chan struct{})
		ctx, cancel := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		if loops {
			wg.Go(func() {
				for ctx.Err() == nil {
					limited, end := context.WithTimeout(ctx, 5*time.Second)
					_, _ = invoke(limited, r, `{}`)
					end()
				}
			})
		}
		var done atomic.Int64
		for range 32 {
			wg.Go(func() { work(&done, until) })
		}
		time.Sleep(5 * time.Second)
		n := done.Load()
		close(until)
		cancel()
		wg.Wait()
		return float64(n)
	}
	var with, alone float64
	for b.Loop() {
		alone += measure(false)
		with += measure(true)
	}
	b.ReportMetric(with/alone, "ratio")
}
