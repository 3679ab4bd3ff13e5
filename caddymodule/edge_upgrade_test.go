package caddymodule

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// dial opens a connection and sends an upgrade request.
func (e *edge) dial(t *testing.T, headers string) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+e.port, aMinute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(conn, "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+headers+"\r\n")
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return conn, in, response
}

func TestATunnelNeedsACredentialAndEndsWithIt(t *testing.T) {
	e := startEdge(t, open("leeway 0s\n header X-User-Id {http.auth.user.id}"))
	if _, _, response := e.dial(t, ""); response.StatusCode != 401 {
		t.Errorf("without a token: status %d", response.StatusCode)
	}
	if _, _, response := e.dial(t, e.issuer.bearer(t, "ada", "exp", time.Now().Unix()-1)+"\r\n"); response.StatusCode != 401 {
		t.Errorf("with an old token: status %d", response.StatusCode)
	}
	if seen := e.upstream.take(); len(seen) > 0 {
		t.Fatalf("the upstream received %q", seen[0].Line)
	}

	expires := time.Now().Add(4 * time.Second).Truncate(time.Second) // long enough to open the tunnel on a busy machine
	conn, in, response := e.dial(t, e.issuer.bearer(t, "ada", "exp", expires.Unix())+"\r\nX-User-Id: root\r\n")
	if response.StatusCode != 101 {
		t.Fatalf("with a token: status %d", response.StatusCode)
	}
	seen := e.upstream.take()
	if len(seen) != 1 {
		t.Fatalf("%d requests arrived", len(seen))
	}
	checkIdentityOf(t, "upgrade", answer{got: &seen[0]}, map[string]string{"X-User-Id": "ada"})
	echo := func() error {
		if _, err := io.WriteString(conn, "ping"); err != nil {
			return err
		}
		_, err := io.ReadFull(in, make([]byte, 4))
		return err
	}
	if err := echo(); err != nil {
		t.Fatal(err)
	}
	lasting, lastingIn, response := e.dial(t, e.issuer.bearer(t, "bob")+"\r\n")
	if response.StatusCode != 101 {
		t.Fatalf("status %d", response.StatusCode)
	}
	if _, err := in.ReadByte(); err == nil {
		t.Error("the upstream sent data")
	}
	if late := time.Since(expires); late < -100*time.Millisecond || late > 20*time.Second {
		t.Errorf("the tunnel ended %v after the token", late)
	}
	if _, err := io.WriteString(lasting, "ping"); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(lastingIn, make([]byte, 4)); err != nil {
		t.Errorf("another tunnel ended too: %v", err)
	}
	if err := lasting.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "the tunnels' other ends are closed", func() bool { return e.upstream.open() == 0 })
}
