package handover_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/handover"
)

// patience bounds how long tests wait for an event. It does not measure anything.
const patience = time.Minute

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// bind binds a port as Caddy does: several sockets may share it.
func bind(t testing.TB, address string) *net.TCPListener {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if failed := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}); failed != nil {
			return failed
		}
		return err
	}}
	l, err := config.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l.(*net.TCPListener)
}

// site is an address that servers take over from each other.
type site struct {
	registry handover.Registry
	secured  handover.Registry
	address  string
	tls      *tls.Config
	terms    string // with tls
	servers  int
	current  *http.Server
	places   []*handover.Listener           // of the current server
	http2    bool                           // look for HTTP/2 in the first bytes, as Caddy's servers do
	state    func(net.Conn, http.ConnState) // of the next servers, instead of handover.State
	taken    func()                         // called after the next server has started and before the last one has finished its requests
}

// replace starts a server whose answers have its number, and shuts down the one before it.
func (s *site) replace(t testing.TB, handler http.Handler) {
	t.Helper()
	if s.address == "" {
		s.address = "127.0.0.1:0"
	}
	socket := bind(t, s.address)
	if s.servers == 0 {
		s.address = socket.Addr().String()
	}
	l, err := s.registry.Listen(socket, handover.Options{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	s.servers++
	name := fmt.Sprint(s.servers)
	if handler == nil {
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s", name, r.URL.Path, body)
		})
	}
	places := []*handover.Listener{l}
	if s.tls != nil {
		if l, err = s.secured.Listen(tls.NewListener(l, s.tls), handover.Options{TLS: &handover.TLS{Terms: s.terms}}); err != nil {
			t.Fatal(err)
		}
		places = append(places, l)
	}
	state := handover.State
	if s.state != nil {
		state = s.state
	}
	next := &http.Server{Handler: handler, ConnState: state, Protocols: new(http.Protocols)}
	next.Protocols.SetHTTP1(true)
	next.Protocols.SetHTTP2(s.tls != nil)
	next.Protocols.SetUnencryptedHTTP2(s.http2)
	go next.Serve(l)
	for _, place := range places {
		place.Take()
	}
	if s.taken != nil {
		s.taken()
	}
	for _, place := range s.places {
		place.Settle()
	}
	last := s.current
	s.current, s.places = next, places
	shutDown(t, last)
}

func (s *site) stop(t testing.TB) { shutDown(t, s.current) }

func shutDown(t testing.TB, server *http.Server) {
	t.Helper()
	if server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Errorf("shutting down: %v", err)
	}
}

// start returns a site with its first server.
func start(t testing.TB) *site { return startAs(t, &site{http2: true}) }

// startTLS is start for a site with TLS.
func startTLS(t testing.TB) *site {
	return startAs(t, &site{http2: true, tls: certificate(t), terms: "as ever"})
}

func startAs(t testing.TB, s *site) *site {
	t.Helper()
	s.replace(t, nil)
	t.Cleanup(func() { s.current.Close() })
	return s
}

// certificate returns the configuration of a server with HTTP/2 and HTTP/1.1.
func certificate(t testing.TB) *tls.Config {
	t.Helper()
	template := httptest.NewUnstartedServer(nil)
	template.EnableHTTP2 = true
	template.StartTLS()
	t.Cleanup(template.Close)
	return template.TLS.Clone()
}

// plainAndTLS runs a test on both kinds of site.
func plainAndTLS(t *testing.T, test func(t *testing.T, s *site)) {
	t.Run("plain", func(t *testing.T) { test(t, start(t)) })
	t.Run("TLS", func(t *testing.T) { test(t, startTLS(t)) })
}

// client is one connection that never repeats a request.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	over bool // the server has announced that it closes the connection
}

func (s *site) connect() (*client, error) {
	conn, err := net.Dial("tcp", s.address)
	if s.tls != nil && err == nil {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	return &client{conn: conn, in: bufio.NewReader(conn)}, err
}

func dial(t testing.TB, s *site) *client {
	t.Helper()
	c, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.conn.Close() })
	return c
}

func (c *client) ask(path, body string) (string, error) {
	if _, err := fmt.Fprintf(c.conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body); err != nil {
		return "", err
	}
	return c.answer()
}

func (c *client) answer() (string, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	c.over = resp.Close
	return string(body), err
}

func (c *client) want(t testing.TB, path, body, answer string) {
	t.Helper()
	if got, err := c.ask(path, body); err != nil || got != answer {
		t.Fatalf("%s gives %q, %v; want %q", path, got, err, answer)
	}
}
