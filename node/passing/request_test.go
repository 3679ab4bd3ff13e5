package passing

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
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
