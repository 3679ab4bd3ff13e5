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

// Patience bounds how long tests wait for an event, also on a busy machine. It does not measure anything.
const Patience = 2 * time.Minute

// Process is a running program.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  *buffer
	done chan struct{} // closed when it has ended
	err  error         // of Wait, after done

	others []*Process // that are one with it
}

// buffer keeps the last logMax bytes that a process wrote.
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

// Run starts a process and kills it when the test ends. If the test has failed, its log is printed.
func Run(t testing.TB, dir string, env []string, path string, args ...string) *Process {
	t.Helper()
	return runFrom(t, nil, dir, env, path, args...)
}

// runFrom is Run with a standard input.
func runFrom(t testing.TB, in *os.File, dir string, env []string, path string, args ...string) *Process {
	t.Helper()
	p := &Process{name: path[strings.LastIndexByte(path, '/')+1:], log: &buffer{}, done: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if in != nil {
		p.cmd.Stdin = in
	}
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

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Log returns what the process has written so far.
func (p *Process) Log() string {
	text := p.log.String()
	for _, other := range p.others {
		text += other.Log()
	}
	return text
}

// PID returns the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill kills the process, as kill -9 does, and waits until it has ended.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails if it has ended
	for _, other := range p.others {
		other.Kill()
	}
	<-p.done
}

// Stop sends SIGTERM and returns the error of the process. One that has not ended after Patience is killed.
func (p *Process) Stop() error {
	for _, other := range p.others {
		if err := other.Stop(); err != nil {
			return err
		}
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-time.After(Patience):
		p.Kill()
		return fmt.Errorf("%s did not stop", p.name)
	}
}

// Exit waits until the process ends and returns its error.
func (p *Process) Exit(t testing.TB) error {
	t.Helper()
	select {
	case <-p.done:
		return p.err
	case <-time.After(Patience):
		t.Fatalf("%s has not ended\n%s", p.name, tail(p.Log(), 4000))
		return nil
	}
}

// Await polls until ready returns true. It fails the test when the process ends or Patience has passed.
func (p *Process) Await(t testing.TB, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for !ready() {
		select {
		case <-p.done:
			t.Fatalf("%s ended: %v\n%s", p.name, p.err, tail(p.Log(), 4000))
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not ready\n%s", p.name, tail(p.Log(), 4000))
		}
	}
}

var ports struct {
	sync.Mutex
	given map[int]bool
}

// FreePort returns a free port, each one once. It lies below the range from which systems take ports for outgoing connections:
// one of those could take the port while a process is restarted.
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

// listens reports whether a server accepts connections at the address.
func listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}
