//go:build unix

package postgres

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/certtest"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

// startTLS starts a server that takes only passwords over TLS from the network, and returns its authority, a database, and a file with
// the password of a role that owns it.
func startTLS(t *testing.T) (server *postgrestest.Server, ca *certtest.CA, u *url.URL, passwordFile string) {
	t.Helper()
	server, ca = postgrestest.Start(t), certtest.New(t)
	certificate, key := ca.Issue("db.example", net.IPv4(127, 0, 0, 1))
	server.SecureWith(t, certificate, key)
	server.Run(t, "postgres", "create role app login password 'first one'")
	server.Run(t, "postgres", "create database app owner app")
	passwordFile = filepath.Join(t.TempDir(), "password")
	writePassword(t, passwordFile, "first one\n")
	return server, ca, &url.URL{Scheme: "postgres", User: url.User("app"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port)), Path: "/app"}, passwordFile
}

func writePassword(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// with returns a URL with parameters.
func with(u *url.URL, names ...string) string {
	query := url.Values{}
	for i := 0; i < len(names); i += 2 {
		query.Set(names[i], names[i+1])
	}
	copied := *u
	copied.RawQuery = query.Encode()
	return copied.String()
}

// readsRecords reads from the store, in a transaction.
func readsRecords(st *Store) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return st.View(ctx, func(tx store.Tx) error {
		_, err := tx.Pools.Get("us-east-1_nobody")
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
}

func TestTLSChecksTheServer(t *testing.T) {
	t.Parallel()
	_, ca, u, passwordFile := startTLS(t)
	other := certtest.New(t)
	for name, c := range map[string]struct {
		url  string
		says string // "" = it connects
	}{
		"its authority":     {with(u, "sslmode", "verify-full", "sslrootcert", ca.File), ""},
		"another authority": {with(u, "sslmode", "verify-full", "sslrootcert", other.File), "certificate signed by unknown authority"},
		"no authority":      {with(u, "sslmode", "verify-full"), "certificate signed by unknown authority"},
		"another name": {strings.Replace(with(u, "sslmode", "verify-full", "sslrootcert", ca.File), "127.0.0.1", "localhost", 1),
			"not localhost"},
		"any name":    {strings.Replace(with(u, "sslmode", "verify-ca", "sslrootcert", ca.File), "127.0.0.1", "localhost", 1), ""},
		"without TLS": {with(u, "sslmode", "disable"), "no encryption"},
	} {
		t.Run(name, func(t *testing.T) {
			st, err := Open(Options{URL: c.url, PasswordFile: passwordFile})
			if err == nil {
				err = errors.Join(readsRecords(st), st.Close())
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "first one") {
				t.Errorf("the error has the password: %v", err)
			}
		})
	}
}

// The password of the role is changed while a process runs.
func TestThePasswordFileIsReadForEachConnection(t *testing.T) {
	t.Parallel()
	server, ca, u, passwordFile := startTLS(t)
	address := with(u, "sslmode", "verify-full", "sslrootcert", ca.File)
	st, err := Open(Options{URL: address, PasswordFile: passwordFile})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := readsRecords(st); err != nil {
		t.Fatal(err)
	}
	const end = "select pg_terminate_backend(pid, 60000) from pg_stat_activity where usename = 'app'"
	server.Run(t, "postgres", "alter role app password 'second one'")
	server.Run(t, "postgres", end)
	if err := readsRecords(st); err == nil || !strings.Contains(err.Error(), "password authentication failed") {
		t.Errorf("with the former password: %v", err)
	}
	writePassword(t, passwordFile, "second one\r\n")
	if err := readsRecords(st); err != nil {
		t.Errorf("with the new password: %v", err)
	}
	server.Run(t, "postgres", end)
	if err := readsRecords(st); err != nil {
		t.Errorf("with a new connection: %v", err)
	}
	if err := os.Remove(passwordFile); err != nil {
		t.Fatal(err)
	}
	server.Run(t, "postgres", end)
	if err := readsRecords(st); err == nil || !strings.Contains(err.Error(), "password file") {
		t.Errorf("without the file: %v", err)
	}
	if _, err := Open(Options{URL: address, PasswordFile: passwordFile}); err == nil || !strings.Contains(err.Error(), "password file") {
		t.Errorf("a start without the file: %v", err)
	}
}
