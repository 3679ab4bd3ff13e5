package handover_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/handover"
)

// A connection negotiated under other terms does not move to the new server.
func TestAConnectionOfOtherTermsStays(t *testing.T) {
	for name, terms := range map[string][2]string{
		"changed":     {"a", "b"},
		"unknown":     {"", ""},
		"from now on": {"", "b"},
		"no longer":   {"a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := startAs(t, &site{http2: true, tls: certificate(t), terms: terms[0]})
			idle := dial(t, s)
			idle.want(t, "/a", "", "1 /a ")
			s.terms = terms[1]
			s.replace(t, nil)
			if answer, err := idle.ask("/b", ""); err == nil {
				t.Errorf("it is answered %q", answer)
			}
			dial(t, s).want(t, "/b", "", "2 /b ")
		})
	}
}

// Until it shuts down, the old server keeps connections that must not move.
func TestAHandshakeOfOtherTermsEndsAtItsServer(t *testing.T) {
	for terms, want := range map[string]string{"same": "2 /a ", "other": "1 /a "} {
		s := startAs(t, &site{tls: certificate(t), terms: "same"})
		first := s.current
		s.current = nil // is not shut down yet
		t.Cleanup(func() { first.Close() })
		c := dial(t, s)
		half := &halting{Conn: c.conn.(*tls.Conn).NetConn(), begun: make(chan struct{}), goOn: make(chan struct{})}
		c.conn = tls.Client(half, &tls.Config{InsecureSkipVerify: true})
		c.in.Reset(c.conn)
		answers := make(chan string, 1)
		go func() {
			answer, err := c.ask("/a", "")
			if err != nil {
				answer = err.Error()
			}
			answers <- answer
		}()
		<-half.begun
		eventually(t, "a server that has read a part of the handshake", func() bool { return s.places[0].Handshakes() == 1 })
		s.terms = terms
		s.replace(t, nil)
		close(half.goOn)
		if got := <-answers; got != want {
			t.Errorf("%s terms: %q, want %q", terms, got, want)
		}
	}
}

// halting is a connection that pauses in the middle of the first message sent.
type halting struct {
	net.Conn
	begun, goOn chan struct{}
	over        bool
}

func (h *halting) Write(p []byte) (int, error) {
	if h.over {
		return h.Conn.Write(p)
	}
	h.over = true
	if n, err := h.Conn.Write(p[:20]); err != nil {
		return n, err
	}
	close(h.begun)
	<-h.goOn
	n, err := h.Conn.Write(p[20:])
	return 20 + n, err
}

// Handlers see the negotiated session, also after the connection has moved, and HTTP/2 is negotiated as usual.
func TestTheNegotiatedSessionMoves(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			http.Error(w, "no TLS", http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, r.TLS.ServerName+" "+r.Proto)
	})
	for protocol, want := range map[string]string{"http/1.1": "example.org HTTP/1.1", "h2": "example.org HTTP/2.0"} {
		s := &site{tls: certificate(t), terms: "as ever"}
		s.replace(t, answer)
		c := http.Client{Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, ServerName: "example.org", NextProtos: []string{protocol}},
			ForceAttemptHTTP2: protocol == "h2",
		}}
		for range 3 {
			resp, err := c.Get("https://" + s.address)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || string(body) != want {
				t.Errorf("%s: %q, %v", protocol, body, err)
			}
			s.replace(t, answer)
		}
		c.CloseIdleConnections()
		s.stop(t)
	}
}

func TestAFailingHandshake(t *testing.T) {
	t.Run("is told to a client without TLS", func(t *testing.T) {
		s := startTLS(t)
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(conn); !strings.Contains(string(got), "sent an HTTP request to an HTTPS server") {
			t.Errorf("the answer is %q", got)
		}
	})
	t.Run("ends in time", func(t *testing.T) {
		l := listenTLS(t, certificate(t), &handover.TLS{HandshakeTimeout: 10 * time.Millisecond})
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.ReadAll(conn); err != nil { // until the server closes the connection
			t.Error(err)
		}
	})
	t.Run("does not end the process", func(t *testing.T) {
		panicked := make(chan any, 1)
		l := listenTLS(t, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { panic("no idea") }},
			&handover.TLS{Panicked: func(value any) { panicked <- value }})
		if conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true}); err == nil {
			conn.Close()
			t.Error("the handshake succeeded")
		}
		if value := <-panicked; value != "no idea" {
			t.Errorf("told %v", value)
		}
	})
}

// listenTLS serves nothing through TLS.
func listenTLS(t *testing.T, config *tls.Config, o *handover.TLS) net.Listener {
	t.Helper()
	var registry handover.Registry
	l, err := registry.Listen(tls.NewListener(bind(t, "127.0.0.1:0"), config), handover.Options{TLS: o})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return l
}

// With TLS above the listener, a connection moves before its handshake, but not after it.
func TestTLSBeginsAtTheNewestServer(t *testing.T) {
	template := httptest.NewTLSServer(nil)
	defer template.Close()
	var registry handover.Registry
	address := "127.0.0.1:0"
	serve := func(name string) *http.Server {
		socket := bind(t, address)
		address = socket.Addr().String()
		l, err := registry.Listen(socket, handover.Options{Socket: socket})
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{ConnState: handover.State, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, name)
		})}
		go server.Serve(tls.NewListener(l, template.TLS))
		l.Take()
		return server
	}
	first := serve("first")
	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond)
	second := serve("second")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- first.Shutdown(ctx) }()
	c := http.Client{Transport: &http.Transport{
		DialContext:     func(context.Context, string, string) (net.Conn, error) { return raw, nil },
		TLSClientConfig: template.Client().Transport.(*http.Transport).TLSClientConfig,
	}}
	resp, err := c.Get("https://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(body, []byte("second")) {
		t.Errorf("%q, %v", body, err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("the first server did not shut down: %v", err)
	}
	second.Close()
}
