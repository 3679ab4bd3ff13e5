//go:build unix

package sql_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience bounds how long the tests wait for the server. It is no measurement.
const patience = time.Minute

// program returns the path of one of PostgreSQL's server programs. Debian does not put them into PATH. It skips the test
// if PostgreSQL is not installed, except in CI.
func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if paths, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); err == nil && len(paths) > 0 {
		return paths[len(paths)-1]
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed; run scripts/install-tools.sh", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// startPostgres starts a PostgreSQL server in a folder of its own and returns its connection string without a database.
// Its default collation is not that of bytes, so that a column without collate "C" fails the tests.
func startPostgres(t *testing.T) string {
	t.Helper()
	initdb, postgres := program(t, "initdb"), program(t, "postgres")
	dir, err := os.MkdirTemp("", "pg") // short, because a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	process := unprivileged(t, dir)
	data := filepath.Join(dir, "data")
	create := exec.Command(initdb, "-D", data, "-U", "sluice", "-A", "trust", "-E", "UTF8", "--no-sync",
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")
	create.Dir, create.SysProcAttr = dir, process
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	var log bytes.Buffer
	server := exec.Command(postgres, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "max_connections=200")
	server.Dir, server.SysProcAttr, server.Stdout, server.Stderr = dir, process, &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Process.Signal(syscall.SIGINT); err != nil { // a fast shutdown
			t.Errorf("stopping postgres: %v", err)
		}
		if err := server.Wait(); err != nil || t.Failed() {
			t.Logf("postgres: %v\n%s", err, log.Bytes())
		}
	})
	address := fmt.Sprintf("host=%s user=sluice dbname=", dir)
	waitFor(t, address+"postgres")
	return address
}

// unprivileged returns attributes of a process that PostgreSQL accepts: it does not run as root. The account gets dir.
func unprivileged(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres") // the Debian package creates it
	if err != nil {
		t.Fatalf("PostgreSQL does not run as root: %v", err)
	}
	uid, err1 := strconv.ParseUint(account.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		t.Fatalf("account %+v", account)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

func waitFor(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, address)
		if err == nil {
			if err := c.Close(ctx); err != nil {
				t.Fatal(err)
			}
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("postgres does not answer: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
