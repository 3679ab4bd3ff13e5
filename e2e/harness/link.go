package harness

import (
	"net"
	"sync"
	"testing"
)

// Link is a network connection to a server that a test can break: what connects to Address is connected to the server.
type Link struct {
	Address string // 127.0.0.1:<port>

	to      string
	mu      sync.Mutex
	open    map[net.Conn]bool
	refuse  bool
	healthy chan struct{} // closed while packets pass
}

// NewLink returns a link to a server, host:port.
func NewLink(t testing.TB, to string) *Link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &Link{Address: l.Addr().String(), to: to, open: map[net.Conn]bool{}, healthy: make(chan struct{})}
	close(k.healthy)
	t.Cleanup(func() {
		_ = l.Close() // ends accept
		k.Heal()
		k.reset()
	})
	go k.accept(l)
	return k
}

func (k *Link) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go k.forward(c)
	}
}

func (k *Link) forward(client net.Conn) {
	if !k.hold(client) {
		return
	}
	defer k.leave(client)
	k.pass() // while packets are lost, neither side notices the connection
	server, err := net.Dial("tcp", k.to)
	if err != nil || !k.hold(server) {
		return
	}
	defer k.leave(server)
	var both sync.WaitGroup
	both.Go(func() { k.pump(server, client) })
	both.Go(func() { k.pump(client, server) })
	both.Wait()
}

// pump passes what arrives on, as long as packets pass.
func (k *Link) pump(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		k.pass()
		if n > 0 {
			if _, writeErr := to.Write(buffer[:n]); writeErr != nil {
				err = writeErr
			}
		}
		if err != nil {
			_ = to.Close() // the other direction ends, too
			return
		}
	}
}

// pass waits until packets pass.
func (k *Link) pass() {
	k.mu.Lock()
	healthy := k.healthy
	k.mu.Unlock()
	<-healthy
}

// hold registers a connection, unless connections are refused now.
func (k *Link) hold(c net.Conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.refuse {
		abort(c)
		return false
	}
	k.open[c] = true
	return true
}

func (k *Link) leave(c net.Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.open, c)
	_ = c.Close() // it may have ended
}

// Drop loses all packets without a word: connections stay open, and nothing arrives.
func (k *Link) Drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.healthy = make(chan struct{})
}

// Cut resets all connections, and each new one.
func (k *Link) Cut() {
	k.mu.Lock()
	k.refuse = true
	k.mu.Unlock()
	k.reset()
}

// Heal ends Drop and Cut. What was underway arrives, as TCP sends it again.
func (k *Link) Heal() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refuse = false
	select {
	case <-k.healthy:
	default:
		close(k.healthy)
	}
}

func (k *Link) reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for c := range k.open {
		abort(c)
	}
}

// abort closes a connection with a reset.
func abort(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close() // it may have ended
}
