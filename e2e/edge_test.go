package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// upstream records the requests that it gets.
type upstream struct {
	mu   sync.Mutex
	seen []*http.Request
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // so that the trailers have been read
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen = append(u.seen, r)
}

// take returns the requests since the last call.
func (u *upstream) take() []*http.Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen
	u.seen = nil
	return seen
}

// raw sends bytes as they are and returns the status of the answer; 0 when the connection was closed without one.
func raw(t testing.TB, s *harness.Sluice, request string) int {
	t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(s.URL, "http://"), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestEdgeTrustsNothingAClientSays sends identity headers and paths in every spelling that has bypassed a proxy before.
func TestEdgeTrustsNothingAClientSays(t *testing.T) {
	t.Parallel()
	behind := &upstream{}
	server := httptest.NewServer(behind)
	t.Cleanup(server.Close)
	s := harness.Start(t, harness.Config{Upstream: strings.TrimPrefix(server.URL, "http://")})
	sub := makeUser(t, s, "rita", "readers")
	token := *signIn(t, s, "rita").AccessToken
	behind.take()
	send := func(line, headers string) int {
		return raw(t, s, fmt.Sprintf("%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n%s\r\n",
			line, strings.TrimPrefix(s.URL, "http://"), token, headers))
	}

	for _, spoof := range []string{
		"X-User-Id: root\r\n", "x-user-id: root\r\n", "X_User_Id: root\r\n", "X-User_Id: root\r\n", "X-USER-ID: root\r\nX-User-Id: root2\r\n",
		"X-User-Groups: editors\r\n", "X_User_Groups: editors\r\n", "Connection: X-User-Id\r\n", "Connection: close, X-User-Id, X-User-Groups\r\n",
		"X-Forwarded-Uri: /open\r\nX-Original-URL: /open\r\nX-Forwarded-Prefix: /open\r\nX-Http-Method-Override: PUT\r\n",
	} {
		if status := send("GET /api/notes", spoof); status != 200 {
			t.Errorf("%q: %d", spoof, status)
		}
		seen := behind.take()
		if len(seen) != 1 {
			t.Errorf("%q: the upstream saw %d requests", spoof, len(seen))
			continue
		}
		h := seen[0].Header
		if h.Get("X-User-Id") != sub || h.Get("X-User-Groups") != "readers" || len(h.Values("X-User-Id")) != 1 {
			t.Errorf("%q: the upstream saw %v", spoof, h)
		}
		for name := range h {
			if strings.Contains(name, "_") {
				t.Errorf("%q: the upstream saw the header %s", spoof, name)
			}
		}
		if h.Get("Authorization") != "" {
			t.Errorf("the upstream saw the token")
		}
	}

	for _, c := range []struct {
		line    string
		refused []int
	}{
		{"GET /api/x/../notes", []int{400}},
		{"GET /api/x/%2e%2e/notes", []int{400}},
		{"GET /api/x/..%2fnotes", []int{400}},
		{"GET /api/a%2fb", []int{400}},
		{"GET /api/a%5cb", []int{400}},
		{`GET /api/a\b`, []int{400}},
		{"GET /api/a%00b", []int{400}},
		{"GET /api/a;x=/../b", []int{400}},
		{"GET /api/%252e%252e/x", []int{400}},
		{"GET /api/%c0%ae%c0%ae/x", []int{400}},
		{"get /api/notes", []int{400, 403}},
		{"PUT /api/notes", []int{403}},
		{"OPTIONS /api/notes", []int{403}},
		{"TRACE /api/notes", []int{403, 405}},
	} {
		status := send(c.line, "")
		ok := false
		for _, want := range c.refused {
			ok = ok || status == want
		}
		if !ok {
			t.Errorf("%q: %d, want %v", c.line, status, c.refused)
		}
		if seen := behind.take(); len(seen) != 0 {
			t.Errorf("%q reached the upstream as %s %s", c.line, seen[0].Method, seen[0].RequestURI)
		}
	}

	host := strings.TrimPrefix(s.URL, "http://")
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"no credential":       {"GET /api/x HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 401},
		"a websocket without": {"GET /api/x HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 401},
		"two credentials":     {"GET /api/x HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\nAuthorization: Bearer " + token + "\r\n\r\n", 400},
		"a mebibyte of dots":  {"GET /api/x HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + strings.Repeat(".", 1<<20) + "\r\n\r\n", 431},
		"a lot of dots":       {"GET /api/x HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + strings.Repeat(".", 20_000) + "\r\n\r\n", 401},
		"a health checker":    {"GET /api/x HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: GoogleHC/1.0\r\n\r\n", 401},
		"basic":               {"GET /api/x HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Basic cml0YTpwYXNz\r\n\r\n", 401},
	} {
		if status := raw(t, s, c.request); status != c.status {
			t.Errorf("%s: %d, want %d", name, status, c.status)
		}
		if seen := behind.take(); len(seen) != 0 {
			t.Errorf("%s reached the upstream", name)
		}
	}

	// Trailers come after the decision; one that names an identity header must not arrive either.
	status := raw(t, s, "GET /api/x HTTP/1.1\r\nHost: "+host+"\r\nAuthorization: Bearer "+token+
		"\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-User-Id\r\n\r\n1\r\na\r\n0\r\nX-User-Id: root\r\n\r\n")
	seen := behind.take()
	if status != 200 || len(seen) != 1 || seen[0].Trailer.Get("X-User-Id") != "" || seen[0].Header.Get("X-User-Id") != sub {
		t.Errorf("a trailer: %d, %+v", status, seen)
	}
}
