package handover_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Without a reload, a kept-alive connection stays open as with a plain listener, with any kind of request and on a busy machine.
func TestAKeptConnectionStaysOpen(t *testing.T) {
	plain := &http.Server{Handler: http.HandlerFunc(someOfTheBody)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go plain.Serve(l)
	t.Cleanup(func() { plain.Close() })
	t.Run("a plain listener", func(t *testing.T) { keepOpen(t, &site{address: l.Addr().String()}) })
	plainAndTLS(t, func(t *testing.T, s *site) {
		s.replace(t, plain.Handler)
		keepOpen(t, s)
	})
}

// someOfTheBody reads as much of the body as the path says, and answers with as much as it read, and as the query says.
func someOfTheBody(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/all" {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	if r.URL.Path == "/some" {
		_, _ = io.CopyN(io.Discard, r.Body, 100)
	}
	var size int
	_, _ = fmt.Sscan(r.URL.RawQuery, &size)
	_, _ = io.WriteString(w, strings.Repeat("y", size))
}

func keepOpen(t *testing.T, s *site) {
	var over atomic.Bool
	defer over.Store(true)
	for range 2 * runtime.GOMAXPROCS(0) {
		go func() {
			for !over.Load() { // keep the processor busy
			}
		}()
	}
	var asked atomic.Int64
	var clients sync.WaitGroup
	for n := range 24 {
		c := dial(t, s)
		random := rand.New(rand.NewPCG(uint64(n), 0))
		clients.Go(func() {
			for end := time.Now().Add(steadyTime); time.Now().Before(end); asked.Add(1) {
				if err := c.anything(random); err != nil {
					t.Errorf("client %d: %v", n, err)
					return
				}
			}
		})
	}
	clients.Wait()
	t.Logf("%d requests on 24 connections", asked.Load())
}

const steadyTime = 300 * time.Millisecond

// anything sends one or two requests of any kind, in any pieces, and checks the answers.
func (c *client) anything(random *rand.Rand) error {
	var out strings.Builder
	var asked []*http.Request
	for range 1 + random.IntN(5)/4 { // rarely a second one, sent before the first answer
		method := []string{"GET", "HEAD", "POST", "PUT"}[random.IntN(4)]
		size := []int{0, 1, 50, 5000, 100_000}[random.IntN(5)]
		path := []string{"/all", "/some", "/none"}[random.IntN(3)]
		fmt.Fprintf(&out, "%s %s?%d HTTP/1.1\r\nHost: x\r\n", method, path, size)
		asked = append(asked, &http.Request{Method: method, ContentLength: int64(size)})
		if path == "/all" && random.IntN(4) == 0 { // otherwise net/http closes the connection because of the body
			out.WriteString("Expect: 100-continue\r\n")
		}
		body := strings.Repeat("x", random.IntN(20_000))
		switch {
		case method == "GET" || method == "HEAD":
			out.WriteString("\r\n")
		case random.IntN(2) == 0:
			fmt.Fprintf(&out, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body)+1, body+"x")
		default:
			fmt.Fprintf(&out, "Content-Length: %d\r\n\r\n%s", len(body), body)
		}
	}
	sent := make(chan error, 1)
	go func() {
		for text := out.String(); text != ""; {
			n := min(len(text), 1+random.IntN(8000))
			if _, err := io.WriteString(c.conn, text[:n]); err != nil {
				sent <- err
				return
			}
			text = text[n:]
			time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond)
		}
		sent <- nil
	}()
	for _, request := range asked {
		if err := c.answered(request); err != nil {
			return fmt.Errorf("%w, after sending %.200q", err, out.String())
		}
	}
	return <-sent
}

func (c *client) answered(request *http.Request) error {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for {
		answer, err := http.ReadResponse(c.in, request)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode == http.StatusContinue {
			continue
		}
		if err == nil && (answer.StatusCode != 200 || answer.Close || n != request.ContentLength && request.Method != "HEAD") {
			err = fmt.Errorf("%s, %d bytes, closing %v", answer.Status, n, answer.Close)
		}
		return err
	}
}
