package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CA is an authority.
type CA struct {
	File string // its certificate in PEM

	tb   testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes an authority, which is valid for an hour.
func New(tb testing.TB) *CA {
	tb.Helper()
	c := &CA{tb: tb, dir: tb.TempDir()}
	c.key = c.newKey()
	c.cert = c.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "Authority of a test"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}, nil, c.key)
	c.File = c.write("ca.pem", "CERTIFICATE", c.cert.Raw)
	return c
}

// Issue makes a certificate for a server or client. A server has a name and the addresses. It returns the paths of files in PEM.
func (c *CA) Issue(name string, addresses ...net.IP) (certificate, key string) {
	c.tb.Helper()
	private := c.newKey()
	cert := c.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: addresses,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, c.cert, private)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		c.tb.Fatal(err)
	}
	return c.write(name+".pem", "CERTIFICATE", cert.Raw), c.write(name+".key", "PRIVATE"+" KEY", pkcs8)
}

func (c *CA) newKey() *ecdsa.PrivateKey {
	c.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.tb.Fatal(err)
	}
	return key
}

// sign makes a certificate of a key. Without a parent it signs itself.
func (c *CA) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	c.tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		c.tb.Fatal(err)
	}
	template.SerialNumber, template.NotBefore, template.NotAfter = serial, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), c.key)
	if err != nil {
		c.tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.tb.Fatal(err)
	}
	return cert
}

func (c *CA) write(name, kind string, der []byte) string {
	c.tb.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		c.tb.Fatal(err)
	}
	return path
}
