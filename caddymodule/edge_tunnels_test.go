package caddymodule

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
)

// The attack: an upgrade to h2c opens a connection on which every further request passes without a decision.
func TestOnlyWebSocketOpensATunnel(t *testing.T) {
	e := startEdge(t, gate("allow anonymous * /*")+"reverse_proxy %UPSTREAM%")
	const settings = "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
	const socket = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for name, request := range map[string]string{
		"h2c":                     "GET /x HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" + settings,
		"h2c in other case":       "GET /x HTTP/1.1\r\nconnection: upgrade, http2-settings\r\nupgrade: H2C\r\n" + settings,
		"h2c with a body":         "POST /x HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 0\r\n" + settings,
		"settings alone":          "GET /x HTTP/1.1\r\n" + settings,
		"another protocol":        "GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: irc/6.9\r\n",
		"TLS":                     "GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n",
		"a list, WebSocket first": "GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n" + socket,
		"a list, WebSocket last":  "GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n" + socket,
		"two lines":               "GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n" + socket,
		"WebSocket by POST":       "POST /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n" + socket,
		"WebSocket with a body":   "GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n" + socket,
	} {
		e.upstream.take()
		body := ""
		if strings.Contains(request, "Content-Length: 2") {
			body = "ab"
		}
		a := e.raw(t, request+"Host: a\r\n\r\n"+body)
		if a.status != 200 || a.got == nil {
			t.Errorf("%s: status %d", name, a.status)
			continue
		}
		for _, header := range []string{"Upgrade", "HTTP2-Settings"} {
			if sent := a.got.values(header); len(sent) > 0 {
				t.Errorf("%s: the upstream received %s: %q", name, header, sent)
			}
		}
		for _, sent := range a.got.values("Connection") {
			if strings.Contains(strings.ToLower(sent), "upgrade") || strings.Contains(strings.ToLower(sent), "http2") {
				t.Errorf("%s: the upstream received Connection: %q", name, sent)
			}
		}
	}
	for _, request := range []string{"CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT internal:22 HTTP/1.1\r\nHost: internal:22\r\n\r\n"} {
		e.upstream.take()
		if a := e.raw(t, request); a.status != 400 {
			t.Errorf("%q: status %d", request, a.status)
		}
		if seen := e.upstream.take(); len(seen) > 0 {
			t.Errorf("%q: the upstream received %q", request, seen[0].Line)
		}
	}
	if _, _, response := e.dial(t, ""); response.StatusCode != 101 {
		t.Errorf("WebSocket: status %d", response.StatusCode)
	}
}

// secure loads the site on a port with TLS and returns an HTTP/3 client and the base URL.
func (e *edge) secure(t *testing.T, site string) (*http3.Transport, string) {
	t.Helper()
	return e.secureWith(t, "", site)
}

// secureWith is secure with a block for the app.
func (e *edge) secureWith(t *testing.T, block, site string) (*http3.Transport, string) {
	t.Helper()
	port := freePort(t)
	e.more = append(e.more, "%TLS%", port)
	if err := e.tryLoad(block, "http://:%PORT% {\n"+site+"}\nhttps://localhost:%TLS% {\n"+ownCertificate(t)+site+"}\n"); err != nil {
		t.Fatal(err)
	}
	insecure := &tls.Config{InsecureSkipVerify: true}
	quic := &http3.Transport{TLSClientConfig: insecure}
	t.Cleanup(func() { _ = quic.Close() })
	awaitCertificate(t, port)
	return quic, "https://localhost:" + port
}

func awaitCertificate(t *testing.T, port string) {
	t.Helper()
	eventually(t, "Caddy has a certificate", func() bool {
		conn, err := tls.Dial("tcp", "localhost:"+port, &tls.Config{InsecureSkipVerify: true})
		if err == nil {
			err = conn.Close()
		}
		return err == nil
	})
}

func TestAWebSocketOverHTTP3IsDecidedAsTheGETThatTheUpstreamGets(t *testing.T) {
	e := newEdge(t)
	quic, base := e.secure(t, gate("allow any * /*\ndeny any GET /private")+"reverse_proxy %UPSTREAM%\n")
	token := e.issuer.bearer(t, "ada")
	ask := func(path string, headers ...string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Proto = "websocket"
		addHeaders(r, append(headers, "Sec-WebSocket-Version: 13"))
		response, err := quic.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	e.upstream.take()
	if response := ask("/private", token); response.StatusCode != 403 {
		t.Errorf("denied for GET: status %d", response.StatusCode)
	}
	if response := ask("/open"); response.StatusCode != 401 {
		t.Errorf("without a token: status %d", response.StatusCode)
	}
	if seen := e.upstream.take(); len(seen) > 0 {
		t.Errorf("the upstream received %q", seen[0].Line)
	}
	if response := ask("/open", token); response.StatusCode != 200 || !strings.Contains(response.Header.Get("X-Decision"), "/GET/open") {
		t.Errorf("status %d, decided %q", response.StatusCode, response.Header.Get("X-Decision"))
	}
	if seen := e.upstream.take(); len(seen) != 1 || !strings.HasPrefix(seen[0].Line, "GET /open ") {
		t.Errorf("the upstream received %v", seen)
	}
}

// streams is an upstream with slow responses: an event stream that stalls, an endless download, a response that never begins.
func streams(t *testing.T) (address string, left <-chan string) {
	t.Helper()
	gone := make(chan string, 64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { gone <- r.URL.Path }()
		control := http.NewResponseController(w)
		switch r.URL.Path {
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = control.Flush()
			<-r.Context().Done()
		case "/download":
			w.Header().Set("Content-Length", "1000000000")
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 32<<10)); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		case "/poll":
			<-r.Context().Done()
		case "/upload":
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), gone
}

// dripping is a body of one byte after another until somebody closes it.
func dripping(t *testing.T) io.Reader {
	reader, writer := io.Pipe()
	t.Cleanup(func() { _ = writer.Close() })
	go func() {
		for {
			if _, err := writer.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return reader
}

func TestLongRequestsEndWithTheirToken(t *testing.T) {
	e := newEdge(t)
	address, gone := streams(t)
	e.more = []string{"%STREAMS%", address}
	quic, base := e.secure(t, gate("allow any * /*\nleeway 0s")+"reverse_proxy %STREAMS%\n")
	clients := map[string]struct {
		do   func(*http.Request) (*http.Response, error)
		base string
	}{
		"HTTP/1.1": {e.http.Transport.RoundTrip, e.url("")},
		"HTTP/2":   {h2cClient(t).Transport.RoundTrip, e.url("")},
		"HTTP/3":   {quic.RoundTrip, base},
	}
	bob := e.issuer.bearer(t, "bob")
	expires := time.Now().Add(5 * time.Second).Truncate(time.Second)
	ada := e.issuer.bearer(t, "ada", "exp", expires.Unix())
	var failed failures
	var running sync.WaitGroup
	for name, c := range clients {
		ask := func(path, token string) (*http.Response, error) {
			method, body := http.MethodGet, io.Reader(nil)
			if path == "/upload" { // of which the end does not come
				method, body = http.MethodPost, dripping(t)
			}
			r, err := http.NewRequestWithContext(t.Context(), method, c.base+path, body)
			if err != nil {
				return nil, err
			}
			addHeaders(r, []string{token})
			return c.do(r)
		}
		other, err := ask("/events", bob) // not ended
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.Body.Close() })
		for _, path := range []string{"/events", "/download", "/poll", "/upload"} {
			running.Go(func() {
				response, err := ask(path, ada)
				if err == nil && response.StatusCode == 200 {
					_, err = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
				if err == nil && (path == "/events" || path == "/download" || response.StatusCode == 200) {
					failed.add("%s %s: the answer came to its end", name, path)
				}
				if early := time.Until(expires); early > 100*time.Millisecond {
					failed.add("%s %s: ended %v before the token: %v", name, path, early, err)
				}
			})
		}
	}
	running.Wait()
	failed.report(t)
	ended := map[string]int{}
	for range 4 * len(clients) {
		ended[<-gone]++
	}
	if ended["/events"] != 3 || ended["/download"] != 3 || ended["/poll"] != 3 || ended["/upload"] != 3 {
		t.Errorf("the upstream's answers that ended: %v", ended)
	}
	select {
	case path := <-gone:
		t.Errorf("%s of another credential ended too", path)
	default:
	}
}

func TestSigningOutEndsLongRequestsAlsoAfterAReload(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	address, gone := streams(t)
	e.more = append(e.more, "%STREAMS%", address)
	site := poolSite + "\nhandle /events {\n sluice_authorize {\n user_pool us-east-1_edge00001\n allow any * /*\n }\n reverse_proxy %STREAMS%\n}\n"
	e.load(t, poolBlock, site)
	e.addUser(t, "ada", "readers")
	e.addUser(t, "bob", "readers")
	start := func(user string) (tokens, *http.Response) {
		in := e.mustSignIn(t, user)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url("/events"), nil)
		if err != nil {
			t.Fatal(err)
		}
		addHeaders(r, []string{"Authorization: Bearer " + in.access})
		response, err := e.http.Transport.RoundTrip(r)
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("%v %v", response, err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return in, response
	}
	ada, stream := start("ada")
	_, other := start("bob")
	// The gate of the earlier configuration, which makes other services, still ends its requests.
	if err := e.reload(poolBlock+"\nrate_limit 4000", site); err != nil {
		t.Fatal(err)
	}
	unsigned(t, e, "GlobalSignOut", object{"AccessToken": ada.access})
	if _, err := io.Copy(io.Discard, stream.Body); err == nil {
		t.Error("the stream ended normally instead of being aborted")
	}
	<-gone
	select {
	case <-gone:
		t.Error("the stream of another user ended too")
	default:
	}
	_ = other.Body.Close()
}
