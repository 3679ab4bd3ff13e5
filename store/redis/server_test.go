package redis

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/sluicegate/sluice/store/certtest"
)

// patience is how long tests wait for what must happen. It says nothing about how fast it happens: a busy machine may take a
// minute, and a Sentinel whose timer was late acts only 30 seconds later (its TILT mode).
const patience = 2 * time.Minute

// server is a redis-server or a Sentinel that a test can kill, start again and freeze.
type server struct {
	t       testing.TB
	port    int
	args    []string
	ca      *certtest.CA // nil = without TLS
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

var ports struct {
	sync.Mutex
	given map[int]bool
}

// freePort returns a port that no one listens on and that no other test was given. It lies below the range from which systems
// take ports for outgoing connections: one of those could take the port while a server is killed.
func freePort(t testing.TB) int {
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
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
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

func (s *server) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

func (s *server) start() {
	s.t.Helper()
	s.run(slices.Concat([]string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir, "--save", ""}, s.tls(), s.args)...)
}

// tls returns the arguments of a server that speaks TLS only, to clients with a certificate, if it has an authority.
func (s *server) tls() []string {
	s.t.Helper()
	if s.ca == nil {
		return nil
	}
	certificate, key := s.ca.Issue("redis.example", net.IPv4(127, 0, 0, 1))
	return []string{"--port", "0", "--tls-port", strconv.Itoa(s.port), "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", s.ca.File, "--tls-auth-clients", "yes", "--tls-replication", "yes"}
}

// startSentinel starts a Sentinel that watches a master called "main". It takes no silence for an outage, which a busy machine
// could make it do too early, until noticeOutages is called.
func startSentinel(t testing.TB, master *server, args ...string) *server {
	t.Helper()
	s := newServer(t)
	conf := filepath.Join(s.dir, "sentinel.conf")
	text := "sentinel monitor main 127.0.0.1 " + strconv.Itoa(master.port) + " 1\n" +
		"sentinel down-after-milliseconds main 3600000\nsentinel failover-timeout main 2000\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ca = master.ca
	s.run(slices.Concat([]string{conf, "--sentinel", "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir}, s.tls(), args)...)
	return s
}

// noticeOutages makes a Sentinel replace a master that has not answered for 1.5 seconds. It does not promote a replica whose
// link has been down for ten times as long.
func (s *server) noticeOutages() {
	s.t.Helper()
	s.do("sentinel", "set", "main", "down-after-milliseconds", "1500")
}

func (s *server) run(args ...string) {
	s.t.Helper()
	s.command = exec.Command(redisServer(s.t), args...)
	s.command.Stdout, s.command.Stderr = &s.out, &s.out
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "a server that accepts connections", func() bool {
		c, err := net.Dial("tcp", s.address())
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
	c := goredis.NewClient(&goredis.Options{Addr: s.address(), Protocol: 2, MaxRetries: -1, DialTimeout: patience,
		ReadTimeout: patience, WriteTimeout: patience})
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
