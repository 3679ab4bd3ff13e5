package passing

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
)

// A regression test. On a busy machine, one answer to a POST in some thousands was broken off when it was longer than net/http's buffer: the
// server closed the body of the request as the answer began, and the transport, which had sent the body but not yet looked for its end,
// then closed the connection to the upstream.
func TestAnAnswerIsForwardedWholeAlthoughTheRequestsWriterIsSlow(t *testing.T) {
	const slow = 50 * time.Millisecond
	long := strings.Repeat("x", 10_000)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * slow)
		_, _ = io.WriteString(w, long)
	}))
	defer upstream.Close()
	to, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.FlushInterval = -1
	proxy.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return slowConn{conn, slow}, err
	}}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q Request
		q.Begin(nil, nil, &authz.Result{Principal: &principal.Principal{Kind: principal.Anonymous}, Outcome: authz.Allowed}, nil, r)
		defer q.Done()
		proxy.ServeHTTP(w, r)
	}))
	defer gate.Close()
	response, err := http.Post(gate.URL, "text/plain", strings.NewReader("a body"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != long {
		t.Errorf("%d of %d bytes, %v", len(got), len(long), err)
	}
}

// slowConn returns from Write long after the bytes were sent.
type slowConn struct {
	net.Conn
	by time.Duration
}

func (c slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	time.Sleep(c.by)
	return n, err
}

// Threat: an upstream answers before it has read a large body, and the rest of the body is served as requests. Caddy (2.11.9) wraps bodies, so
// that net/http does not see that the transport has closed one before its end.
func TestThreatTheRestOfABodyIsNoRequest(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		r.Body = struct{ io.ReadCloser }{r.Body}
		var q Request
		q.Begin(nil, nil, &authz.Result{Principal: &principal.Principal{Kind: principal.Anonymous}, Outcome: authz.Allowed}, nil, r)
		defer q.Done()
		if err := r.Body.Close(); err != nil { // as the transport does
			t.Error(err)
		}
		if _, err := r.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "early")
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	const hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
	go func() {
		_, _ = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", 30_000*len(hidden), strings.Repeat(hidden, 30_000))
	}()
	answers := bufio.NewReader(conn)
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(response.Body); string(text) != "early" || !response.Close {
		t.Errorf("%q (closed: %t), %v", text, response.Close, err)
	}
	_ = response.Body.Close()
	if rest, _ := io.ReadAll(answers); len(rest) > 0 || served.Load() != 1 { // reading ends with the connection, perhaps by a reset
		t.Errorf("%d requests were served; after the answer came %.100q", served.Load(), rest)
	}
}
