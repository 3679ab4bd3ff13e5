// Command gate measures what sluice_authorize costs a request: CPU time of the server process per request, and latency,
// each beside bare Caddy's reverse_proxy (or a respond that gives the same answer) in the same run, in alternating rounds.
//
// It starts two processes of the binary given: one with a Caddyfile of plain Caddy, one with Sluice's gate before the same
// upstream. The upstream, the issuer's key set and the load run in this process, whose CPU time does not count. With two
// processors or more, the servers have the first one to themselves and the load the others: sharing a core with the load
// would measure the load's use of the caches.
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
)

func main() {
	binary := flag.String("sluice", "bin/sluice", "the binary to measure")
	perRound := flag.Int("n", 3_200, "requests per round")
	rounds := flag.Int("rounds", 21, "rounds of each side")
	connections := flag.Int("c", 32, "connections")
	only := flag.String("only", "", "run only the scenarios whose name contains this")
	profile := flag.String("profile", "", "also write CPU profiles of both sides for each scenario into this folder")
	flag.Parse()
	if err := run(*binary, *perRound, *rounds, *connections, *only, *profile); err != nil {
		log.Fatal(err)
	}
}

func run(binary string, n, rounds, connections int, only, profile string) error {
	if n := runtime.NumCPU(); n > 1 {
		if out, err := exec.Command("taskset", "-apc", fmt.Sprintf("1-%d", n-1), strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
			return fmt.Errorf("taskset: %w: %s", err, out)
		}
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
	upstream, err := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello\n")) }))
	if err != nil {
		return err
	}
	ports, err := freePorts(5)
	if err != nil {
		return err
	}
	gate, err := start(binary, dir, "gate", fmt.Sprintf(`{
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
`, ports[2], issuer.url, upstream, ports[3]), ports[2], nil)
	if err != nil {
		return err
	}
	defer gate.stop()
	refusal, err := refused(ports[2])
	if err != nil {
		return err
	}
	bare, err := start(binary, dir, "bare", fmt.Sprintf(`{
	admin 127.0.0.1:%[4]d
}
http://127.0.0.1:%[1]d {
	reverse_proxy %[3]s
}
http://127.0.0.1:%[2]d {
	respond %[5]q %[6]d
}
`, ports[0], ports[1], upstream, ports[4], refusal.body, refusal.status), ports[0], refusal.header)
	if err != nil {
		return err
	}
	defer bare.stop()

	fmt.Printf("%d requests per round, %d rounds of each side, %d connections; CPU is the server's, per request\n\n", n, rounds, connections)
	fmt.Println("| requests | baseline | baseline CPU | gate CPU | ratio | wanted | p99 baseline | p99 gate | ratio |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, s := range scenarios(issuer, n) {
		if !strings.Contains(s.name, only) {
			continue
		}
		baseAddr, baseStatus := fmt.Sprintf("127.0.0.1:%d", ports[0]), http.StatusOK
		if s.baseline == "respond" {
			baseAddr, baseStatus = fmt.Sprintf("127.0.0.1:%d", ports[1]), refusal.status
		}
		gateAddr := fmt.Sprintf("127.0.0.1:%d", ports[2])
		if s.warm {
			if _, err := load(gateAddr, s.tokens(0), max(n, len(s.tokens(0))), connections, s.status); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		var b, g side
		for round := range rounds {
			tokens := s.tokens(round)
			if err := b.measure(bare, baseAddr, tokens, n, connections, baseStatus); err != nil {
				return fmt.Errorf("%s: baseline: %w", s.name, err)
			}
			if err := g.measure(gate, gateAddr, tokens, n, connections, s.status); err != nil {
				return fmt.Errorf("%s: gate: %w", s.name, err)
			}
		}
		if profile != "" {
			for _, p := range []struct {
				name, addr   string
				port, status int
			}{{"bare", baseAddr, ports[4], baseStatus}, {"gate", gateAddr, ports[3], s.status}} {
				batches := make([][]string, 1) // made before, so that the server is busy for most of the profile
				if s.fresh {
					batches = make([][]string, 4)
				}
				for k := range batches {
					batches[k] = s.tokens(rounds + k)
				}
				path := filepath.Join(profile, strings.ReplaceAll(s.name, " ", "-")+"."+p.name+".pprof")
				if err := writeProfile(path, p.port, func() error {
					if len(batches) == 0 {
						time.Sleep(10 * time.Millisecond)
						return nil
					}
					_, err := load(p.addr, batches[0], n, connections, p.status)
					if s.fresh {
						batches = batches[1:]
					}
					return err
				}); err != nil {
					return err
				}
			}
		}
		bc, gc := median(b.cpu), median(g.cpu)
		bp, gp := median(b.p99), median(g.p99)
		// The median of the rounds' ratios: what disturbs the machine for a while disturbs both sides of a round.
		cpuRatio, p99Ratio := median(ratios(b.cpu, g.cpu)), median(ratios(g.p99, b.p99))
		fmt.Printf("| %s | %s | %.1f µs | %.1f µs | %.2f | %s | %.2f ms | %.2f ms | %.2f |\n", s.name, s.baseline, bc*1e6, gc*1e6, cpuRatio, s.target,
			bp*1e3, gp*1e3, p99Ratio)
	}
	return nil
}

// writeProfile keeps the gate busy while the admin endpoint takes a CPU profile of ten seconds.
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

// side gathers the rounds of one process.
type side struct{ cpu, p99 []float64 }

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
