package caddymodule

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// heldPackets is a socket that keeps what arrives until it is released. A client behind it cannot finish its handshake: all
// that it sends is early data, which whoever has recorded it can send again.
type heldPackets struct {
	net.PacketConn
	released chan struct{}
}

func (h *heldPackets) ReadFrom(into []byte) (int, net.Addr, error) {
	n, from, err := h.PacketConn.ReadFrom(into)
	<-h.released
	return n, from, err
}

// tickets is a session cache that says when a ticket has arrived.
type tickets struct {
	tls.ClientSessionCache
	arrived chan struct{}
	once    sync.Once
}

func (c *tickets) Put(key string, state *tls.ClientSessionState) {
	c.ClientSessionCache.Put(key, state)
	c.once.Do(func() { close(c.arrived) })
}

// earlyClient has a session ticket of the server.
type earlyClient struct {
	address *net.UDPAddr
	base    string
	tls     *tls.Config
	h3      http3.Transport
}

func newEarlyClient(t *testing.T, base string) *earlyClient {
	t.Helper()
	cache := &tickets{ClientSessionCache: tls.NewLRUClientSessionCache(8), arrived: make(chan struct{})}
	c := &earlyClient{base: base, tls: &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", NextProtos: []string{"h3"}, ClientSessionCache: cache}}
	var err error
	if c.address, err = net.ResolveUDPAddr("udp", "127.0.0.1:"+base[len("https://localhost:"):]); err != nil {
		t.Fatal(err)
	}
	conn, _ := c.dial(t, false)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/first", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.h3.NewClientConn(conn).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	<-cache.arrived
	return c
}

// dial returns a connection. If it is held, the handshake ends only after release has been called.
func (c *earlyClient) dial(t *testing.T, hold bool) (conn *quic.Conn, release func()) {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	held := &heldPackets{PacketConn: socket, released: make(chan struct{})}
	release = sync.OnceFunc(func() { close(held.released) })
	if !hold {
		release()
	}
	transport := &quic.Transport{Conn: held}
	t.Cleanup(func() {
		release()
		_ = transport.Close()
		_ = socket.Close()
	})
	if conn, err = transport.DialEarly(t.Context(), c.address, c.tls.Clone(), &quic.Config{}); err != nil {
		t.Fatal(err)
	}
	return conn, release
}

// early sends a request in early data. Its answer can be read when decided returns true.
func (c *earlyClient) early(t *testing.T, method, path string, decided func() bool, headers ...string) (*http.Response, string) {
	t.Helper()
	conn, release := c.dial(t, true)
	stream, err := c.h3.NewClientConn(conn).OpenRequestStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	addHeaders(r, headers)
	if err := stream.SendRequestHeader(r); err != nil {
		t.Fatal(err)
	}
	_ = stream.Close()
	eventually(t, "the server has answered early data", decided)
	release()
	response, err := stream.ReadResponse()
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !conn.ConnectionState().Used0RTT {
		t.Fatal("the server did not take early data")
	}
	return response, string(body)
}

// answered returns how many requests have been answered.
func (e *edge) answered(t *testing.T) float64 {
	t.Helper()
	return e.metrics(t).sum("caddy_http_request_duration_seconds")
}

// The attack: record a client's first packets and send them again. Whoever does so cannot read them, but has them executed.
func TestARequestThatIsNotSafeIsNotExecutedFromEarlyData(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	port := freePort(t)
	e.more = []string{"%TLS%", port}
	site := "handle /first {\n respond ok\n}\nhandle /gate/* {\n" + gate("allow any * *") + "reverse_proxy %UPSTREAM%\n}\nhandle {\n sluice_pools\n}\n"
	if err := e.tryLoad(poolBlock, "http://:%PORT% {\n"+site+"}\nhttps://localhost:%TLS% {\n"+ownCertificate(t)+" log\n"+site+"}\n"); err != nil {
		t.Fatal(err)
	}
	awaitCertificate(t, port)
	c := newEarlyClient(t, "https://localhost:"+port)
	for _, tc := range []struct {
		method, path string
		headers      []string
		status       int
	}{
		{"GET", "/gate/x", []string{e.issuer.bearer(t, "ada")}, 200},
		{"POST", "/gate/x", []string{e.issuer.bearer(t, "ada")}, 425},
		{"DELETE", "/gate/x", []string{e.issuer.bearer(t, "ada")}, 425},
		{"GET", "/healthz", nil, 200},
		{"POST", "/", []string{"X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth", "Content-Type: application/x-amz-json-1.1"}, 425},
		{"POST", "/", []string{"Content-Type: application/x-www-form-urlencoded"}, 425},
		{"POST", "/" + poolID + "/oauth2/token", []string{"Content-Type: application/x-www-form-urlencoded"}, 425},
		{"GET", "/" + poolID + "/.well-known/jwks.json", nil, 200},
	} {
		e.upstream.take()
		before := e.answered(t)
		response, body := c.early(t, tc.method, tc.path, func() bool { return e.answered(t) > before }, tc.headers...) //nolint:bodyclose // early has read it
		if response.StatusCode != tc.status {
			t.Errorf("%s %s %v: status %d, want %d: %s", tc.method, tc.path, tc.headers, response.StatusCode, tc.status, body)
		}
		if seen := e.upstream.take(); tc.status == 425 && len(seen) > 0 {
			t.Errorf("the upstream received %q", seen[0].Line)
		}
	}
}
