package e2e

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sluicegate/sluice/e2e/harness"
)

// openIDIssuer is an issuer with two signing keys, of which it publishes those in published.
type openIDIssuer struct {
	url       string
	keys      [2]jwk.Key
	mu        sync.Mutex
	published []int
}

func startOpenIDIssuer(t *testing.T) *openIDIssuer {
	t.Helper()
	i := &openIDIssuer{published: []int{0, 1}}
	for n, id := range []string{"first", "second"} {
		raw, err := rsa.GenerateKey(rand.Reader, 2048)
		ok(t, err)
		i.keys[n], err = jwk.Import(raw)
		ok(t, err)
		ok(t, i.keys[n].Set(jwk.KeyIDKey, id))
		ok(t, i.keys[n].Set(jwk.AlgorithmKey, jwa.RS256()))
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		set := jwk.NewSet()
		for _, n := range i.published {
			public, err := i.keys[n].PublicKey()
			if err == nil {
				err = set.AddKey(public)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(set)
	}))
	t.Cleanup(s.Close)
	i.url = s.URL
	return i
}

func (i *openIDIssuer) publish(keys ...int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.published = keys
}

func (i *openIDIssuer) token(t *testing.T, key int, id string) string {
	t.Helper()
	token, err := jwt.NewBuilder().Issuer(i.url).Subject("ada").Claim("client_id", "web").JwtID(id).IssuedAt(time.Now()).Expiration(time.Now().Add(time.Hour)).Build()
	ok(t, err)
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.RS256(), i.keys[key]))
	ok(t, err)
	return string(signed)
}

func bearerStatus(t *testing.T, url, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	ok(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	ok(t, err)
	_ = response.Body.Close()
	return response.StatusCode
}

func TestAKeyTakenOutOfAKeySetStopsTokensSeenBeforeAlsoOverReloads(t *testing.T) {
	t.Parallel()
	issuer := startOpenIDIssuer(t)
	route := "\thandle /partners/* {\n\t\tsluice_authorize {\n\t\t\tissuer " + issuer.url + " {\n\t\t\t\tjwks_url " + issuer.url + "/keys\n\t\t\t\tclient_id web\n\t\t\t}\n" +
		"\t\t\tallow any * /partners/*\n\t\t}\n\t\trespond ok\n\t}\n"
	s := harness.Start(t, harness.Config{Alone: true, Edit: func(file string) string {
		return strings.Replace(file, "\thandle /api/* {\n", route+"\thandle /api/* {\n", 1)
	}})
	url := s.URL + "/partners/x"
	old, other := issuer.token(t, 0, "old"), issuer.token(t, 1, "other")
	status := func(when string, token string, want int) {
		t.Helper()
		for range 3 { // the cache keeps what is seen twice
			if got := bearerStatus(t, url, token); got != want {
				t.Errorf("%s: status %d, want %d", when, got, want)
			}
		}
	}
	status("while its key is published", old, 200)
	status("while its key is published", other, 200)
	s.Reload(t)
	status("after a reload of the same configuration", old, 200)

	issuer.publish(1)
	edit := func(from, to string) { s.Write(t, strings.Replace(s.Read(t), from, to, 1)) }
	edit("allow any * /partners/*", "allow any GET /partners/*")
	s.Reload(t) // another rule: the keys are kept
	// A key that nobody knows has the set fetched, as often as min_refresh allows.
	stranger := startOpenIDIssuer(t)
	stranger.url = issuer.url
	ok(t, stranger.keys[0].Set(jwk.KeyIDKey, "unknown"))
	s.Await(t, func() bool {
		_ = bearerStatus(t, url, stranger.token(t, 0, "stranger"))
		return bearerStatus(t, url, old) == 401
	})
	status("after its key was taken out", old, 401)
	status("of the key that stays", other, 200)
	s.Reload(t)
	status("after a reload of the same configuration", old, 401)
	edit("allow any GET /partners/*", "allow any * /partners/*")
	s.Reload(t)
	status("after a reload with another rule", old, 401)
	edit("client_id web", "client_id web\n\t\t\t\tmax_stale 2h")
	s.Reload(t)
	status("after a reload with another key set", old, 401)
	status("of the key that stays", other, 200)
}

// http2Client speaks HTTP/2 frame by frame: the clients of the standard library open no WebSocket over it.
type http2Client struct {
	*http2.Framer
	conn    net.Conn
	host    string
	block   bytes.Buffer
	encode  *hpack.Encoder
	stream  uint32
	offered bool // the server's SETTINGS_ENABLE_CONNECT_PROTOCOL
}

func dialHTTP2(t *testing.T, s *harness.Sluice) *http2Client {
	t.Helper()
	host := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.Dial("tcp", host)
	ok(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	ok(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, http2.ClientPreface)
	ok(t, err)
	c := &http2Client{Framer: http2.NewFramer(conn, bufio.NewReader(conn)), conn: conn, host: host, stream: 1}
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.encode = hpack.NewEncoder(&c.block)
	ok(t, c.WriteSettings())
	frame, err := c.ReadFrame()
	ok(t, err)
	value, _ := frame.(*http2.SettingsFrame).Value(http2.SettingEnableConnectProtocol)
	c.offered = value == 1
	return c
}

// ask opens a stream with the fields and returns its number.
func (c *http2Client) ask(t *testing.T, fields ...string) uint32 {
	t.Helper()
	c.block.Reset()
	for i := 0; i+1 < len(fields); i += 2 {
		ok(t, c.encode.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}))
	}
	id := c.stream
	c.stream += 2
	ok(t, c.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.block.Bytes(), EndHeaders: true}))
	return id
}

// answer returns the status of a stream's answer, or that the stream was reset.
func (c *http2Client) answer(t *testing.T, id uint32) string {
	t.Helper()
	for {
		frame, err := c.ReadFrame()
		if err != nil {
			return err.Error()
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			if status := f.PseudoValue("status"); f.StreamID == id && status[0] != '1' {
				return status
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == id {
				return f.ErrCode.String()
			}
		case *http2.GoAwayFrame:
			return f.ErrCode.String()
		}
	}
}

// sockets is an upstream that takes WebSockets and echoes what it gets.
type sockets struct {
	upstream
}

func (s *sockets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	if r.Header.Get("Upgrade") != "websocket" {
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_, _ = io.Copy(conn, rw)
}

// Go's server takes WebSockets over HTTP/2 only where the environment says so.
func TestAWebSocketOverHTTP2IsDecidedAsTheGETThatTheUpstreamGets(t *testing.T) {
	t.Parallel()
	behind := &sockets{}
	server := httptest.NewServer(behind)
	t.Cleanup(server.Close)
	edit := func(file string) string {
		address := strings.TrimPrefix(server.URL, "http://")
		file = strings.Replace(file, "\tservers {\n", "\tservers {\n\t\tprotocols h1 h2 h2c\n", 1)
		return strings.Replace(file, "\thandle /api/* {\n", "\thandle /ws/* {\n\t\tsluice_authorize {\n\t\t\tuser_pool us-east-1_notes0001\n\t\t\tallow any * /ws/*\n"+
			"\t\t\tdeny any GET /ws/private\n\t\t\theader X-User-Id {http.auth.user.id}\n\t\t}\n\t\treverse_proxy "+address+"\n\t}\n\thandle /api/* {\n", 1)
	}
	on := harness.Start(t, harness.Config{Alone: true, Edit: edit, Env: []string{"GODEBUG=http2xconnect=1"}})
	sub := makeUser(t, on, "rita")
	token := "Bearer " + *signIn(t, on, "rita").AccessToken
	c := dialHTTP2(t, on)
	if !c.offered {
		t.Fatal("the server offers no WebSocket over HTTP/2")
	}
	connect := func(path string, more ...string) (uint32, string) {
		id := c.ask(t, append([]string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":path", path, ":authority", c.host}, more...)...)
		return id, c.answer(t, id)
	}
	for _, tc := range []struct {
		path, status string
		headers      []string
	}{
		{"/ws/x", "401", nil},
		{"/ws/private", "403", []string{"authorization", token}},
		{"/WS/private", "403", []string{"authorization", token}},
		{"/ws/%70rivate", "403", []string{"authorization", token}},
		{"/ws/x", "400", []string{"authorization", token, "authorization", token}},
	} {
		if _, status := connect(tc.path, tc.headers...); status != tc.status {
			t.Errorf("%s %v: %s, want %s", tc.path, tc.headers, status, tc.status)
		}
	}
	for _, fields := range [][]string{
		{":method", "CONNECT", ":authority", c.host, "authorization", token},
		{":method", "CONNECT", ":protocol", "connect-udp", ":scheme", "http", ":path", "/ws/x", ":authority", c.host, "authorization", token},
		{":method", "CONNECT", ":protocol", "WebSocket", ":scheme", "http", ":path", "/ws/x", ":authority", c.host, "authorization", token},
	} {
		if status := c.answer(t, c.ask(t, fields...)); status == "200" {
			t.Errorf("%v: %s", fields, status)
		}
		c = dialHTTP2(t, on) // the server may have ended the connection
	}
	if seen := behind.take(); len(seen) > 0 {
		t.Errorf("the upstream received %s %s", seen[0].Method, seen[0].RequestURI)
	}
	id, status := connect("/ws/x", "authorization", token, "x-user-id", "root", "sec-websocket-version", "13")
	seen := behind.take()
	if status != "200" || len(seen) != 1 || seen[0].Method != "GET" || seen[0].RequestURI != "/ws/x" || seen[0].Header.Get("X-User-Id") != sub {
		t.Fatalf("status %s, the upstream received %+v", status, seen)
	}
	ok(t, c.WriteData(id, false, []byte("ping")))
	for {
		frame, err := c.ReadFrame()
		ok(t, err)
		if data, is := frame.(*http2.DataFrame); is && data.StreamID == id {
			if string(data.Data()) != "ping" {
				t.Errorf("the tunnel carries %q", data.Data())
			}
			break
		}
	}
	// Another stream of the connection is decided on by itself.
	if status := c.answer(t, c.ask(t, ":method", "GET", ":scheme", "http", ":path", "/ws/x", ":authority", c.host)); status != "401" {
		t.Errorf("a request beside the tunnel: %s", status)
	}

	off := harness.Start(t, harness.Config{Alone: true, Edit: edit})
	makeUser(t, off, "rita")
	token = "Bearer " + *signIn(t, off, "rita").AccessToken
	c = dialHTTP2(t, off)
	if _, status := connect("/ws/x", "authorization", token); c.offered || status != "PROTOCOL_ERROR" {
		t.Errorf("a server that offers none: %v, %s", c.offered, status)
	}
	if seen := behind.take(); len(seen) > 0 {
		t.Errorf("the upstream received %s %s", seen[0].Method, seen[0].RequestURI)
	}
}
