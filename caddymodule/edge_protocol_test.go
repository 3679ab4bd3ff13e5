package caddymodule

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
)

// h2cClient returns a client that speaks unencrypted HTTP/2 with prior knowledge.
func h2cClient(t testing.TB) *http.Client {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: aMinute}
}

// endless is a body of the given number of bytes, without a Content-Length.
type endless struct{ left int }

func (b *endless) Read(into []byte) (int, error) {
	n := min(len(into), b.left, 1000)
	for i := range n {
		into[i] = 'x'
	}
	if b.left -= n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestEveryVersionOfHTTPGivesTheSameAnswers(t *testing.T) {
	e := newEdge(t)
	site := strings.Replace(identityHeaders, "allow any       * /api/*", "allow any * /api/*\n deny any * /api/admin/*", 1)
	if err := e.tryLoad("", "http://:%PORT% {\n"+site+"}\nhttps://localhost:%TLS% {\n"+ownCertificate(t)+site+"}\n"); err == nil {
		t.Fatal("the configuration loaded although a placeholder was not replaced by a port")
	}
	tlsPort := freePort(t)
	e.more = []string{"%TLS%", tlsPort}
	if err := e.tryLoad("", "http://:%PORT% {\n"+site+"}\nhttps://localhost:%TLS% {\n"+ownCertificate(t)+site+"}\n"); err != nil {
		t.Fatal(err)
	}
	insecure := &tls.Config{InsecureSkipVerify: true}
	one, two := new(http.Protocols), new(http.Protocols)
	one.SetHTTP1(true)
	two.SetHTTP2(true)
	tls1 := &http.Transport{TLSClientConfig: insecure.Clone(), Protocols: one}
	tls2 := &http.Transport{TLSClientConfig: insecure.Clone(), Protocols: two}
	quic := &http3.Transport{TLSClientConfig: insecure.Clone()}
	t.Cleanup(func() {
		tls1.CloseIdleConnections()
		tls2.CloseIdleConnections()
		_ = quic.Close()
	})
	eventually(t, "Caddy has a certificate", func() bool {
		conn, err := tls.Dial("tcp", "localhost:"+tlsPort, insecure)
		if err == nil {
			err = conn.Close()
		}
		return err == nil
	})
	clients := map[string]struct {
		client *http.Client
		base   string
		proto  int
	}{
		"HTTP/1.1":          {e.http, e.url(""), 1},
		"HTTP/2":            {h2cClient(t), e.url(""), 2},
		"HTTP/1.1 over TLS": {&http.Client{Transport: tls1, Timeout: aMinute}, "https://localhost:" + tlsPort, 1},
		"HTTP/2 over TLS":   {&http.Client{Transport: tls2, Timeout: aMinute}, "https://localhost:" + tlsPort, 2},
		"HTTP/3":            {&http.Client{Transport: quic, Timeout: aMinute}, "https://localhost:" + tlsPort, 3},
	}
	token := e.issuer.bearer(t, "ada", "cognito:groups", []string{"readers", "editors"})
	expired := e.issuer.bearer(t, "ada", "exp", time.Now().Unix()-600)
	for name, c := range clients {
		for _, request := range []struct {
			method, path, body string
			headers            []string
			status             int
		}{
			{"GET", "/api/x?y=1", "", []string{token}, 200},
			{"POST", "/api/x", strings.Repeat("body ", 30000), []string{token, "X-User-Id: root", "x_user_id: root"}, 200},
			{"GET", "/api/x", "", nil, 401},
			{"GET", "/api/x", "", []string{expired}, 401},
			{"GET", "/api/x", "", []string{token, token}, 400},
			{"GET", "/api/admin/x", "", []string{token}, 403},
			{"GET", "/api/%2e%2e/x", "", []string{token}, 400},
			{"GET", "/api//x", "", []string{token}, 400},
			{"GET", "/api/x;y", "", []string{token}, 400},
			{"GET", "/api/x%2fy", "", []string{token}, 400},
			{"GET", "/public/x", "", nil, 200},
			{"GET", "/elsewhere", "", []string{token}, 403},
			{"HEAD", "/api/x", "", nil, 401},
		} {
			var body io.Reader
			if request.body != "" {
				body = strings.NewReader(request.body)
			}
			r, err := http.NewRequestWithContext(t.Context(), request.method, c.base+request.path, body)
			if err != nil {
				t.Fatal(err)
			}
			addHeaders(r, request.headers)
			response, err := c.client.Do(r)
			if err != nil {
				t.Errorf("%s %s %s: %v", name, request.method, request.path, err)
				continue
			}
			if response.ProtoMajor != c.proto {
				t.Errorf("%s: the answer is %s", name, response.Proto)
			}
			a, err := readAnswer(response)
			if err != nil {
				t.Fatal(err)
			}
			if a.status != request.status {
				t.Errorf("%s: %s %s: status %d, want %d: %s", name, request.method, request.path, a.status, request.status, a.body)
			}
			if a.status == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: no challenge", name)
			}
			if a.got == nil {
				continue
			}
			if a.got.Body != request.body {
				t.Errorf("%s: a body of %d bytes became one of %d", name, len(request.body), len(a.got.Body))
			}
			if request.headers != nil {
				checkIdentityOf(t, name, a, map[string]string{"X-User-Id": "ada", "X-User-Groups": "readers,editors"})
			}
		}
	}
}

func checkIdentityOf(t *testing.T, what string, a answer, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := a.got.values(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s: the upstream received %s: %q, want %q", what, name, got, value)
		}
	}
}
