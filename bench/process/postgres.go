package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

// server is a PostgreSQL server of one measurement. It runs with a lower priority than the measured process, and syncs its writes.
type server struct {
	dir  string
	port int
	cmd  *exec.Cmd
}

// startServer starts a server in a directory, which it creates if necessary.
func startServer(dir string, settings ...string) (*server, error) {
	ports, err := proc.FreePorts(1)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	s := &server{dir: dir, port: ports[0]}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if out, err := exec.Command("chown", "postgres:", dir).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no account postgres; run scripts/install-tools.sh: %w\n%s", err, out)
		}
	}
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(data); err != nil {
		if out, err := s.program("initdb", "-D", data, "-U", "sluice", "-A", "trust", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("initdb: %w\n%s", err, out)
		}
	}
	args := []string{"-D", data, "-k", dir, "-p", strconv.Itoa(s.port)}
	for _, setting := range append([]string{"listen_addresses=127.0.0.1", "max_connections=200", "shared_buffers=512MB", "max_wal_size=8GB",
		"maintenance_work_mem=1GB", "wal_level=minimal", "max_wal_senders=0", "checkpoint_timeout=30min", "max_parallel_maintenance_workers=0",
		"max_parallel_workers_per_gather=0"}, settings...) {
		args = append(args, "-c", setting)
	}
	s.cmd = s.program("postgres", args...)
	log, err := os.Create(filepath.Join(os.TempDir(), fmt.Sprintf("sluice-bench-postgres-%d.log", s.port)))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port)); err == nil {
			_ = c.Close() // it has answered
			if _, err = s.sql("postgres", "select 1"); err == nil {
				return s, nil
			}
		}
	}
	return nil, errors.Join(errors.New("PostgreSQL did not start; see "+log.Name()), s.stop())
}

// program returns the command of a program of PostgreSQL, run by the account postgres if this one is root.
func (s *server) program(name string, args ...string) *exec.Cmd {
	path := name
	if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); err == nil && len(found) > 0 {
		path = found[len(found)-1]
	}
	all := []string{path}
	if os.Geteuid() == 0 {
		all = []string{"setpriv", "--pdeathsig", "INT", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", path}
	}
	all = append([]string{"-n", "5"}, append(all, args...)...)
	cmd := exec.Command("nice", all...)
	cmd.Dir = s.dir
	return cmd
}

// sql runs statements in a database and returns what they print.
func (s *server) sql(database, text string) (string, error) {
	cmd := s.program("psql", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "sluice", "-d", database, "-qAt", "-v", "ON_ERROR_STOP=1")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", database, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// database creates a database if necessary, and returns its URL.
func (s *server) database(name string) (string, error) {
	if n, err := s.sql("postgres", "select count(*) from pg_database where datname = '"+name+"'"); err != nil {
		return "", err
	} else if n == "0" {
		if _, err := s.sql("postgres", "create database "+name); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("postgres://sluice@127.0.0.1:%d/%s?sslmode=disable", s.port, name), nil
}

// cpu returns the time in seconds that the server's processes for clients of a database have run so far. Those that write in the background are left
// out: what they do falls into other times.
func (s *server) cpu(database string) (float64, error) {
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), "postgres: sluice "+database+" ") || !strings.Contains(string(text), "127.0.0.1") {
			continue // it has ended, or is another one
		}
		dir := filepath.Dir(path)
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil || !strings.Contains(string(stat), fmt.Sprintf(") S %d ", s.cmd.Process.Pid)) && !strings.Contains(string(stat), fmt.Sprintf(") R %d ", s.cmd.Process.Pid)) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, "schedstat"))
		if err != nil {
			continue
		}
		ns, err := strconv.ParseFloat(strings.Fields(string(raw))[0], 64)
		if err != nil {
			return 0, err
		}
		sum += ns / 1e9
	}
	return sum, nil
}

// stop ends the server.
func (s *server) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGINT) // fast; fails if it has ended
	return s.cmd.Wait()
}

// sync writes to the disk what a server left unwritten that ran with fsync=off and has stopped.
func (s *server) sync() error {
	if out, err := s.program("initdb", "--sync-only", "-D", filepath.Join(s.dir, "data")).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb --sync-only: %w\n%s", err, out)
	}
	return nil
}
