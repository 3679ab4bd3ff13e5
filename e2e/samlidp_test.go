package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// samlIDP is an identity provider on pysaml2, see samlidp/idp.py.
type samlIDP struct {
	t    testing.TB
	dir  string
	base string
}

// startSAML starts a provider with its own key.
func startSAML(t testing.TB) *samlIDP {
	t.Helper()
	p := prepareSAML(t)
	p.run("/usr/bin/python3", filepath.Join(harness.Root(), "e2e", "samlidp", "idp.py"))
	return p
}

// prepareSAML makes the folder and the key of a provider.
func prepareSAML(t testing.TB) *samlIDP {
	t.Helper()
	p := &samlIDP{t: t, dir: t.TempDir()}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	ok(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ok(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ok(t, err)
	p.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	p.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return p
}

// publicKey returns the public key of a certificate as PEM.
func publicKey(t testing.TB, der []byte) string {
	t.Helper()
	certificate, err := x509.ParseCertificate(der)
	ok(t, err)
	public, err := x509.MarshalPKIXPublicKey(certificate.PublicKey)
	ok(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

// write writes a file of the provider's folder.
func (p *samlIDP) write(name, text string) {
	p.t.Helper()
	ok(p.t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600))
}

// metadata returns the provider's metadata.
func (p *samlIDP) metadata() string { return p.get("/metadata", nil) }

// get returns the body of an answer of the provider.
func (p *samlIDP) get(path string, query url.Values) string {
	p.t.Helper()
	response, err := http.Get(p.base + path + "?" + query.Encode()) //nolint:noctx // a test
	ok(p.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ok(p.t, err)
	if response.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %d %s", path, response.StatusCode, body)
	}
	return string(body)
}
