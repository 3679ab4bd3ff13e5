package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// faultHold is how long a fault lasts that does not end by itself.
const faultHold = 4 * time.Second

// scene is what a fault happens to.
type scene struct {
	t         *testing.T
	sluice    *harness.Sluice
	processes []*harness.Sluice // sluice, and with PostgreSQL a second one
	postgres  *harness.Postgres
	redis     *harness.Redis
	pair      *harness.Pair
	sentinel  *harness.Sentinel
	links     map[string]*harness.Link      // "PostgreSQL", "Redis"
	spaces    map[string]*harness.Namespace // the same
	outage    outageSpan
}

// How a fault reaches servers, if not by signals.
type road int

const (
	direct    road = iota
	pair           // two PostgreSQL servers
	proxied        // a proxy that breaks connections
	separated      // network namespaces, between which packets are lost
	watched        // two Redis servers and a Sentinel
)

// stage starts a Sluice with the store and Redis that a fault needs.
func stage(t *testing.T, withPostgres, withRedis bool, by road) *scene {
	t.Helper()
	s, config := &scene{t: t, links: map[string]*harness.Link{}, spaces: map[string]*harness.Namespace{}}, harness.Config{}
	place := func(name string) *harness.Namespace {
		if by == separated {
			s.spaces[name] = harness.NewNamespace(t)
		}
		return s.spaces[name]
	}
	through := func(name, address string) string {
		if by != proxied {
			return address
		}
		s.links[name] = harness.NewLink(t, address)
		return s.links[name].Address
	}
	switch {
	case by == pair:
		s.pair = harness.StartPair(t)
		config.Global += "\t\tstore " + s.pair.Database(t) + "\n"
	case withPostgres:
		s.postgres = harness.StartPostgresIn(t, place("PostgreSQL"))
		at := fmt.Sprintf("127.0.0.1:%d", s.postgres.Port)
		config.Global += "\t\tstore " + strings.Replace(s.postgres.Database(t), at, through("PostgreSQL", at), 1) + "\n"
	}
	switch {
	case by == watched:
		s.sentinel = harness.StartSentinel(t)
		config.Global += fmt.Sprintf("\t\tredis %s {\n\t\t\tmaster main\n\t\t\tmax_stale 1s\n\t\t}\n", s.sentinel.Address)
	case withRedis:
		s.redis = harness.StartRedisIn(t, place("Redis"), harness.Durable...)
		config.Global += fmt.Sprintf("\t\tredis %s {\n\t\t\tmax_stale 1s\n\t\t}\n", through("Redis", s.redis.Address))
	}
	s.sluice = harness.Start(t, config)
	s.processes = []*harness.Sluice{s.sluice}
	if withPostgres {
		s.processes = append(s.processes, s.sluice.Twin(t))
	}
	return s
}

// hold waits while a fault lasts.
func hold() { time.Sleep(faultHold) }

// faults are what happens, by the name that docs/faults.md has for it. Each leaves everything running.
var faults = []struct {
	name            string
	postgres, redis bool
	happen          func(s *scene)
	by              road
}{
	{"SQLite: Sluice killed with kill -9, and started again", false, false, func(s *scene) {
		s.sluice.Kill()
		s.sluice.Launch(s.t)
	}, direct},
	{"SQLite: Sluice frozen (SIGSTOP) for 4 s", false, false, func(s *scene) {
		s.sluice.Freeze(s.t)
		hold()
		s.sluice.Thaw(s.t)
	}, direct},
	{"SQLite: disk full (ENOSPC for the write-ahead log) for 4 s", false, false, func(s *scene) {
		s.inject("pwrite64,write,ftruncate,fallocate:error=ENOSPC", "pwrite64,write,ftruncate,fallocate", "-P", filepath.Join(s.sluice.Dir, "sluice.db-wal"))
	}, direct},
	{"SQLite: slow disk (each fsync takes 0.3 s more) for 4 s", false, false, func(s *scene) {
		s.inject("fsync,fdatasync:delay_exit=300000", "fsync,fdatasync")
	}, direct},
	{"PostgreSQL: one of two Sluices killed with kill -9, and started again", true, false, func(s *scene) {
		s.sluice.Kill()
		s.sluice.Launch(s.t)
	}, direct},
	{"PostgreSQL killed with kill -9, and started again", true, false, func(s *scene) {
		s.postgres.Kill()
		s.postgres.Restart(s.t)
	}, direct},
	{"PostgreSQL restarted (fast shutdown)", true, false, func(s *scene) {
		s.postgres.Interrupt(s.t)
		s.postgres.Restart(s.t)
	}, direct},
	{"PostgreSQL frozen (SIGSTOP) for 4 s", true, false, func(s *scene) {
		s.postgres.Freeze(s.t)
		hold()
		s.postgres.Thaw(s.t)
	}, direct},
	{"Redis (max_stale 1s, fail_closed) killed with kill -9, and started again after 4 s", false, true, func(s *scene) {
		s.redis.Kill()
		hold()
		s.redis.Launch(s.t)
	}, direct},
	{"Redis (max_stale 1s, fail_closed) frozen (SIGSTOP) for 4 s", false, true, func(s *scene) {
		s.redis.Freeze(s.t)
		hold()
		s.redis.Thaw(s.t)
	}, direct},
	{"PostgreSQL fails over to a synchronous standby: the first server killed with kill -9, the second one promoted", true, false, func(s *scene) {
		s.pair.Failover(s.t)
		s.pair.Repair(s.t)
	}, pair},
	{"Redis (max_stale 1s, fail_closed) fails over: the master killed with kill -9, a Sentinel promotes its replica", true, true, func(s *scene) {
		s.sentinel.Failover(s.t)
	}, watched},
	{"packets between Sluice and PostgreSQL lost without a word for 4 s", true, false, func(s *scene) { s.lose(faultHold, "PostgreSQL") }, proxied},
	{"packets between Sluice and PostgreSQL lost without a word for 15 s", true, false, func(s *scene) { s.lose(15*time.Second, "PostgreSQL") }, proxied},
	{"connections between Sluice and PostgreSQL reset for 4 s", true, false, func(s *scene) { s.cut("PostgreSQL") }, proxied},
	{"packets between Sluice and Redis (max_stale 1s, fail_closed) lost without a word for 4 s", true, true, func(s *scene) { s.lose(faultHold, "Redis") }, proxied},
	{"connections between Sluice and Redis (max_stale 1s, fail_closed) reset for 4 s", true, true, func(s *scene) { s.cut("Redis") }, proxied},
	{"packets between Sluice and both PostgreSQL and Redis lost without a word for 4 s", true, true, func(s *scene) { s.lose(faultHold, "PostgreSQL", "Redis") }, proxied},
	{"all packets of PostgreSQL's network namespace lost for 4 s", true, false, func(s *scene) { s.part(faultHold, "PostgreSQL") }, separated},
	{"all packets of PostgreSQL's network namespace lost for 15 s", true, false, func(s *scene) { s.part(15*time.Second, "PostgreSQL") }, separated},
	{"all packets of Redis's network namespace (max_stale 1s, fail_closed) lost for 4 s", true, true, func(s *scene) { s.part(faultHold, "Redis") }, separated},
	{"all packets of both network namespaces lost for 4 s", true, true, func(s *scene) { s.part(faultHold, "PostgreSQL", "Redis") }, separated},
	{"packets of PostgreSQL's network namespace lost half of the time for 10 s", true, false, func(s *scene) { s.spaces["PostgreSQL"].Lose(s.t, 10*time.Second) }, separated},
}

// part loses the packets of network namespaces for a time.
func (s *scene) part(d time.Duration, names ...string) {
	for _, name := range names {
		s.spaces[name].Drop(s.t)
	}
	time.Sleep(d)
	for _, name := range names {
		s.spaces[name].Heal(s.t)
	}
}

// lose loses the packets of links for a time.
func (s *scene) lose(d time.Duration, names ...string) {
	for _, name := range names {
		s.links[name].Drop()
	}
	time.Sleep(d)
	for _, name := range names {
		s.links[name].Heal()
	}
}

// cut resets the connections of a link for a time.
func (s *scene) cut(name string) {
	s.links[name].Cut()
	hold()
	s.links[name].Heal()
}

// inject makes system calls of Sluice fail or wait, with strace, while a fault lasts.
func (s *scene) inject(what, calls string, more ...string) {
	s.t.Helper()
	pid := strconv.Itoa(s.sluice.PID())
	args := append([]string{"-f", "-qq", "-o", os.DevNull, "-p", pid, "-e", "trace=" + calls, "-e", "inject=" + what}, more...)
	ctx, stop := context.WithTimeout(s.t.Context(), faultHold)
	defer stop()
	cmd := exec.CommandContext(ctx, "strace", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it resumes the process
	cmd.WaitDelay = harness.Patience
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
	case bytes.Contains(out, []byte("Operation not permitted")):
		s.t.Logf("without this fault: strace may not attach here; allow it by kernel.yama.ptrace_scope=0, or run as root\n%s", out)
	default:
		s.t.Fatalf("strace: %v; scripts/install-tools.sh installs it\n%s", err, out)
	}
}

// TestFaults lets one fault after the other happen, at a random point of a mixed load, and checks with the record of the clients what was
// lost. SLUICE_SEED repeats a run. The rows that it logs are the table of docs/faults.md.
func TestFaults(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("SLUICE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		ok(t, err)
	}
	t.Logf("SLUICE_SEED=%d", seed)
	rounds := 1
	if os.Getenv("SLUICE_LONG") != "" {
		rounds = 3
	}
	if text := os.Getenv("SLUICE_ROUNDS"); text != "" {
		var err error
		rounds, err = strconv.Atoi(text)
		ok(t, err)
	}
	for i, fault := range faults {
		if fault.by != direct && os.Getenv("SLUICE_MORE_FAULTS") == "" {
			continue
		}
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, fault.postgres, fault.redis, fault.by)
			clients := make([]*witness, 4)
			for k := range clients {
				clients[k] = newWitness(s, fmt.Sprint("w", k), rand.New(rand.NewPCG(seed+uint64(i), uint64(k)+1)))
			}
			random := rand.New(rand.NewPCG(seed+uint64(i), 0))
			for range rounds {
				fail(s, clients, int64(20+random.IntN(60)), fault.happen)
			}
			for _, c := range clients {
				c.checkAll()
			}
			wholePool(t, s.sluice.Users(harness.Admin), new(harness.Pool))
			t.Logf("measured: | %s | %s |", fault.name, sum(clients))
		})
	}
}

// fail runs the load, lets a fault happen after some steps, and stops the load when every client has gone on.
func fail(s *scene, clients []*witness, after int64, happen func(*scene)) {
	ctx, stop := context.WithCancel(s.t.Context())
	var load sync.WaitGroup
	for _, c := range clients {
		load.Go(func() { c.run(ctx) })
	}
	await(s, func() bool { return steps(clients) >= after })
	s.outage.ended.Store(0)
	s.outage.began.Store(time.Now().UnixNano())
	happen(s)
	s.outage.ended.Store(time.Now().UnixNano())
	targets := make([]int64, len(clients))
	for i, c := range clients {
		targets[i] = c.done.Load() + 10
	}
	await(s, func() bool {
		for i, c := range clients {
			if c.done.Load() < targets[i] {
				return false
			}
		}
		return true
	})
	stop()
	load.Wait()
}

// await waits for clients; the process may have been restarted meanwhile.
func await(s *scene, ready func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(harness.Patience); !ready(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("the clients do not go on")
		}
	}
}

func steps(clients []*witness) (n int64) {
	for _, c := range clients {
		n += c.done.Load()
	}
	return n
}

// sum returns what the clients saw together, as columns of the table.
func sum(clients []*witness) string {
	all := &witness{seen: map[string]int{}}
	var acknowledged int64
	for _, c := range clients {
		acknowledged += c.acknowledged
		all.longest = max(all.longest, c.longest)
		all.lost += c.lost
		all.passed += c.passed
		for what, n := range c.seen {
			all.seen[what] += n
		}
	}
	var seen []string
	for _, what := range sorted(all.seen) {
		seen = append(seen, fmt.Sprintf("%s (%d)", what, all.seen[what]))
	}
	if len(seen) == 0 {
		seen = []string{"nothing"}
	}
	return fmt.Sprintf("%s | %.1f s | %d | %d | %d", strings.Join(seen, ", "), all.longest.Seconds(), acknowledged, all.lost, all.passed)
}
