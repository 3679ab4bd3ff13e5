package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Sentinel is a Redis Sentinel that watches two servers, a master called "main" and its replica.
type Sentinel struct {
	*Process
	Address         string // 127.0.0.1:<port>
	Master, Replica *Redis
	port            string
}

// StartSentinel starts the servers and the Sentinel, and waits until it knows both.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	s := &Sentinel{Master: StartRedis(t, Durable...), port: fmt.Sprint(FreePort(t))}
	s.Address = "127.0.0.1:" + s.port
	s.Replica = StartRedis(t, append([]string{"--replicaof", "127.0.0.1 " + s.Master.port, "--repl-diskless-sync-delay", "0"}, Durable...)...)
	s.Replica.Await(t, func() bool { return s.Replica.says("master_link_status:up", "info", "replication") })
	dir := t.TempDir()
	file := filepath.Join(dir, "sentinel.conf")
	// It takes no silence of a busy machine for an outage until Failover says so.
	text := fmt.Sprintf("sentinel monitor main 127.0.0.1 %s 1\nsentinel down-after-milliseconds main 3600000\nsentinel failover-timeout main 4000\n", s.Master.port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Process = Run(t, dir, nil, s.Master.bin, file, "--sentinel", "--port", s.port, "--bind", "127.0.0.1")
	s.Await(t, func() bool { return s.says(s.Replica.port, "sentinel", "replicas", "main") })
	return s
}

// Failover kills the master, waits until the Sentinel has promoted the replica, and starts the old master again, which follows the new one.
func (s *Sentinel) Failover(t testing.TB) {
	t.Helper()
	s.Master.Kill()
	s.watch(t, "1500")
	s.Replica.Await(t, func() bool { return s.Replica.says("role:master", "info", "replication") })
	s.Master, s.Replica = s.Replica, s.Master
	s.Replica.Launch(t)
	s.Replica.Await(t, func() bool { return s.Replica.says("master_link_status:up", "info", "replication") })
	s.watch(t, "3600000")
}

// watch sets after how many milliseconds of silence a server counts as failed.
func (s *Sentinel) watch(t testing.TB, silence string) {
	t.Helper()
	if out, err := redisCommand(s.port, "sentinel", "set", "main", "down-after-milliseconds", silence); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func (s *Sentinel) says(what string, command ...string) bool { return redisSays(s.port, what, command) }
func (r *Redis) says(what string, command ...string) bool    { return redisSays(r.port, what, command) }

// redisSays reports whether the answer of a command contains a text.
func redisSays(port, what string, command []string) bool {
	out, err := redisCommand(port, command...)
	return err == nil && strings.Contains(string(out), what)
}

func redisCommand(port string, command ...string) ([]byte, error) {
	return exec.Command("redis-cli", append([]string{"-h", "127.0.0.1", "-p", port}, command...)...).CombinedOutput()
}
