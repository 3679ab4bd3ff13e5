package harness

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Redis is a redis-server for one test. It keeps its port when it is restarted.
type Redis struct {
	*Process            // nil before Launch
	Address  string     // 127.0.0.1:<port>
	in       *Namespace // nil = the machine's own
	bin      string
	port     string
	dir      string
	args     []string
}

// Durable makes a redis-server keep what it has acknowledged when it is killed. Without it nothing is kept.
var Durable = []string{"--appendonly", "yes", "--appendfsync", "always"}

// StartRedis starts a redis-server with additional arguments.
func StartRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	r := PrepareRedis(t, args...)
	r.Launch(t)
	return r
}

// StartRedisIn is StartRedis in a network namespace.
func StartRedisIn(t testing.TB, in *Namespace, args ...string) *Redis {
	t.Helper()
	r := PrepareRedis(t, append(args, "--protected-mode", "no")...)
	r.in, r.Address = in, in.address()+":"+r.port
	r.Launch(t)
	return r
}

// PrepareRedis chooses a port but does not start the server.
func PrepareRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("no redis-server: run scripts/install-tools.sh (%v)", err)
	}
	r := &Redis{bin: bin, port: fmt.Sprint(FreePort(t)), dir: t.TempDir(), args: args}
	r.Address = "127.0.0.1:" + r.port
	return r
}

// Launch starts or restarts the server and waits until it has loaded its data and answers.
func (r *Redis) Launch(t testing.TB) {
	t.Helper()
	program, args := r.in.command(r.bin, append([]string{"--port", r.port, "--bind", r.in.address(), "--save", ""}, r.args...)...)
	r.Process = Run(t, r.dir, nil, program, args...)
	r.Await(t, r.answers)
}

// Freeze stops a process with SIGSTOP: connections stay open, the kernel accepts new ones, and nothing answers.
func (p *Process) Freeze(t testing.TB) { t.Helper(); p.signal(t, syscall.SIGSTOP) }

// Thaw resumes a frozen process.
func (p *Process) Thaw(t testing.TB) { t.Helper(); p.signal(t, syscall.SIGCONT) }

func (p *Process) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// answers reports whether the server answers a PING.
func (r *Redis) answers() bool {
	c, err := net.DialTimeout("tcp", r.Address, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := io.WriteString(c, "PING\r\n"); err != nil {
		return false
	}
	answer := make([]byte, len("+PONG"))
	_, err = io.ReadFull(c, answer)
	return err == nil && string(answer) == "+PONG"
}

// LaunchAtOnce starts several processes at the same time and waits until /readyz of each answers, with 200 or 503.
func LaunchAtOnce(t testing.TB, all ...*Sluice) {
	t.Helper()
	for _, s := range all {
		s.Process = Run(t, filepath.Dir(s.Caddyfile), s.env, s.binary,
			"run", "--config", s.Caddyfile, "--adapter", "caddyfile")
	}
	for _, s := range all {
		s.Await(t, func() bool { return answers(s.URL+"/readyz", 200) || answers(s.URL+"/readyz", 503) })
	}
}
