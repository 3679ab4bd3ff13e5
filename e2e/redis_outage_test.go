package e2e

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestRedisOutageIsBridgedThenRefusedAndNothingIsLost stops Redis under traffic, signs users out meanwhile, and restarts it: the first process signs out, the second is fail_closed, the third fail_open.
func TestRedisOutageIsBridgedThenRefusedAndNothingIsLost(t *testing.T) {
	for _, c := range []struct {
		name     string
		args     []string // of the server
		down, up func(r *harness.Redis, t *testing.T)
	}{
		{"frozen", nil,
			func(r *harness.Redis, t *testing.T) { r.Freeze(t) }, func(r *harness.Redis, t *testing.T) { r.Thaw(t) }},
		{"killed and back with its data", harness.Durable,
			func(r *harness.Redis, _ *testing.T) { r.Kill() }, func(r *harness.Redis, t *testing.T) { r.Launch(t) }},
		{"killed and back without its data", nil,
			func(r *harness.Redis, _ *testing.T) { r.Kill() }, func(r *harness.Redis, t *testing.T) { r.Launch(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			redis := harness.StartRedis(t, c.args...)
			outage(t, redis, func() { c.down(redis, t) }, func() { c.up(redis, t) })
		})
	}
}

func outage(t *testing.T, redis *harness.Redis, down, up func()) {
	store := harness.StartS3(t)
	store.Put(t, "public/hello", "hello")
	all := together(t, redis, store, "fail_closed", "fail_closed", "fail_open")
	first, closed, open := all[0], all[1], all[2]
	makeUser(t, first, "rita", "readers")
	rita := signIn(t, first, "rita")
	_, ritas := temporary(t, first, *rita.IdToken)
	var leaving []*types.AuthenticationResultType
	for range 6 {
		leaving = append(leaving, signIn(t, first, "rita"))
	}
	leave := func(i int) {
		t.Helper()
		begun := time.Now()
		if err := revokeToken(t, first, leaving[i]); err != nil {
			t.Fatalf("RevokeToken: %v", err)
		}
		t.Logf("measured: sign-out %d was answered after %v", i, time.Since(begun).Round(time.Millisecond))
		if status := api(t, first, *leaving[i].AccessToken); status == 200 {
			t.Errorf("the process that signed out takes the token %d", i)
		}
	}
	known := func(s *harness.Sluice, signOuts ...int) bool {
		for _, i := range signOuts {
			if api(t, s, *leaving[i].AccessToken) != 401 {
				return false
			}
		}
		return true
	}
	leave(0)
	acknowledged := time.Now()
	for _, s := range []*harness.Sluice{closed, open} {
		within(t, "a sign-out before the outage", acknowledged, time.Second, func() bool { return known(s, 0) })
	}
	atClosed, atOpen := startTraffic(t, closed, *rita.AccessToken), startTraffic(t, open, *rita.AccessToken)
	eventually(t, "traffic", func() bool {
		return atClosed.sawReady(readiness{200, "ok"}) && atOpen.sawReady(readiness{200, "ok"})
	})

	before := time.Now()
	down()
	gone := time.Now()
	leave(1)
	leave(2)
	signIn(t, first, "rita") // continues
	eventually(t, "503", func() bool { return api(t, closed, *rita.AccessToken) == 503 })
	if code := object(t, closed, ritas); code != "ServiceUnavailable" {
		t.Errorf("the object store behind fail_closed: %q", code)
	}
	if code := object(t, open, ritas); code != "" {
		t.Errorf("the object store behind fail_open: %q", code)
	}
	leave(3)
	leave(4)
	for _, s := range []*harness.Sluice{closed, open} {
		eventually(t, "the state in the metrics", func() bool { return metricsSay(t, s, `sluice_revocation_feed_state{state="lost"} 1`) })
		for _, line := range []string{"Redis is away: going on with the revocations that are known", "Redis is away for too long: revocations may be missing"} {
			if !strings.Contains(s.Log(), line) {
				t.Errorf("the log does not say %q", line)
			}
		}
	}
	eventually(t, "/readyz that says lost", func() bool {
		return atClosed.sawReady(readiness{200, "ok"}, readiness{200, "stale"}, readiness{503, "lost"}) &&
			atOpen.sawReady(readiness{200, "ok"}, readiness{200, "stale"}, readiness{200, "lost"})
	})
	eventually(t, "503 where the sign-outs were", func() bool { return api(t, first, *rita.AccessToken) == 503 })

	returning := time.Now()
	up()
	back := time.Now()
	for name, s := range map[string]*harness.Sluice{"fail_closed": closed, "fail_open": open} {
		took := within(t, name+" knows what was signed out meanwhile", back, 5*time.Second, func() bool { return known(s, 0, 1, 2, 3, 4) })
		t.Logf("measured: %s knew everything %v after Redis was back", name, took.Round(time.Millisecond))
	}
	for _, s := range all {
		eventually(t, "requests that go on", func() bool { return api(t, s, *rita.AccessToken) == 200 && object(t, s, ritas) == "" })
		eventually(t, "/readyz and metrics that say ok", func() bool {
			return s.Get(t, "GET", "/readyz").Status == 200 && metricsSay(t, s, `sluice_revocation_feed_state{state="ok"} 1`) &&
				metricsSay(t, s, `sluice_revocation_feed_state{state="lost"} 0`) && metricsSay(t, s, `sluice_revocation_feed_queued 0`)
		})
	}
	for _, s := range all {
		if n := strings.Count(s.Log(), "revocations arrive from Redis"); n < 2 {
			t.Errorf("the log says %d times that revocations arrive", n)
		}
	}
	leave(5)
	acknowledged = time.Now()
	for _, s := range []*harness.Sluice{closed, open} {
		within(t, "a sign-out after the outage", acknowledged, time.Second, func() bool { return known(s, 5) })
	}
	atClosed.check(t, "fail_closed", func(c call) bool {
		switch {
		case c.ended.Before(before.Add(maxStale / 2)): // the last that Redis said may be half a second old
			return c.status == 200
		case c.begun.After(gone.Add(maxStale)) && c.ended.Before(returning):
			return c.status == 503
		}
		return c.status == 200 || c.status == 503
	})
	atOpen.check(t, "fail_open", func(c call) bool { return c.status == 200 })
}

// TestRedisAwayAtTheStartLeavesAProcessLostUntilItGetsThrough starts two processes before their Redis.
func TestRedisAwayAtTheStartLeavesAProcessLostUntilItGetsThrough(t *testing.T) {
	t.Parallel()
	for _, frozen := range []bool{false, true} {
		t.Run(map[bool]string{false: "connection refused", true: "it listens and does not answer"}[frozen], func(t *testing.T) {
			redis := harness.PrepareRedis(t)
			if frozen {
				redis.Launch(t)
				redis.Freeze(t)
			}
			store := harness.StartS3(t)
			store.Put(t, "public/hello", "hello")
			both := siblings(t, redis, store, "fail_closed", "fail_open")
			begun := time.Now()
			harness.LaunchAtOnce(t, both...)
			t.Logf("measured: two processes that are started at once serve %v later", time.Since(begun).Round(time.Millisecond))
			closed, open := both[0], both[1]
			makeUser(t, closed, "rita", "readers")
			rita, one, other := signIn(t, closed, "rita"), signIn(t, closed, "rita"), signIn(t, open, "rita")
			_, ritas := temporary(t, closed, *rita.IdToken)
			for _, c := range []struct {
				s             *harness.Sluice
				ready, status int
				code          string
			}{{closed, 503, 503, "ServiceUnavailable"}, {open, 200, 200, ""}} {
				eventually(t, "/readyz", func() bool {
					got := c.s.Get(t, "GET", "/readyz")
					return got.Status == c.ready && strings.Contains(got.Body, `"revocations":"lost"`)
				})
				if status, code := api(t, c.s, *rita.AccessToken), object(t, c.s, ritas); status != c.status || code != c.code {
					t.Errorf("lost from the start: %d, %q, want %d, %q", status, code, c.status, c.code)
				}
				eventually(t, "the metrics", func() bool { return metricsSay(t, c.s, `sluice_revocation_feed_state{state="lost"} 1`) })
				if !strings.Contains(c.s.Log(), "Redis was not reached yet: revocations may be missing") {
					t.Error("the log does not say that Redis was not reached")
				}
			}
			if err := errors.Join(revokeToken(t, closed, one), revokeToken(t, open, other)); err != nil {
				t.Fatalf("RevokeToken: %v", err)
			}
			if status := api(t, open, *other.AccessToken); status != 401 {
				t.Errorf("fail_open answers %d to a token that it revoked itself", status)
			}
			if frozen {
				redis.Thaw(t)
			} else {
				redis.Launch(t)
			}
			back := time.Now()
			for _, s := range both {
				took := within(t, "what was signed out is known", back, 5*time.Second, func() bool {
					return api(t, s, *one.AccessToken) == 401 && api(t, s, *other.AccessToken) == 401
				})
				t.Logf("measured: everything was known %v after Redis was there", took.Round(time.Millisecond))
				eventually(t, "readiness", func() bool { return s.Get(t, "GET", "/readyz").Status == 200 })
				if status, code := api(t, s, *rita.AccessToken), object(t, s, ritas); status != 200 || code != "" {
					t.Errorf("once Redis is there: %d, %q", status, code)
				}
			}
		})
	}
}

// TestRedisAndTheStoreKeepWhatAKilledProcessAcknowledged kills the process that signed users out right after its answer.
func TestRedisAndTheStoreKeepWhatAKilledProcessAcknowledged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		down  func(r *harness.Redis, t *testing.T)
		up    func(r *harness.Redis, t *testing.T, other *harness.Sluice)
		limit time.Duration
		again bool // the process comes back
	}{
		{"while Redis is there", func(*harness.Redis, *testing.T) {}, func(*harness.Redis, *testing.T, *harness.Sluice) {}, time.Second, false},
		{"while Redis hangs", func(r *harness.Redis, t *testing.T) { r.Freeze(t) }, func(r *harness.Redis, t *testing.T, other *harness.Sluice) {
			eventually(t, "/readyz that says stale", func() bool {
				return strings.Contains(other.Get(t, "GET", "/readyz").Body, `"revocations":"stale"`)
			})
			r.Thaw(t)
		}, 5 * time.Second, false},
		{"while Redis hangs, and comes back", func(r *harness.Redis, t *testing.T) { r.Freeze(t) }, func(r *harness.Redis, t *testing.T, _ *harness.Sluice) {
			r.Thaw(t)
		}, 5 * time.Second, true},
		{"while Redis is away", func(r *harness.Redis, _ *testing.T) { r.Kill() }, func(r *harness.Redis, t *testing.T, _ *harness.Sluice) {
			r.Launch(t)
		}, 5 * time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			redis := harness.StartRedis(t)
			both := together(t, redis, nil, "fail_closed", "fail_closed")
			killed, other := both[0], both[1]
			makeUser(t, killed, "rita", "readers")
			rita := signIn(t, killed, "rita")
			var gone []*types.AuthenticationResultType
			for range 8 {
				gone = append(gone, signIn(t, killed, "rita"))
			}
			known := func() bool {
				for _, in := range gone {
					if api(t, other, *in.AccessToken) != 401 {
						return false
					}
				}
				return true
			}
			c.down(redis, t)
			var running sync.WaitGroup
			for _, in := range gone {
				running.Go(func() {
					if err := revokeToken(t, killed, in); err != nil {
						t.Errorf("RevokeToken: %v", err)
					}
				})
			}
			running.Wait()
			killed.Kill()
			c.up(redis, t, other)
			if c.again {
				killed.Launch(t)
			}
			took := within(t, "everything that was acknowledged is known to the other process", time.Now(), c.limit, known)
			t.Logf("measured: known %v later", took.Round(time.Millisecond))
			eventually(t, "other sign-ins that go on", func() bool { return api(t, other, *rita.AccessToken) == 200 })
		})
	}
}

// TestRedisOutageOutlivesAReload reloads while Redis is unreachable. The known revocations and the start of the outage survive.
func TestRedisOutageOutlivesAReload(t *testing.T) {
	t.Parallel()
	redis := harness.StartRedis(t)
	s := together(t, redis, nil, "fail_closed")[0]
	makeUser(t, s, "rita", "readers")
	rita, gone := signIn(t, s, "rita"), signIn(t, s, "rita")
	if err := revokeToken(t, s, gone); err != nil {
		t.Fatal(err)
	}
	calls := startTraffic(t, s, *rita.AccessToken)
	eventually(t, "traffic", func() bool { return calls.sawReady(readiness{200, "ok"}) })
	before := time.Now()
	redis.Kill()
	away := time.Now()
	s.Write(t, strings.Replace(s.Read(t), `"May read notes"`, `"May read all notes"`, 1))
	s.Reload(t)
	eventually(t, "503", func() bool { return api(t, s, *rita.AccessToken) == 503 })
	s.Write(t, strings.Replace(s.Read(t), `"May read all notes"`, `"May read notes"`, 1))
	s.Reload(t)
	if status := api(t, s, *rita.AccessToken); status != 503 {
		t.Errorf("a reload made of 503 a %d", status)
	}
	returning := time.Now()
	redis.Launch(t)
	eventually(t, "requests that go on", func() bool { return api(t, s, *rita.AccessToken) == 200 })
	if status := api(t, s, *gone.AccessToken); status != 401 {
		t.Errorf("a revoked token is answered %d", status)
	}
	calls.check(t, "reloaded", func(c call) bool {
		switch {
		case c.ended.Before(before.Add(maxStale / 2)):
			return c.status == 200
		case c.begun.After(away.Add(maxStale)) && c.ended.Before(returning):
			return c.status == 503
		}
		return c.status == 200 || c.status == 503
	})
}

// TestRedisIsReadAgainBeforeAProcessThatSleptTooLongGoesOn freezes a Sluice process for longer than max_stale, and signs
// a user out meanwhile.
func TestRedisIsReadAgainBeforeAProcessThatSleptTooLongGoesOn(t *testing.T) {
	t.Parallel()
	both := together(t, harness.StartRedis(t), nil, "fail_closed", "fail_closed")
	awake, asleep := both[0], both[1]
	makeUser(t, awake, "rita", "readers")
	rita, gone := signIn(t, awake, "rita"), signIn(t, awake, "rita")
	asleep.Freeze(t)
	fell := time.Now()
	if err := revokeToken(t, awake, gone); err != nil {
		t.Fatal(err)
	}
	within(t, "the process that is awake refuses", time.Now(), time.Second, func() bool { return api(t, awake, *gone.AccessToken) == 401 })
	eventually(t, "a sleep longer than max_stale", func() bool { return time.Since(fell) > maxStale })
	asleep.Thaw(t)
	eventually(t, "requests that go on", func() bool {
		if status := api(t, asleep, *gone.AccessToken); status == 200 {
			t.Fatal("the process that slept took a revoked token")
		}
		return api(t, asleep, *rita.AccessToken) == 200
	})
	if status := api(t, asleep, *gone.AccessToken); status != 401 {
		t.Errorf("a revoked token is answered %d", status)
	}
}
