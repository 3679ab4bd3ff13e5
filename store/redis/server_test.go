package redis

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// patience is how long tests wait for an event. It is no measurement.
const patience = 15 * time.Second

// server is a redis-server or a Sentinel that a test can kill, start again and freeze.
type server struct {
	t       testing.TB
	port    int
	args    []string
	dir     string
	command *exec.Cmd
	out     bytes.Buffer
}

// redisServer returns the path of redis-server. It skips the test if it is not installed, except in CI.
func redisServer(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"redis-server", "/usr/bin/redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("redis-server is not installed")
	}
	t.Skip("redis-server is not installed")
	return ""
}

func newServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, port: freePort(t), dir: t.TempDir(), args: args}
	t.Cleanup(s.kill)
	return s
}

// startServer starts a server that loses its data when it ends, unless args say otherwise.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := newServer(t, args...)
	s.start()
	return s
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *server) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

func (s *server) start() {
	s.t.Helper()
	args := append([]string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir, "--save", ""}, s.args...)
	s.run(args...)
}

// startSentinel starts a Sentinel that watches a master called "main".
func startSentinel(t testing.TB, master *server) *server {
	t.Helper()
	s := newServer(t)
	conf := filepath.Join(s.dir, "sentinel.conf")
	text := "sentinel monitor main 127.0.0.1 " + strconv.Itoa(master.port) + " 1\n" +
		"sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 2000\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(conf, "--sentinel", "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir)
	return s
}

func (s *server) run(args ...string) {
	s.t.Helper()
	s.command = exec.Command(redisServer(s.t), args...)
	s.command.Stdout, s.command.Stderr = &s.out, &s.out
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	dialer := net.Dialer{Timeout: time.Second}
	eventually(s.t, "a server that accepts connections", func() bool {
		c, err := dialer.Dial("tcp", s.address())
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
}

// kill is kill -9.
func (s *server) kill() {
	if s.command == nil {
		return
	}
	_ = s.command.Process.Kill()
	_ = s.command.Wait() // always an error, because it was killed
	s.command = nil
}

func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.command.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// freeze stops the process: connections stay open, new ones are accepted by the kernel, and nothing answers.
func (s *server) freeze() { s.t.Helper(); s.signal(syscall.SIGSTOP) }
func (s *server) thaw()   { s.t.Helper(); s.signal(syscall.SIGCONT) }

func (s *server) client(t testing.TB) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: s.address(), Protocol: 2, MaxRetries: -1})
	t.Cleanup(func() { c.Close() })
	return c
}

// do sends a command as the default user.
func (s *server) do(args ...any) any {
	s.t.Helper()
	v, err := s.client(s.t).Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return v
}

// doAs sends a command with a password.
func (s *server) doAs(password string, args ...any) any {
	s.t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: s.address(), Password: password, Protocol: 2, MaxRetries: -1})
	defer c.Close()
	v, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return v
}

func (s *server) length() int { s.t.Helper(); return int(s.do("xlen", "sluice:revocations").(int64)) }

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("timeout while waiting for %s", what)
		}
	}
}
