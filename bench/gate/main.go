// Command gate measures what sluice_authorize costs per request: the CPU time of the server process and the latency, each
// next to a baseline of plain Caddy in the same run, in alternating rounds. The baseline is reverse_proxy, or a respond that
// gives the same answer as the gate's refusal.
//
// It starts two processes of the given binary: one with a Caddyfile of plain Caddy, one with the gate in front of the same
// upstream. The upstream, the issuer's key set and the load run in this process, whose CPU time is not counted. On a machine
// with two or more processors the servers have the first one to themselves and the load runs on the others: on a shared core
// the load's use of the caches would be measured too.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

func main() {
	var b bench
	flag.StringVar(&b.binary, "sluice", "bin/sluice", "the binary to measure")
	flag.IntVar(&b.n, "n", 3_200, "requests per round")
	flag.IntVar(&b.rounds, "rounds", 21, "rounds of each side")
	flag.IntVar(&b.connections, "c", 32, "connections")
	flag.StringVar(&b.only, "only", "", "run only the scenarios whose name contains this")
	flag.StringVar(&b.profiles, "profile", "", "write CPU profiles of both sides for each scenario to this folder")
	flag.Parse()
	if err := b.run(); err != nil {
		log.Fatal(err)
	}
}

// bench is a run: what the flags say, then the two servers and their ports.
type bench struct {
	binary, only, profiles string
	n, rounds, connections int

	gate, bare                                             *process
	gatePort, proxyPort, respondPort, gateAdmin, bareAdmin int
	refusal                                                *refusal
}

func (b *bench) run() error {
	if err := leaveFirstProcessor(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sluice-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	issuer, err := newIssuer()
	if err != nil {
		return err
	}
	defer b.stop()
	if err := b.start(dir, issuer); err != nil {
		return err
	}
	fmt.Printf("%d requests per round, %d rounds of each side, %d connections; CPU is the server's, per request\n\n", b.n, b.rounds, b.connections)
	fmt.Println("| requests | baseline | baseline CPU | gate CPU | ratio | wanted | p99 baseline | p99 gate | ratio |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, s := range scenarios(issuer, b.n) {
		if !strings.Contains(s.name, b.only) {
			continue
		}
		if err := b.scenario(s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return b.memory()
}

// memory prints the resident memory of both processes after the scenarios.
func (b *bench) memory() error {
	bare, err := b.bare.memory()
	if err != nil {
		return err
	}
	gate, err := b.gate.memory()
	if err != nil {
		return err
	}
	fmt.Printf("\nResident memory after that: baseline %.1f MiB, gate %.1f MiB, %.1f MiB more; wanted at most 40 MiB more.\n", bare, gate, gate-bare)
	return nil
}

// leaveFirstProcessor moves this process off the processor that the servers run on.
func leaveFirstProcessor() error {
	n := runtime.NumCPU()
	if n == 1 {
		return nil
	}
	out, err := exec.Command("taskset", "-apc", fmt.Sprintf("1-%d", n-1), strconv.Itoa(os.Getpid())).CombinedOutput()
	if err != nil {
		return fmt.Errorf("taskset: %w: %s", err, out)
	}
	return nil
}

// start starts the upstream and both servers.
func (b *bench) start(dir string, i *issuer) error {
	upstream, err := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello\n")) }))
	if err != nil {
		return err
	}
	ports, err := proc.FreePorts(5)
	if err != nil {
		return err
	}
	b.proxyPort, b.respondPort, b.gatePort, b.gateAdmin, b.bareAdmin = ports[0], ports[1], ports[2], ports[3], ports[4]
	b.gate, err = start(b.binary, dir, "gate", fmt.Sprintf(`{
	admin 127.0.0.1:%[4]d
}
http://127.0.0.1:%[1]d {
	sluice_authorize {
		issuer %[2]s {
			client_id bench
			token_use access
		}
		allow  group readers GET /api/*
		allow  group editors *   /api/*
		header X-User-Id {http.auth.user.id}
	}
	reverse_proxy %[3]s
}
`, b.gatePort, i.url, upstream, b.gateAdmin), b.gatePort, nil)
	if err != nil {
		return err
	}
	if b.refusal, err = refused(b.gatePort); err != nil {
		return err
	}
	b.bare, err = start(b.binary, dir, "bare", fmt.Sprintf(`{
	admin 127.0.0.1:%[4]d
}
http://127.0.0.1:%[1]d {
	reverse_proxy %[3]s
}
http://127.0.0.1:%[2]d {
	respond %[5]q %[6]d
}
`, b.proxyPort, b.respondPort, upstream, b.bareAdmin, b.refusal.body, b.refusal.status), b.proxyPort, b.refusal.header)
	return err
}

// stop ends the servers that were started.
func (b *bench) stop() {
	for _, p := range []*process{b.gate, b.bare} {
		if p != nil {
			p.stop()
		}
	}
}

// end is a side of a scenario: where requests go, and the status that they must be answered with.
type end struct {
	name, addr    string
	admin, status int
}

// scenario measures both sides in alternating rounds and prints a row.
func (b *bench) scenario(s scenario) error {
	gate := end{"gate", fmt.Sprintf("127.0.0.1:%d", b.gatePort), b.gateAdmin, s.status}
	base := end{"bare", fmt.Sprintf("127.0.0.1:%d", b.proxyPort), b.bareAdmin, http.StatusOK}
	if s.baseline == "respond" {
		base.addr, base.status = fmt.Sprintf("127.0.0.1:%d", b.respondPort), b.refusal.status
	}
	if s.warm {
		if _, err := load(gate.addr, s.tokens(0), max(b.n, len(s.tokens(0))), b.connections, s.status); err != nil {
			return err
		}
	}
	var without, with side
	for round := range b.rounds {
		tokens := s.tokens(round)
		if err := without.measure(b.bare, base.addr, tokens, b.n, b.connections, base.status); err != nil {
			return fmt.Errorf("baseline: %w", err)
		}
		if err := with.measure(b.gate, gate.addr, tokens, b.n, b.connections, gate.status); err != nil {
			return fmt.Errorf("gate: %w", err)
		}
	}
	if b.profiles != "" {
		for _, e := range []end{base, gate} {
			if err := b.profile(s, e); err != nil {
				return err
			}
		}
	}
	// The median of the ratios of the rounds: what slows the machine for a while slows both sides of a round.
	cpuRatio, p99Ratio := median(ratios(without.cpu, with.cpu)), median(ratios(with.p99, without.p99))
	fmt.Printf("| %s | %s | %.1f µs | %.1f µs | %.2f | %s | %.2f ms | %.2f ms | %.2f |\n", s.name, s.baseline, median(without.cpu)*1e6, median(with.cpu)*1e6,
		cpuRatio, s.target, median(without.p99)*1e3, median(with.p99)*1e3, p99Ratio)
	return nil
}

// profile writes a CPU profile of one side under the load of a scenario.
func (b *bench) profile(s scenario, e end) error {
	batches := make([][]string, 1) // made beforehand, so that the server is busy for most of the profile
	if s.fresh {
		batches = make([][]string, 4)
	}
	for k := range batches {
		batches[k] = s.tokens(b.rounds + k)
	}
	path := filepath.Join(b.profiles, strings.ReplaceAll(s.name, " ", "-")+"."+e.name+".pprof")
	return writeProfile(path, e.admin, func() error {
		if len(batches) == 0 {
			time.Sleep(10 * time.Millisecond)
			return nil
		}
		_, err := load(e.addr, batches[0], b.n, b.connections, e.status)
		if s.fresh {
			batches = batches[1:]
		}
		return err
	})
}

// writeProfile calls busy again and again while the admin endpoint takes a CPU profile of ten seconds.
func writeProfile(path string, port int, busy func() error) error {
	done := make(chan error, 1)
	go func() {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/debug/pprof/profile?seconds=10", port))
		if err != nil {
			done <- err
			return
		}
		defer response.Body.Close()
		file, err := os.Create(path)
		if err != nil {
			done <- err
			return
		}
		_, err = file.ReadFrom(response.Body)
		done <- errors.Join(err, file.Close())
	}()
	for {
		select {
		case err := <-done:
			return err
		default:
			if err := busy(); err != nil {
				return err
			}
		}
	}
}

// side holds the results of one process, an entry per round: CPU seconds per request, and the 99th percentile of the latency in
// seconds.
type side struct{ cpu, p99 []float64 }

// measure runs one round.
func (s *side) measure(p *process, addr string, tokens []string, n, connections, status int) error {
	before, err := p.cpu()
	if err != nil {
		return err
	}
	latencies, err := load(addr, tokens, n, connections, status)
	if err != nil {
		return err
	}
	after, err := p.cpu()
	if err != nil {
		return err
	}
	slices.Sort(latencies)
	s.cpu = append(s.cpu, (after-before)/float64(len(latencies)))
	s.p99 = append(s.p99, latencies[len(latencies)*99/100].Seconds())
	return nil
}

func ratios(a, b []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return r
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
