package handover_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/handover"
)

func TestAnIdleConnectionMoves(t *testing.T) {
	for _, s := range []*site{{}, {http2: true}, {tls: certificate(t), terms: "as ever"}} {
		s.replace(t, nil)
		c := dial(t, s)
		c.want(t, "/a", "one", "1 /a one")
		for n := 2; n < 5; n++ {
			s.replace(t, nil)
			c.want(t, "/b", "two", fmt.Sprintf("%d /b two", n))
			c.want(t, "/c", "", fmt.Sprintf("%d /c ", n))
		}
		s.stop(t)
	}
}

func TestAConnectionWithoutARequestMoves(t *testing.T) {
	plainAndTLS(t, func(t *testing.T, s *site) {
		c := dial(t, s)
		time.Sleep(10 * time.Millisecond) // let the first server accept it
		s.replace(t, nil)
		s.replace(t, nil)
		c.want(t, "/a", "", "3 /a ")
	})
}

func TestABodyOfAnySizeArrivesWhole(t *testing.T) {
	plainAndTLS(t, func(t *testing.T, s *site) {
		c := dial(t, s)
		for _, size := range []int{0, 1, 4000, 4096, 5000, 100_000} {
			body := strings.Repeat("x", size)
			s.replace(t, nil)
			c.want(t, "/", body, fmt.Sprintf("%d / %s", s.servers, body))
		}
	})
}

// The old server answers the requests that it has begun, however long they take.
func TestARequestThatHasBegunIsAnsweredByItsServer(t *testing.T) {
	s := start(t)
	began, end := make(chan struct{}), make(chan struct{})
	s.replace(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-end
		_, _ = io.WriteString(w, "slow")
	}))
	answers := make(chan string, 1)
	c := dial(t, s)
	go func() {
		answer, err := c.ask("/", "")
		answers <- fmt.Sprint(answer, err)
	}()
	<-began
	go func() {
		time.Sleep(1200 * time.Millisecond) // longer than the wait before a shutdown
		close(end)
	}()
	s.replace(t, nil)
	if got := <-answers; !strings.HasPrefix(got, "slow") {
		t.Errorf("the answer is %q", got)
	}
}

// A client sends its next request before it has the answer to the last one, and the old server may have read a part of it. No
// server must read a request from its middle.
func TestRequestsThatDoNotWaitAreNotTorn(t *testing.T) { plainAndTLS(t, tearNothing) }

func tearNothing(t *testing.T, s *site) {
	var torn atomic.Int64
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/whole" {
			torn.Add(1)
		}
	})
	s.replace(t, answer)
	done := make(chan struct{})
	var clients sync.WaitGroup
	for n := range 4 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				c, err := s.connect()
				if err != nil {
					t.Error(err)
					return
				}
				conn := c.conn
				go io.Copy(io.Discard, conn)
				request := "GET /whole HTTP/1.1\r\nHost: x\r\nX-Fill: /GET /torn HTTP/1.1\r\n\r\n"
				for i := 0; i < 20; i++ {
					cut := (7*i + n) % len(request) // of the next, in one segment with the rest of this
					if _, err := io.WriteString(conn, request+request[:cut]); err != nil {
						break
					}
					time.Sleep(time.Millisecond)
					if _, err := io.WriteString(conn, request[cut:]); err != nil {
						break
					}
				}
				conn.Close()
			}
		})
	}
	for range 20 {
		s.replace(t, answer)
		time.Sleep(10 * time.Millisecond)
	}
	close(done)
	clients.Wait()
	s.stop(t)
	if n := torn.Load(); n > 0 {
		t.Errorf("%d requests were read from the middle", n)
	}
}

func TestNothingIsLostUnderLoad(t *testing.T) { plainAndTLS(t, loseNothing) }

func loseNothing(t *testing.T, s *site) {
	var asked atomic.Int64
	done := make(chan struct{})
	var clients sync.WaitGroup
	for n := range 8 {
		fresh := n%2 == 0
		c := dial(t, s)
		clients.Go(func() {
			defer func() { c.conn.Close() }()
			for {
				select {
				case <-done:
					return
				default:
				}
				if fresh || c.over { // a server that shuts down announces it in its answers
					c.conn.Close()
					var err error
					if c, err = s.connect(); err != nil {
						t.Error(err)
						return
					}
				}
				if answer, err := c.ask("/x", "a body"); err != nil || !strings.HasSuffix(answer, " /x a body") {
					t.Errorf("fresh %v: %q, %v", fresh, answer, err)
					return
				}
				asked.Add(1)
			}
		})
	}
	for range 20 {
		s.replace(t, nil)
		time.Sleep(20 * time.Millisecond)
	}
	close(done)
	clients.Wait()
	t.Logf("%d requests", asked.Load())
}

func TestAServerThatDoesNotStartDisturbsNobody(t *testing.T) {
	plainAndTLS(t, func(t *testing.T, s *site) {
		idle := dial(t, s)
		idle.want(t, "/a", "", "1 /a ")
		socket := bind(t, s.address)
		l, err := s.registry.Listen(socket, handover.Options{Socket: socket})
		if err != nil {
			t.Fatal(err)
		}
		idle.want(t, "/b", "", "1 /b ")
		dial(t, s).want(t, "/b", "", "1 /b ")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l.Take()
		idle.want(t, "/c", "", "1 /c ")
		dial(t, s).want(t, "/c", "", "1 /c ")
		s.replace(t, nil)
		idle.want(t, "/d", "", "2 /d ")
	})
}

// The server that begins before the one that serves ends is not always the one that continues.
func TestTheAddressOfAServerThatEndsGoesToTheOneBeforeIt(t *testing.T) {
	s := start(t)
	socket := bind(t, s.address)
	begins, err := s.registry.Listen(socket, handover.Options{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	last, first := s.current, s.places[0]
	s.current, s.places = nil, nil
	s.replace(t, nil)
	c := dial(t, s)
	c.want(t, "/a", "", "2 /a ")
	shutDown(t, s.current)
	dial(t, s).want(t, "/b", "", "1 /b ")
	first.Take()
	dial(t, s).want(t, "/c", "", "1 /c ")
	if err := begins.Close(); err != nil {
		t.Fatal(err)
	}
	s.current = last
	s.stop(t)
}

func TestAServerThatTakesItsAddressAndEndsReturnsItsConnections(t *testing.T) {
	s := start(t)
	idle := dial(t, s)
	idle.want(t, "/a", "", "1 /a ")
	socket := bind(t, s.address)
	l, err := s.registry.Listen(socket, handover.Options{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	l.Take()
	fresh := dial(t, s)
	answers := make(chan string, 2)
	for _, c := range []*client{idle, fresh} {
		go func() {
			answer, err := c.ask("/b", "")
			answers <- fmt.Sprint(answer, err)
		}()
	}
	time.Sleep(20 * time.Millisecond)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := <-answers; got != "1 /b <nil>" {
			t.Errorf("the answer is %q", got)
		}
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accepting after Close: %v", err)
	}
}

func TestTheLastServerClosesTheSocket(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	c.want(t, "/a", "", "1 /a ")
	s.replace(t, nil)
	s.stop(t)
	if _, err := c.ask("/b", ""); err == nil {
		t.Error("an idle connection was answered")
	}
	if conn, err := net.Dial("tcp", s.address); err == nil {
		conn.Close()
		t.Error("the port still takes connections")
	}
	again := &site{address: s.address}
	again.replace(t, nil)
	dial(t, again).want(t, "/a", "", "1 /a ")
	again.stop(t)
}

func TestAHijackedConnectionStays(t *testing.T) {
	s := start(t)
	s.replace(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, in, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		line, _ := in.ReadString('\n')
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"+line)
	}))
	c := dial(t, s)
	c.want(t, "/", "", "")
	s.replace(t, nil)
	fmt.Fprint(c.conn, "echo\n")
	if got, err := c.answer(); err != nil || got != "echo\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestHTTP2StaysWithItsServer(t *testing.T) {
	s := start(t)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	c := &http.Client{Transport: &http.Transport{Protocols: &protocols}}
	for n := range 2 {
		resp, err := c.Post("http://"+s.address+"/x", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.ProtoMajor != 2 || string(body) != fmt.Sprintf("%d /x body", n+1) {
			t.Errorf("HTTP/%d %q, %v", resp.ProtoMajor, body, err)
		}
		resp.Body.Close()
		s.replace(t, nil)
	}
	c.CloseIdleConnections()
}

// A listener that does not expose its socket still passes its connections on.
func TestAListenerThatDoesNotExposeItsSocket(t *testing.T) {
	var registry handover.Registry
	l := httptest.NewUnstartedServer(nil).Listener
	wrapped, err := registry.Listen(l, handover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ConnState: handover.State}
	go server.Serve(wrapped)
	defer server.Close()
	resp, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 404 {
		t.Errorf("status %d", resp.StatusCode)
	}
}
