package harness

import (
	"fmt"
	"os/exec"
	"syscall"
	"testing"
)

// Redis is a running redis-server that keeps nothing on disk. Its port stays the same when it is started again.
type Redis struct {
	*Process
	Address string // 127.0.0.1:<port>
	bin     string
	port    string
	dir     string
}

// StartRedis starts a redis-server.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("no redis-server: run scripts/install-tools.sh (%v)", err)
	}
	r := &Redis{bin: bin, port: fmt.Sprint(FreePort(t)), dir: t.TempDir()}
	r.Address = "127.0.0.1:" + r.port
	r.Launch(t)
	return r
}

// Launch starts the server, for the first time or again; what it knew before is gone.
func (r *Redis) Launch(t testing.TB) {
	t.Helper()
	r.Process = Run(t, r.dir, nil, r.bin, "--port", r.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	r.Await(t, func() bool { return listens(r.Address) })
}

// Freeze stops the server without ending it: connections stay open and nothing answers.
func (r *Redis) Freeze(t testing.TB) { r.signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (r *Redis) Thaw(t testing.TB) { r.signal(t, syscall.SIGCONT) }

func (r *Redis) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}
