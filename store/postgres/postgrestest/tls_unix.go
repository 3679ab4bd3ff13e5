//go:build unix

package postgrestest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// SecureWith restarts the server with TLS. From then on it asks for passwords, by SCRAM, and refuses connections without TLS, except at its
// socket, where Run and URL connect. The files, a certificate and its key in PEM, are copied: the server's account can read them.
func (s *Server) SecureWith(tb testing.TB, certificate, key string) {
	tb.Helper()
	copied := func(from, name string) string {
		text, err := os.ReadFile(from)
		if err != nil {
			tb.Fatal(err)
		}
		return s.give(tb, name, string(text))
	}
	s.config = append(s.config, "ssl=on", "ssl_cert_file="+copied(certificate, "server.pem"), "ssl_key_file="+copied(key, "server.key"),
		"password_encryption=scram-sha-256",
		"hba_file="+s.give(tb, "hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n"))
	s.Stop(tb, syscall.SIGINT)
	s.Start(tb)
}

// give makes a file that only the server's account can read.
func (s *Server) give(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	if c := unprivileged(tb, "").Credential; c != nil {
		if err := os.Chown(path, int(c.Uid), int(c.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	return path
}
