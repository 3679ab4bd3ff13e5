package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// A regression test. A reload closed kept-alive HTTP/1.1 connections over TLS, and a POST sent at that moment was lost, because clients
// do not repeat it. Some of these clients send immediately, others on a connection that was idle for a while.
func TestReloadLosesNoPostOnKeptTLSConnections(t *testing.T) {
	t.Parallel()
	s := startTLS(t)
	var answered, dialed atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for n := range 8 {
		client := s.client(t)
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(n*i%7) * time.Millisecond):
				}
				reused, err := postTLS(client, s.url, fmt.Sprintf("post %d of client %d", i, n))
				if err != nil {
					t.Errorf("under reload: %v", err)
				}
				answered.Add(1)
				if !reused {
					dialed.Add(1)
				}
			}
		})
	}
	text := s.Read(t)
	for i := range 25 {
		s.Write(t, strings.Replace(text, `"May read notes"`, fmt.Sprintf(`"May read notes, edition %d"`, i), 1))
		s.Reload(t)
	}
	close(stop)
	wg.Wait()
	t.Logf("measured: %d posts on %d connections during 25 reloads", answered.Load(), dialed.Load())
	if answered.Load() <= 10*dialed.Load() {
		t.Error("connections were not kept, or there was no load")
	}
}

// A connection stays behind when the new configuration might have refused its handshake.
func TestReloadTakesOnlyConnectionsOfTheSameTerms(t *testing.T) {
	t.Parallel()
	s := startTLS(t)
	text := s.Read(t)
	onlyHTTP1 := strings.Replace(text, "\tservers {\n", "\tservers {\n\t\tprotocols h1\n", 1)
	withTLS := func(options string) string {
		return strings.Replace(text, "tls internal\n", "tls internal {\n"+options+"\n}\n", 1)
	}
	for _, c := range []struct {
		name, before, after string
		reused              bool
	}{
		{"nothing changed", text, text, true},
		{"HTTP/1.1 alone", onlyHTTP1, onlyHTTP1, true},
		{"client certificates are demanded", text, withTLS("client_auth {\nmode require\n}"), false},
		{"client certificates were possible", withTLS("client_auth {\nmode request\n}"), withTLS("client_auth {\nmode request\n}"), false},
		{"an older version is refused", text, withTLS("protocols tls1.3"), false},
		{"an older version is refused as ever", withTLS("protocols tls1.3"), withTLS("protocols tls1.3"), true},
	} {
		s.Write(t, c.before)
		s.Reload(t)
		client := s.client(t)
		if _, err := postTLS(client, s.url, "before"); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		s.Write(t, c.after)
		s.Reload(t)
		reused, err := postTLS(client, s.url, "after")
		if (err == nil && reused) != c.reused {
			t.Errorf("%s: reused %v, %v", c.name, reused, err)
		}
	}
}

// tlsSite is the example with an additional HTTPS site, which echoes requests.
type tlsSite struct {
	*harness.Sluice
	url   string
	roots *x509.CertPool
}

func startTLS(t testing.TB) *tlsSite {
	t.Helper()
	s := &tlsSite{url: fmt.Sprintf("https://localhost:%d", harness.FreePort(t)), roots: x509.NewCertPool()}
	s.Sluice = harness.Start(t, harness.Config{Edit: func(text string) string {
		text = strings.Replace(text, "{\n", "{\n\tskip_install_trust\n\tauto_https disable_redirects\n", 1)
		return text + fmt.Sprintf("\n%s {\n\ttls internal\n\trespond {http.request.body}\n}\n", s.url)
	}})
	s.Await(t, func() bool { // Caddy makes the certificate after it has begun to listen
		root, err := os.ReadFile(filepath.Join(filepath.Dir(s.Caddyfile), "caddy-data", "caddy", "pki", "authorities", "local", "root.crt"))
		if err != nil || !s.roots.AppendCertsFromPEM(root) {
			return false
		}
		_, err = postTLS(s.client(t), s.url, "ready")
		return err == nil
	})
	return s
}

// client has its own connections.
func (s *tlsSite) client(t testing.TB) *http.Client {
	c := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// postTLS posts once, checks the echo and reports whether the connection was used before.
func postTLS(client *http.Client, url, body string) (reused bool, err error) {
	req, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		return false, err
	}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused },
	}))
	resp, err := client.Do(req)
	if err != nil {
		return reused, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != 200 || string(got) != body || resp.ProtoMajor != 1) {
		err = fmt.Errorf("HTTP/%d %s: %q", resp.ProtoMajor, resp.Status, got)
	}
	return reused, err
}
