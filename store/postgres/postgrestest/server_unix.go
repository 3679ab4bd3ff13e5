//go:build unix

package postgrestest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience bounds how long the tests wait for the server. It does not measure anything.
const patience = time.Minute

// Server is a PostgreSQL server of one test.
type Server struct {
	Dir  string // holds the data, and the socket
	Port int    // of 127.0.0.1

	config    []string
	command   *exec.Cmd
	log       buffer
	databases atomic.Int64
}

// buffer is a log that a server writes and a test reads.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// tail returns at most the last n bytes.
func (b *buffer) tail(n int) string {
	text := b.String()
	return text[max(0, len(text)-n):]
}

// Program returns the path of one of PostgreSQL's server programs. Debian does not put them into PATH. It skips the test
// if PostgreSQL is not installed, except in CI.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	if paths, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); err == nil && len(paths) > 0 {
		return paths[len(paths)-1]
	}
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		tb.Fatalf("%s is not installed; run scripts/install-tools.sh", name)
	default:
		tb.Skipf("%s is not installed", name)
	}
	return path
}

// Start runs a server until the test ends. It keeps nothing over a power loss, unless config has fsync=on. Its default
// collation is not that of bytes, so that a column without collate "C" fails the tests. config has further settings, such
// as max_connections=10.
func Start(tb testing.TB, config ...string) *Server {
	tb.Helper()
	initdb := Program(tb, "initdb")
	dir, err := os.MkdirTemp("", "pg") // short, because a socket's path has at most 107 bytes
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	s := &Server{Dir: dir, Port: freePort(tb), config: config}
	create := exec.Command(initdb, "-D", filepath.Join(dir, "data"), "-U", "sluice", "-A", "trust", "-E", "UTF8", "--no-sync",
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")
	create.Dir, create.SysProcAttr = dir, unprivileged(tb, dir)
	if out, err := create.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Start(tb)
	tb.Cleanup(func() {
		if s.command != nil {
			s.Thaw(tb)
			s.Stop(tb, syscall.SIGINT)
		}
		if tb.Failed() {
			tb.Logf("postgres:\n%s", s.log.tail(4000))
		}
	})
	return s
}

// Start starts the server again after Stop, and waits until it answers.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	args := []string{"-D", filepath.Join(s.Dir, "data"), "-k", s.Dir, "-p", strconv.Itoa(s.Port)}
	for _, setting := range append([]string{"listen_addresses=127.0.0.1", "fsync=off", "max_connections=300"}, s.config...) {
		args = append(args, "-c", setting)
	}
	s.command = exec.Command(Program(tb, "postgres"), args...)
	s.command.Dir, s.command.Stdout, s.command.Stderr = s.Dir, &s.log, &s.log
	s.command.SysProcAttr = unprivileged(tb, "")
	if err := s.command.Start(); err != nil {
		tb.Fatal(err)
	}
	s.wait(tb, s.URL("postgres"))
}

// Demote stops the server and starts it again as a hot standby that gets nothing from any primary. Poolers keep their clients.
func (s *Server) Demote(tb testing.TB) {
	tb.Helper()
	s.Stop(tb, syscall.SIGINT)
	if err := os.WriteFile(filepath.Join(s.Dir, "data", "standby.signal"), nil, 0o644); err != nil {
		tb.Fatal(err)
	}
	s.Start(tb)
}

// Stop stops the server by a signal: SIGINT for a fast shutdown, SIGQUIT for an immediate one, after which it recovers as
// after a crash.
func (s *Server) Stop(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := s.command.Process.Signal(signal); err != nil {
		tb.Errorf("stopping postgres: %v", err)
	}
	if err := s.command.Wait(); err != nil && signal == syscall.SIGINT {
		tb.Errorf("postgres: %v", err)
	}
	s.command = nil
}

// Freeze stops all processes of the server without ending them: connections stay open and nothing answers.
func (s *Server) Freeze(tb testing.TB) { s.signalAll(tb, syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw(tb testing.TB) { s.signalAll(tb, syscall.SIGCONT) }

// signalAll sends a signal to the server and to its children, which are the processes whose parent it is.
func (s *Server) signalAll(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	pid := s.command.Process.Pid
	pids := []int{pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		tb.Fatal(err)
	}
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent …
		var state string
		var parent int
		if i := bytes.LastIndexByte(raw, ')'); i < 0 {
			continue
		} else if _, err := fmt.Sscan(string(raw[i+1:]), &state, &parent); err != nil || parent != pid {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, child)
		}
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && pid == pids[0] {
			tb.Errorf("signal: %v", err)
		}
	}
}

// URL returns the URL of a database of the server.
func (s *Server) URL(database string) string {
	query := url.Values{"host": {s.Dir}, "port": {strconv.Itoa(s.Port)}}
	return (&url.URL{Scheme: "postgres", User: url.User("sluice"), Path: "/" + database, RawQuery: query.Encode()}).String()
}

// Database makes a new, empty database and returns its URL.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("sluice%d", s.databases.Add(1))
	s.Run(tb, "postgres", "create database "+name)
	return s.URL(name)
}

// Run runs statements in a database.
func (s *Server) Run(tb testing.TB, database, script string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := c.Exec(ctx, script); err != nil {
		tb.Errorf("%v in %s", err, script)
	}
	if err := c.Close(ctx); err != nil {
		tb.Error(err)
	}
}

// unprivileged returns attributes of a process that PostgreSQL accepts, and that ends with this one: it does not run as root. The account gets
// dir.
func unprivileged(tb testing.TB, dir string) *syscall.SysProcAttr {
	tb.Helper()
	attributes := &syscall.SysProcAttr{}
	dieWithUs(attributes)
	if os.Getuid() != 0 {
		return attributes
	}
	account, err := user.Lookup("postgres") // the Debian package creates it
	if err != nil {
		tb.Fatalf("PostgreSQL does not run as root: %v", err)
	}
	uid, err1 := strconv.ParseUint(account.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		tb.Fatalf("account %+v", account)
	}
	if dir != "" {
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			tb.Fatal(err)
		}
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// wait returns when the server answers.
func (s *Server) wait(tb testing.TB, address string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, address)
		if err == nil {
			if err := c.Close(ctx); err != nil {
				tb.Fatal(err)
			}
			return
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("postgres does not answer: %v\n%s", err, s.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
