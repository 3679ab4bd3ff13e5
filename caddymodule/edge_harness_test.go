package caddymodule

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

// edge is Caddy with Sluice, running in the test process on its own port. Caddy has one configuration per process, so tests
// that use an edge must not run in parallel.
type edge struct {
	port, dir string
	upstream  *upstream
	issuer    *issuer
	http      *http.Client
	more      []string // further replacements
	loaded    bool
}

const globalOptions = `{
	admin off
	auto_https disable_redirects
	skip_install_trust
	persist_config off
	grace_period 1s
	storage file_system %DIR%/caddy
	log {
		output file %DIR%/caddy.log
		level DEBUG
	}
	servers {
		protocols h1 h2 h2c h3
		listener_wrappers {
			sluice_handover
			tls
		}
	}
	metrics
	sluice {
		data_dir   %DIR%
		public_url http://id.example
		account    123456789012
		%SLUICE%
	}
}
`

// newEdge starts an echoing upstream and an issuer. It does not load a configuration.
func newEdge(t testing.TB) *edge {
	t.Helper()
	t.Setenv("SLUICE_ROOT_ACCESS_KEY_ID", rootKey.AccessKeyID)
	t.Setenv("SLUICE_ROOT_SECRET_ACCESS_KEY", rootKey.SecretAccessKey)
	e := &edge{port: freePort(t), dir: t.TempDir(), upstream: startUpstream(t), issuer: startIssuer(t)}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	e.http = &http.Client{Transport: transport, Timeout: aMinute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		e.stop(t)
		e.checkLog(t)
	})
	return e
}

// startEdge loads a Caddyfile with one HTTP site; site is the content of the site block.
func startEdge(t testing.TB, site string) *edge {
	t.Helper()
	e := newEdge(t)
	e.load(t, "", site)
	return e
}

// load makes Caddy run the site, on a new port if a configuration was loaded before; block is added to the sluice block.
func (e *edge) load(t testing.TB, block, site string) {
	t.Helper()
	if e.loaded {
		e.port = freePort(t)
	}
	e.loaded = true
	if err := e.tryLoad(block, "http://:%PORT% {\n"+site+"\n}\n"); err != nil {
		t.Fatal(err)
	}
}

func (e *edge) tryLoad(block, sites string) error {
	adapted, err := e.adapt(globalOptions, block, sites)
	if err != nil {
		return err
	}
	return caddy.Load(adapted, true)
}

func (e *edge) adapt(global, block, sites string) ([]byte, error) {
	file := strings.NewReplacer("%SLUICE%", block).Replace(global + sites)
	file = strings.NewReplacer(append(e.more, "%PORT%", e.port, "%DIR%", e.dir, "%UPSTREAM%", e.upstream.address,
		"%ISSUER%", e.issuer.url)...).Replace(file)
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(file), map[string]any{"filename": filepath.Join(e.dir, "Caddyfile")})
	if err != nil {
		return nil, fmt.Errorf("%w in\n%s", err, file)
	}
	return adapted, nil
}

func (e *edge) stop(t testing.TB) {
	t.Helper()
	e.http.CloseIdleConnections()
	if err := caddy.Stop(); err != nil {
		t.Error(err)
	}
}

// checkLog fails the test if the debug log contains tokens.
func (e *edge) checkLog(t testing.TB) {
	log, err := os.ReadFile(filepath.Join(e.dir, "caddy.log"))
	if err != nil {
		return // nothing was loaded
	}
	for _, signed := range e.issuer.signatures() {
		if bytes.Contains(log, []byte(signed)) {
			t.Error("the log contains a token")
			return
		}
	}
	if bytes.Contains(log, []byte(rootKey.SecretAccessKey)) {
		t.Error("the log contains the administrator's secret")
	}
	if i := bytes.Index(log, []byte("panic")); i >= 0 {
		t.Errorf("something panicked: %.600s", log[i:])
	}
}

func (e *edge) file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(e.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (e *edge) url(path string) string { return "http://127.0.0.1:" + e.port + path }

// answer is a response; got is the request that the upstream received, if any.
type answer struct {
	status int
	header http.Header
	body   string
	got    *received
}

// problem reads a member of a problem+json body.
func (a answer) problem(t testing.TB, member string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(a.body), &members); err != nil {
		t.Fatalf("not a problem: %v in %d %q", err, a.status, a.body)
	}
	if media := a.header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("a problem of type %q", media)
	}
	return fmt.Sprint(members[member])
}

// get sends a request with headers given as "Name: value".
func (e *edge) get(t testing.TB, path string, headers ...string) answer {
	t.Helper()
	return e.send(t, http.MethodGet, path, "", headers...)
}

func (e *edge) send(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, e.url(path), reader)
	if err != nil {
		t.Fatal(err)
	}
	addHeaders(request, headers)
	return do(t, e.http, request)
}

func addHeaders(r *http.Request, headers []string) {
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header[name] = append(r.Header[name], value) // as it is spelt
	}
}

func do(t testing.TB, client *http.Client, r *http.Request) answer {
	t.Helper()
	a, err := try(client, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func try(client *http.Client, r *http.Request) (answer, error) {
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	return readAnswer(response)
}

func readAnswer(response *http.Response) (answer, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: response.StatusCode, header: response.Header, body: string(body)}
	if response.Header.Get("X-Echo") != "" && len(body) > 0 {
		a.got = new(received)
		if err := json.Unmarshal(body, a.got); err != nil {
			return a, err
		}
	}
	return a, nil
}

// raw sends the bytes unchanged and reads one response.
func (e *edge) raw(t testing.TB, text string) answer {
	t.Helper()
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+e.port, aMinute)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(aMinute)); err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() { // the server may answer, and close, before it has read everything
		defer close(written)
		_, _ = io.WriteString(conn, text)
	}()
	defer func() { <-written }()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return answer{} // closed without an answer
	}
	a, err := readAnswer(response)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// freePort returns a free port. It lies below the range from which systems take ports for outgoing connections: until the
// server listens, another process could be given such a port.
func freePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		l, err := net.Listen("tcp", ":"+port)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no port is free")
	return ""
}

// aMinute is how long tests wait for an expected event. It is long enough for a busy machine; on an idle one the event takes
// far less.
const aMinute = time.Minute

// eventually waits until f is true.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(aMinute); ; time.Sleep(10 * time.Millisecond) {
		if f() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("timed out waiting: %s", what)
		}
	}
}

// failures collects errors from goroutines other than the test's.
type failures struct {
	mu    sync.Mutex
	first string
	count int
}

func (f *failures) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count++; f.count == 1 {
		f.first = fmt.Sprintf(format, args...)
	}
}

func (f *failures) report(t testing.TB) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count > 0 {
		t.Errorf("%d failures, the first: %s", f.count, f.first)
	}
}
