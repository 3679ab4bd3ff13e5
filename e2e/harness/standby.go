package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Pair is two PostgreSQL servers, of which one takes writes and the other follows it by streaming replication, synchronously: what the
// first one acknowledges, the second one has.
type Pair struct {
	Primary, Standby *Postgres
}

// StartPair starts two servers.
func StartPair(t testing.TB) *Pair {
	t.Helper()
	p := &Pair{Primary: StartPostgres(t)}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a folder of temporary files
	if os.Getuid() == 0 {
		if out, err := exec.Command("chown", "postgres:", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	p.Standby = &Postgres{Port: FreePort(t), dir: dir}
	p.join(t)
	return p
}

// Database makes a new, empty database and returns its URL, which names both servers.
func (p *Pair) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("sluice%d", p.Primary.databases.Add(1))
	if err := p.Primary.sql("postgres", "create database "+name); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("postgres://sluice@127.0.0.1:%d,127.0.0.1:%d/%s?sslmode=disable&target_session_attrs=read-write", p.Primary.Port, p.Standby.Port, name)
}

// join makes the standby a copy of the primary that follows it, and the primary wait for it.
func (p *Pair) join(t testing.TB) {
	t.Helper()
	data := filepath.Join(p.Standby.dir, "data")
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	program, args := asPostgres("pg_basebackup", "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(p.Primary.Port), "-U", "sluice", "-R", "-X", "stream", "-c", "fast")
	copying := exec.Command(program, args...)
	copying.Dir = p.Standby.dir
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	p.Standby.Restart(t)
	p.Standby.Await(t, func() bool {
		return p.Primary.sql("postgres", "select 1 / count(*) from pg_stat_replication where state = 'streaming'") == nil
	})
	for _, text := range []string{"alter system set synchronous_standby_names = '*'", "select pg_reload_conf()"} {
		if err := p.Primary.sql("postgres", text); err != nil {
			t.Fatal(err)
		}
	}
	p.Standby.Await(t, func() bool {
		return p.Primary.sql("postgres", "select 1 / count(*) from pg_stat_replication where sync_state = 'sync'") == nil
	})
}

// Failover kills the primary with all its processes, and promotes the standby. Repair is to follow.
func (p *Pair) Failover(t testing.TB) {
	t.Helper()
	p.Primary.signal(t, syscall.SIGKILL)
	p.Primary.Kill()
	if err := p.Standby.sql("postgres", "select pg_promote()"); err != nil {
		t.Fatal(err)
	}
	p.Primary, p.Standby = p.Standby, p.Primary
}

// Repair makes the server that was killed a standby of the other one.
func (p *Pair) Repair(t testing.TB) {
	t.Helper()
	for _, text := range []string{"alter system reset synchronous_standby_names", "select pg_reload_conf()"} { // no standby yet
		if err := p.Primary.sql("postgres", text); err != nil {
			t.Fatal(err)
		}
	}
	p.join(t)
}
