// Command gate measures what sluice_authorize costs a request: CPU time of the server process per request, and latency,
// each beside bare Caddy's reverse_proxy (or respond) in the same run, in alternating rounds.
//
// It starts two processes of the binary given: one with a Caddyfile of plain Caddy, one with Sluice's gate before the same
// upstream. The upstream, the issuer's key set and the load run in this process, whose CPU time does not count. With two
// processors or more, the servers have the first one to themselves and the load the others: sharing a core with the load
// would measure the load's use of the caches.
package main

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	binary := flag.String("sluice", "bin/sluice", "the binary to measure")
	perRound := flag.Int("n", 3_200, "requests per round")
	rounds := flag.Int("rounds", 21, "rounds of each side")
	connections := flag.Int("c", 32, "connections")
	only := flag.String("only", "", "run only the scenarios whose name contains this")
	profile := flag.String("profile", "", "also write a CPU profile of the gate for each scenario into this folder")
	flag.Parse()
	if err := run(*binary, *perRound, *rounds, *connections, *only, *profile); err != nil {
		log.Fatal(err)
	}
}

// scenario is one row of the result: requests for the gate beside a baseline.
type scenario struct {
	name     string
	baseline string                   // "proxy" or "respond"
	tokens   func(round int) []string // what the rounds send, in turn
	warm     bool                     // send everything once before measuring
	status   int                      // what the gate must answer
	target   string
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
	ports, err := freePorts(4)
	if err != nil {
		return err
	}
	bare, err := start(binary, dir, "bare", fmt.Sprintf(`{
	admin off
}
http://127.0.0.1:%[1]d {
	reverse_proxy %[3]s
}
http://127.0.0.1:%[2]d {
	respond "hello"
}
`, ports[0], ports[1], upstream), ports[0])
	if err != nil {
		return err
	}
	defer bare.stop()
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
`, ports[2], issuer.url, upstream, ports[3]), ports[2])
	if err != nil {
		return err
	}
	defer gate.stop()

	fmt.Printf("%d requests per round, %d rounds of each side, %d connections; CPU is the server's, per request\n\n", n, rounds, connections)
	fmt.Println("| requests | baseline | baseline CPU | gate CPU | ratio | wanted | p99 baseline | p99 gate | ratio |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, s := range scenarios(issuer, n) {
		if !strings.Contains(s.name, only) {
			continue
		}
		baseAddr := fmt.Sprintf("127.0.0.1:%d", ports[0])
		if s.baseline == "respond" {
			baseAddr = fmt.Sprintf("127.0.0.1:%d", ports[1])
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
			if err := b.measure(bare, baseAddr, tokens, n, connections, 200); err != nil {
				return fmt.Errorf("%s: baseline: %w", s.name, err)
			}
			if err := g.measure(gate, gateAddr, tokens, n, connections, s.status); err != nil {
				return fmt.Errorf("%s: gate: %w", s.name, err)
			}
		}
		if profile != "" {
			batches := make([][]string, 4) // made before, so that the gate is busy for most of the profile
			for k := range batches {
				batches[k] = s.tokens(rounds + k)
			}
			if err := writeProfile(filepath.Join(profile, strings.ReplaceAll(s.name, " ", "-")+".pprof"), ports[3], func() error {
				if len(batches) == 0 {
					time.Sleep(10 * time.Millisecond)
					return nil
				}
				_, err := load(gateAddr, batches[0], n, connections, s.status)
				batches = batches[1:]
				return err
			}); err != nil {
				return err
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

// writeProfile keeps the gate busy while the admin endpoint takes a CPU profile of two seconds.
func writeProfile(path string, port int, busy func() error) error {
	done := make(chan error, 1)
	go func() {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/debug/pprof/profile?seconds=2", port))
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

func scenarios(i *issuer, n int) []scenario {
	one := []string{i.token(0, nil)}
	var warm []string
	for k := range 10_000 {
		warm = append(warm, i.token(k, nil))
	}
	serial := 100_000
	fresh := func(int) []string {
		tokens := make([]string, n)
		for k := range tokens {
			serial++
			tokens[k] = i.token(serial, nil)
		}
		return tokens
	}
	forged := func(round int) []string {
		tokens := make([]string, n)
		for k := range tokens {
			serial++
			tokens[k] = i.forged(serial)
		}
		return tokens
	}
	broken := func(change func(header, claims map[string]any)) func(int) []string {
		return func(int) []string {
			tokens := make([]string, n)
			for k := range tokens {
				serial++
				tokens[k] = i.unsigned(serial, change)
			}
			return tokens
		}
	}
	same := func(tokens []string) func(int) []string { return func(int) []string { return tokens } }
	return []scenario{
		{"one repeated token", "proxy", same(one), true, 200, "≥ 0.97"},
		{"10,000 warm tokens", "proxy", same(warm), true, 200, "≥ 0.95"},
		{"first-seen RS256 tokens", "proxy", fresh, false, 200, "≥ 0.65"},
		{"forged tokens, all different", "proxy", forged, false, 401, "≥ 1.0"},
		{"malformed", "respond", func(int) []string { return []string{"not.a.token"} }, false, 401, "≥ 0.91"},
		{"wrong algorithm", "respond", broken(func(h, _ map[string]any) { h["alg"] = "HS256" }), false, 401, "≥ 0.91"},
		{"unknown kid", "respond", broken(func(h, _ map[string]any) { h["kid"] = "other" }), false, 401, "≥ 0.91"},
		{"unknown issuer", "respond", broken(func(_, c map[string]any) { c["iss"] = "https://elsewhere.example.com" }), false, 401, "≥ 0.91"},
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

// load sends n requests over the connections, the tokens in turn, and returns how long each took.
func load(addr string, tokens []string, n, connections, status int) ([]time.Duration, error) {
	perConnection := n / connections
	all := make([][]time.Duration, connections)
	failures := make([]error, connections)
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() { all[c], failures[c] = client(addr, tokens, c*perConnection, perConnection, status) })
	}
	wg.Wait()
	return slices.Concat(all...), errors.Join(failures...)
}

func client(addr string, tokens []string, first, n, status int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 8<<10)
	took := make([]time.Duration, 0, n)
	var request []byte
	for k := range n {
		request = append(request[:0], "GET /api/notes HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAuthorization: Bearer "...)
		request = append(request, tokens[(first+k)%len(tokens)]...)
		request = append(request, "\r\n\r\n"...)
		begin := time.Now()
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		got, err := readResponse(reader)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
		if got != status {
			return nil, fmt.Errorf("answered %d, not %d", got, status)
		}
	}
	return took, nil
}

// readResponse reads a response with a Content-Length and returns its status.
func readResponse(r *bufio.Reader) (int, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("not a status line: %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, err
	}
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
	_, err = r.Discard(length)
	return status, err
}

// process is a server that is measured.
type process struct{ cmd *exec.Cmd }

func start(binary, dir, name, caddyfile string, port int) (*process, error) {
	path := filepath.Join(dir, name+".caddyfile")
	if err := os.WriteFile(path, []byte(caddyfile), 0o600); err != nil {
		return nil, err
	}
	logFile, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "run", "--config", path, "--adapter", "caddyfile")
	if runtime.NumCPU() > 1 {
		cmd = exec.Command("taskset", append([]string{"-c", "0"}, cmd.Args...)...)
	}
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Env = append(os.Environ(), "SLUICE_DATA_DIR="+filepath.Join(dir, name))
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for range 200 {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			time.Sleep(500 * time.Millisecond) // the key set is fetched in the background
			return &process{cmd}, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(logFile.Name())
	_ = cmd.Process.Kill()
	return nil, fmt.Errorf("%s did not start:\n%s", name, text)
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// cpu is the time in seconds that the process's threads have run so far. Go's runtime does not end threads in such a run.
func (p *process) cpu() (float64, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("reading CPU times: %w", errors.Join(err, os.ErrNotExist))
	}
	var sum float64
	for _, thread := range threads {
		raw, err := os.ReadFile(thread)
		if err != nil {
			return 0, err
		}
		ns, err := strconv.ParseFloat(strings.Fields(string(raw))[0], 64)
		if err != nil {
			return 0, err
		}
		sum += ns / 1e9
	}
	return sum, nil
}

// issuer signs tokens and serves its keys.
type issuer struct {
	url string
	key *rsa.PrivateKey
}

func newIssuer() (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		b64 := base64.RawURLEncoding.EncodeToString
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{"kty": "RSA", "kid": "bench", "alg": "RS256", "use": "sig",
			"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	addr, err := serve(mux)
	i.url = "http://" + addr
	return i, err
}

func (i *issuer) parts(serial int, change func(header, claims map[string]any)) string {
	now := time.Now().Unix()
	header := map[string]any{"kid": "bench", "alg": "RS256"}
	claims := map[string]any{
		"sub": fmt.Sprintf("00000000-0000-4000-8000-%012d", serial), "cognito:groups": []string{"readers"}, "iss": i.url,
		"client_id": "bench", "origin_jti": fmt.Sprintf("11111111-0000-4000-8000-%012d", serial), "event_id": "22222222-0000-4000-8000-000000000000",
		"token_use": "access", "scope": "aws.cognito.signin.user.admin", "auth_time": now, "exp": now + 3600, "iat": now,
		"jti": fmt.Sprintf("33333333-0000-4000-8000-%012d", serial), "username": "user" + strconv.Itoa(serial), "version": 2,
	}
	if change != nil {
		change(header, claims)
	}
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	return base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
}

func (i *issuer) token(serial int, change func(header, claims map[string]any)) string {
	text := i.parts(serial, change)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	if err != nil {
		log.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// forged is a token with a signature of the right length that is not the issuer's.
func (i *issuer) forged(serial int) string { return i.unsigned(serial, nil) }

func (i *issuer) unsigned(serial int, change func(header, claims map[string]any)) string {
	signature := make([]byte, 256)
	_, _ = rand.Read(signature)
	signature[0] = 0 // below the modulus
	return i.parts(serial, change) + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func serve(h http.Handler) (addr string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { _ = http.Serve(listener, h) }()
	return listener.Addr().String(), nil
}

func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for k := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports[k] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
