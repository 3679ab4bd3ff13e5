package redis

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/seal"
)

// startShared returns the counts of one process.
func TestAnOutageBeginsWhenTheSessionInUseFails(t *testing.T) {
	now, at := time.Unix(1_000_000, 0), new(session)
	s := &Shared{o: SharedOptions{Options: Options{Now: func() time.Time { return now }}}, lost: make(chan struct{}, 1)}
	s.link.Store(&link{since: now, cause: errors.New("not connected yet")})
	s.link.Store(&link{session: at})
	for range 3 { // later calls on the same session fail, too
		now = now.Add(time.Hour)
		s.leave(at, errors.New("gone"))
	}
	if away := s.Away(); away != 2*time.Hour {
		t.Errorf("away for %s", away)
	}
}

func startShared(t testing.TB, o Options) *Shared {
	t.Helper()
	o.Now = time.Now
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := NewShared(SharedOptions{Options: o, Key: []byte("a key of the test")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// there waits until Redis is there.
func there(t testing.TB, all ...*Shared) {
	t.Helper()
	for _, s := range all {
		eventually(t, "Redis is there", func() bool { return s.Away() == 0 })
	}
}

// again repeats a call that found Redis away, because the machine was busy.
func again(t testing.TB, call func() (bool, error)) (yes bool) {
	t.Helper()
	eventually(t, "an answer", func() bool {
		var err error
		yes, err = call()
		return err == nil
	})
	return yes
}

func TestTheRateOfAnAddressIsThatOfAllProcesses(t *testing.T) {
	t.Parallel()
	o := at(startServer(t))
	a, b := startShared(t, o), startShared(t, o)
	there(t, a, b)
	allowed := 0
	for i := range 40 {
		s := a
		if i%2 == 1 {
			s = b
		}
		if again(t, func() (bool, error) { return s.Rate("addresses", "192.0.2.1", time.Hour, 9*time.Hour) }) {
			allowed++
		}
	}
	if allowed != 10 {
		t.Errorf("%d of 40 calls were allowed, want 10", allowed)
	}
	if !again(t, func() (bool, error) { return a.Rate("addresses", "192.0.2.2", time.Hour, 0) }) ||
		!again(t, func() (bool, error) { return a.Rate("other", "192.0.2.1", time.Hour, 0) }) {
		t.Error("another address, or another table, is limited as well")
	}
}

func TestRedisDoesNotLearnNames(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	a := startShared(t, at(server))
	there(t, a)
	again(t, func() (bool, error) { return a.Rate("addresses", "192.0.2.1", time.Hour, time.Hour) })
	again(t, func() (bool, error) { return a.Count("users", "ann@example.com", 100, 5, time.Hour) })
	again(t, func() (bool, error) { return a.Spend("users", "the id of a session", time.Now(), time.Hour, 10) })
	var all strings.Builder
	for _, key := range server.do("keys", "*").([]any) {
		fmt.Fprintln(&all, key)
		if name := key.(string); strings.Contains(name, "count:") {
			fmt.Fprintln(&all, server.do("get", name))
		}
	}
	for _, secret := range []string{"192.0.2", "ann", "session"} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("Redis has %q in\n%s", secret, all.String())
		}
	}
	if !strings.Contains(all.String(), "count:users") || !strings.Contains(all.String(), "rate:addresses") {
		t.Errorf("keys are\n%s", all.String())
	}
}

func TestACallThatIsPaidOffLeavesNothingInRedis(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	a := startShared(t, at(server))
	there(t, a)
	for i := range 1000 {
		again(t, func() (bool, error) { return a.Rate("addresses", fmt.Sprint(i), time.Millisecond, 0) })
	}
	eventually(t, "an empty database", func() bool { return server.do("dbsize").(int64) == 0 })
}

func TestEventsCountInAWindowAndFloodsTakeNoMoreSlots(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	o := at(server)
	a, b := startShared(t, o), startShared(t, o)
	there(t, a, b)
	for i := range 8 {
		s := []*Shared{a, b}[i%2]
		if within := again(t, func() (bool, error) { return s.Count("users", "ann", 1<<20, 5, time.Hour) }); within != (i < 5) {
			t.Errorf("event %d: %v", i, within)
		}
	}
	for i := range 2000 {
		again(t, func() (bool, error) {
			return a.Count("names without a user", fmt.Sprint("invented ", i), 64, 5, time.Hour)
		})
	}
	if n := server.do("dbsize").(int64); n > 66 {
		t.Errorf("Redis has %d keys after a flood of invented names, want at most 64 and one of a user", n)
	}
	if again(t, func() (bool, error) { return b.Count("users", "ann", 1<<20, 5, time.Hour) }) {
		t.Error("the flood has pushed out a user")
	}
	if !again(t, func() (bool, error) { return a.Count("users", "bob", 1<<20, 1, time.Millisecond) }) {
		t.Error("the first event is refused")
	}
	eventually(t, "the end of a window", func() bool {
		return again(t, func() (bool, error) { return a.Count("users", "bob", 1<<20, 1, time.Millisecond) })
	})
}

func TestASessionServesOnceInAllProcesses(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	o := at(server)
	processes := []*Shared{startShared(t, o), startShared(t, o), startShared(t, o)}
	there(t, processes...)
	issued, life := time.Now(), 15*time.Minute
	for round := range 20 {
		var uses atomic.Int64
		var all sync.WaitGroup
		for _, s := range processes {
			for range 4 {
				all.Go(func() {
					if first, err := s.Spend("users", fmt.Sprint("session ", round), issued, life, 1000); err == nil && first {
						uses.Add(1)
					}
				})
			}
		}
		all.Wait()
		if n := uses.Load(); n > 1 {
			t.Fatalf("a session served %d times", n)
		}
	}
	spend := func(s *Shared, id string, at time.Time) bool {
		return again(t, func() (bool, error) { return s.Spend("few", id, at, life, 3) })
	}
	there(t, processes...)
	a, b := processes[0], processes[1]
	if !spend(a, "one", issued) || spend(b, "one", issued) {
		t.Error("a session serves twice")
	}
	eventually(t, "a mark that is removed", func() bool { return b.Unspend("few", "one") == nil })
	if !spend(a, "one", issued) {
		t.Error("a session that was given back does not serve")
	}
	for i := 1; i < 10; i++ { // more than the table holds
		if !spend(a, fmt.Sprint(i), issued.Add(time.Duration(i)*time.Millisecond)) {
			t.Errorf("session %d is refused", i)
		}
	}
	for i := 1; i < 10; i++ {
		if spend(b, fmt.Sprint(i), issued.Add(time.Duration(i)*time.Millisecond)) {
			t.Errorf("session %d serves again after the table was full", i)
		}
	}
	if n := server.do("zcard", "sluice:{spent:few}").(int64); n != 3 {
		t.Errorf("the table has %d marks", n)
	}
}

// While Redis is away in any way, calls end soon, and they continue when it is back.
func TestAnOutageDelaysNoCall(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]func(s *server, p *proxy) (back func()){
		"killed": func(s *server, _ *proxy) func() { s.kill(); return s.start },
		"frozen": func(s *server, _ *proxy) func() { s.freeze(); return s.thaw },
		"silent": func(_ *server, p *proxy) func() { p.swallow(true); return func() { p.swallow(false) } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			p := startProxy(t, server.address())
			a := startShared(t, Options{Addresses: []string{p.address()}})
			there(t, a)
			back := outage(server, p)
			begun := time.Now()
			for range 1000 {
				if _, err := a.Rate("addresses", "192.0.2.1", time.Second, time.Second); err == nil {
					t.Fatal("a call was counted while Redis was away")
				}
			}
			t.Logf("measured: 1,000 calls took %s after Redis was %s", time.Since(begun).Round(time.Millisecond), name)
			back()
			there(t, a)
			again(t, func() (bool, error) { return a.Rate("addresses", "192.0.2.1", time.Second, time.Second) })
		})
	}
}

func TestSharedCountsNeedFewRights(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.do("acl", "setuser", "sluice", "on", ">correct horse", "resetkeys", "~sluice:*", "-@all", "+eval", "+evalsha",
		"+time", "+get", "+set", "+zscore", "+zadd", "+zcard", "+zpopmin", "+zrem", "+zremrangebyscore", "+pexpire")
	server.do("acl", "setuser", "feed", "on", ">correct horse", "resetkeys", "~sluice:revocations", "-@all", "+xadd", "+xread", "+xrange")
	o := at(server)
	o.Username, o.Password = "sluice", seal.NewSecret("correct horse")
	a := startShared(t, o)
	there(t, a)
	for i := range 4 {
		again(t, func() (bool, error) { return a.Spend("users", fmt.Sprint(i), time.Now(), time.Hour, 2) })
	}
	again(t, func() (bool, error) { return a.Count("users", "ann", 10, 5, time.Hour) })
	var log logged
	o.Username, o.Logger = "feed", slog.New(slog.NewTextHandler(&log, nil))
	b := startShared(t, o)
	eventually(t, "advice in the log", func() bool { return strings.Contains(log.String(), "+evalsha") })
	if b.Away() == 0 || bytes.Contains([]byte(log.String()), []byte("correct horse")) {
		t.Errorf("the log is %s", log.String())
	}
}

func TestCountsInACluster(t *testing.T) {
	t.Parallel()
	o := startCluster(t)
	a, b := startShared(t, o), startShared(t, o)
	there(t, a, b)
	for i := range 50 { // on all nodes
		name := fmt.Sprint("name ", i)
		if !again(t, func() (bool, error) { return a.Rate("addresses", name, time.Hour, 0) }) ||
			again(t, func() (bool, error) { return b.Rate("addresses", name, time.Hour, 0) }) {
			t.Errorf("the rate of %s is not shared", name)
		}
	}
	if !again(t, func() (bool, error) { return a.Spend("users", "one", time.Now(), time.Hour, 2) }) ||
		again(t, func() (bool, error) { return b.Spend("users", "one", time.Now(), time.Hour, 2) }) {
		t.Error("a session serves twice")
	}
}
