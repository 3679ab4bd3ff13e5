//go:build unix

package postgrestest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Pooler runs PgBouncer in transaction mode in front of the server until the test ends. It returns a function that makes a URL
// of a database of the server one that goes through the pooler.
func (s *Server) Pooler(tb testing.TB) func(url string) string {
	tb.Helper()
	port := freePort(tb)
	path := filepath.Join(s.Dir, "pgbouncer.ini")
	config := fmt.Sprintf(`[databases]
* = host=%s port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s/users
pool_mode = transaction
default_pool_size = 4
max_client_conn = 1000
max_db_connections = 4
server_idle_timeout = 2
`, s.Dir, s.Port, port, s.Dir)
	for name, text := range map[string]string{path: config, filepath.Join(s.Dir, "users"): "\"sluice\" \"\"\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	var log buffer
	c := exec.Command(Program(tb, "pgbouncer"), path)
	c.Dir, c.Stdout, c.Stderr, c.SysProcAttr = s.Dir, &log, &log, unprivileged(tb, "")
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil { // at once
			tb.Errorf("stopping pgbouncer: %v", err)
		}
		_ = c.Wait() // it ends by the signal
		if tb.Failed() {
			tb.Logf("pgbouncer:\n%s", log.tail(4000))
		}
	})
	deadline := time.Now().Add(patience)
	for {
		probe, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			_ = probe.Close() // it has answered
			break
		}
		if time.Now().After(deadline) {
			tb.Fatalf("pgbouncer does not answer: %v\n%s", err, log.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
	return func(direct string) string {
		u, err := url.Parse(direct)
		if err != nil {
			tb.Fatal(err)
		}
		u.Host = "127.0.0.1:" + strconv.Itoa(port)
		u.RawQuery = "sslmode=disable&default_query_exec_mode=exec"
		return u.String()
	}
}
