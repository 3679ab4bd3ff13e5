package harness

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running peer.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  *buffer
	done chan struct{} // closed when it is gone
	err  error         // of Wait, after done
}

// buffer keeps the last of what a process wrote.
type buffer struct {
	mu   sync.Mutex
	data []byte
}

const logMax = 1 << 20

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data = append(b.data, p...)
	if over := len(b.data) - logMax; over > 0 {
		b.data = bytes.Clone(b.data[over:])
	}
	return len(p), nil
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.data)
}

// Run starts a process that ends with the test; its log is shown when the test failed.
func Run(t testing.TB, dir string, env []string, path string, args ...string) *Process {
	t.Helper()
	p := &Process{name: path[strings.LastIndexByte(path, '/')+1:], log: &buffer{}, done: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = dieWithUs()
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", p.name, tail(p.log.String(), 12_000))
		}
	})
	return p
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// Log is what the process has written so far.
func (p *Process) Log() string { return p.log.String() }

// Kill ends the process at once, as kill -9 does, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.done
}

// Stop asks the process to end and returns its error; one that does not end within 15 seconds is killed.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-time.After(15 * time.Second):
		p.Kill()
		return fmt.Errorf("%s did not stop", p.name)
	}
}

// Exit waits until the process ends by itself and returns its error.
func (p *Process) Exit(t testing.TB) error {
	t.Helper()
	select {
	case <-p.done:
		return p.err
	case <-time.After(30 * time.Second):
		t.Fatalf("%s runs on\n%s", p.name, tail(p.Log(), 4000))
		return nil
	}
}

// Await polls until ready says so, and ends the test when the process dies or half a minute has passed.
func (p *Process) Await(t testing.TB, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ready() {
		select {
		case <-p.done:
			t.Fatalf("%s ended: %v\n%s", p.name, p.err, tail(p.Log(), 4000))
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not get ready\n%s", p.name, tail(p.Log(), 4000))
		}
	}
}

var ports struct {
	sync.Mutex
	given map[int]bool
}

// FreePort is a port of this machine that nobody listens on, and that is given once. It lies below the range that
// systems take for outgoing connections, which would otherwise grab it while a process is being started again.
func FreePort(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	if ports.given == nil {
		ports.given = make(map[int]bool)
	}
	for range 1000 {
		port := 10_000 + rand.IntN(20_000)
		if ports.given[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		ports.given[port] = true
		return port
	}
	t.Fatal("no port is free")
	return 0
}

// answers reports whether a GET of url answers with the status.
func answers(url string, status int) bool {
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == status
}

// listens reports whether somebody takes connections at the address.
func listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}
