package caddymodule

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// upstream is a server that records requests byte for byte. Go's http.Server would normalize them.
type upstream struct {
	address string
	mu      sync.Mutex
	seen    []received
	conns   map[net.Conn]struct{}
	closed  bool
}

// received is one request as it arrived.
type received struct {
	Line    string
	Header  []field
	Body    string
	Trailer []field
	Whole   bool // the body came to its end
}

type field struct{ Name, Value string }

// path returns the request target without its query.
func (r *received) path() string {
	words := strings.Split(r.Line, " ")
	if len(words) != 3 {
		return ""
	}
	path, _, _ := strings.Cut(words[1], "?")
	return path
}

// values returns the values of a header. Like CGI, it compares names without regard to case and treats '_' as '-'.
func (r *received) values(name string) (values []string) {
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }
	for _, f := range append(append([]field(nil), r.Header...), r.Trailer...) {
		if fold(f.Name) == fold(name) {
			values = append(values, f.Value)
		}
	}
	return values
}

func startUpstream(t testing.TB) *upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{address: l.Addr().String(), conns: map[net.Conn]struct{}{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			u.mu.Lock()
			if u.closed {
				_ = conn.Close()
			}
			u.conns[conn] = struct{}{}
			u.mu.Unlock()
			running.Go(func() { u.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		u.mu.Lock()
		u.closed = true
		for conn := range u.conns {
			_ = conn.Close()
		}
		u.mu.Unlock()
		running.Wait()
	})
	return u
}

// take returns the requests that arrived since the last call.
func (u *upstream) take() []received {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen
	u.seen = nil
	return seen
}

// open returns the number of open connections.
func (u *upstream) open() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.conns)
}

func (u *upstream) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		u.mu.Lock()
		delete(u.conns, conn)
		u.mu.Unlock()
	}()
	in := bufio.NewReaderSize(conn, 64<<10)
	for {
		var r received
		err := r.read(in)
		if r.Line == "" {
			return
		}
		u.mu.Lock()
		u.seen = append(u.seen, r)
		u.mu.Unlock()
		if err != nil {
			return
		}
		if upgrade := r.values("Upgrade"); len(upgrade) > 0 {
			tunnel(conn, in, upgrade[0])
			return
		}
		body, err := json.Marshal(r)
		if err != nil {
			return
		}
		if strings.HasPrefix(r.Line, "HEAD ") {
			body = nil
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nX-Echo: yes\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			len(body), body); err != nil {
			return
		}
	}
}

// tunnel accepts an upgrade and echoes the data.
func tunnel(conn net.Conn, in io.Reader, protocol string) {
	if _, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol); err == nil {
		_, _ = io.Copy(conn, in)
	}
}

func (r *received) read(in *bufio.Reader) error {
	line, err := readLine(in)
	if err != nil {
		return err
	}
	r.Line = line
	if r.Header, err = readFields(in); err != nil {
		return err
	}
	var body strings.Builder
	defer func() { r.Body = body.String() }()
	if codings := r.values("Transfer-Encoding"); len(codings) > 0 {
		if err := readChunks(in, &body); err != nil {
			return err
		}
		r.Trailer, err = readFields(in)
		r.Whole = err == nil
		return err
	}
	length := 0
	if lengths := r.values("Content-Length"); len(lengths) > 0 {
		if length, err = strconv.Atoi(lengths[0]); err != nil {
			return err
		}
	}
	if _, err := io.CopyN(&body, in, int64(length)); err != nil {
		return err
	}
	r.Whole = true
	return nil
}

func readChunks(in *bufio.Reader, body *strings.Builder) error {
	for {
		line, err := readLine(in)
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(line, 16, 32)
		if err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
		if _, err := io.CopyN(body, in, size); err != nil {
			return err
		}
		if line, err := readLine(in); err != nil || line != "" {
			return errors.Join(err, errors.New("no line break behind a chunk"))
		}
	}
}

func readFields(in *bufio.Reader) (fields []field, err error) {
	for {
		line, err := readLine(in)
		if err != nil || line == "" {
			return fields, err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return fields, fmt.Errorf("not a header: %q", line)
		}
		fields = append(fields, field{name, strings.TrimSpace(value)})
	}
}

func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}
