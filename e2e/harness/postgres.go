package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// Postgres is a running PostgreSQL server. It keeps its port and its data when it is restarted.
type Postgres struct {
	*Process
	Port int

	in        *Namespace // nil = the machine's own
	dir       string
	databases atomic.Int64
}

// StartPostgres makes a cluster and starts its server. It keeps what it acknowledged over kill -9.
func StartPostgres(t testing.TB) *Postgres { t.Helper(); return StartPostgresIn(t, nil) }

// StartPostgresIn is StartPostgres in a network namespace.
func StartPostgresIn(t testing.TB, in *Namespace) *Postgres {
	t.Helper()
	dir, err := os.MkdirTemp("", "pg") // short, because a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a folder of temporary files
	if os.Getuid() == 0 {
		if out, err := exec.Command("chown", "postgres:", dir).CombinedOutput(); err != nil {
			t.Fatalf("PostgreSQL does not run as root, and the account postgres does not exist; run scripts/install-tools.sh: %v\n%s", err, out)
		}
	}
	p := &Postgres{Port: FreePort(t), dir: dir, in: in}
	program, args := asPostgres("initdb", "-D", filepath.Join(dir, "data"), "-U", "sluice", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
	if in != nil {
		if err := os.WriteFile(filepath.Join(dir, "hba"), []byte("local all all trust\nhost all all all trust\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	create := exec.Command(program, args...)
	create.Dir = dir
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v; scripts/install-tools.sh installs PostgreSQL\n%s", err, out)
	}
	p.Restart(t)
	return p
}

// asPostgres returns the command of a program of PostgreSQL, run by the account postgres if the test runs as root.
func asPostgres(name string, args ...string) (program string, all []string) {
	path := name
	if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); err == nil && len(found) > 0 {
		path = found[len(found)-1] // Debian does not put them into PATH
	}
	if os.Getuid() != 0 {
		return path, args
	}
	return "setpriv", append([]string{"--pdeathsig", "KILL", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", path}, args...)
}

// Restart starts the server after Kill or Stop, and waits until it answers.
func (p *Postgres) Restart(t testing.TB) {
	t.Helper()
	program, args := asPostgres("postgres", "-D", filepath.Join(p.dir, "data"), "-k", p.dir, "-p", strconv.Itoa(p.Port), "-c", "listen_addresses="+p.in.address(), "-c", "max_connections=200")
	if p.in != nil {
		args = append(args, "-c", "hba_file="+filepath.Join(p.dir, "hba"))
	}
	program, args = p.in.command(program, args...)
	p.Process = Run(t, p.dir, nil, program, args...)
	p.Await(t, func() bool { return p.sql("postgres", "select 1") == nil })
}

func (p *Postgres) sql(database, text string) error {
	program, args := asPostgres("psql", "-h", p.dir, "-p", strconv.Itoa(p.Port), "-U", "sluice", "-d", database, "-qAt", "-c", text)
	cmd := exec.Command(program, args...)
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// Database makes a new, empty database and returns its URL.
func (p *Postgres) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("sluice%d", p.databases.Add(1))
	if err := p.sql("postgres", "create database "+name); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("postgres://sluice@%s:%d/%s?sslmode=disable", p.in.address(), p.Port, name)
}

// Do runs statements in a database of which the URL is given.
func (p *Postgres) Do(t testing.TB, url, text string) {
	t.Helper()
	name, _, _ := strings.Cut(url[strings.LastIndexByte(url, '/')+1:], "?")
	if err := p.sql(name, text); err != nil {
		t.Fatal(err)
	}
}

// Freeze stops all processes of the server without ending them: connections stay open and nothing answers.
func (p *Postgres) Freeze(t testing.TB) { p.signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (p *Postgres) Thaw(t testing.TB) { p.signal(t, syscall.SIGCONT) }

// signal sends a signal to the server and to its children.
func (p *Postgres) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	pid := p.cmd.Process.Pid
	pids := []int{pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		var state string
		var parent int
		after := bytes.LastIndexByte(raw, ')') // pid (name) state parent …
		if after < 0 {
			continue
		}
		if _, err := fmt.Sscan(string(raw[after+1:]), &state, &parent); err != nil || parent != pid {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, child)
		}
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && pid == pids[0] {
			t.Errorf("signal: %v", err)
		}
	}
}

// Interrupt shuts the server down fast: it ends its connections, writes everything, and ends.
func (p *Postgres) Interrupt(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := p.Exit(t); err != nil {
		t.Errorf("postgres: %v", err)
	}
}
