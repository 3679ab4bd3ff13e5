package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// impatientAt opens a bucket at a server, with little patience.
func impatientAt(t *testing.T, endpoint string, patience time.Duration) *bucket {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	place, err := (&s3Target{bucket: "backups", region: "us-east-1", endpoint: endpoint, pathStyle: true, patience: patience}).open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return place
}

// A server that takes connections, and nothing more.
func TestABucketThatHangsIsAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	b := impatientAt(t, "http://"+listener.Addr().String(), 50*time.Millisecond)
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 8<<20), 0o600); err != nil { // more than the buffers of the system hold
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, listed := b.list(ctx)
	_, read := b.read(ctx, "copy.db", 1<<20)
	for name, err := range map[string]error{"list": listed, "read": read, "put": b.put(ctx, "copy.db", file, true), "get": b.get(ctx, "copy.db", file+".got", 1<<20)} {
		if err == nil || ctx.Err() != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that takes and sends a little at a time.
func TestABucketThatIsSlowIsNotGivenUp(t *testing.T) {
	const patience = 5 * time.Second
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			for begun := time.Now(); time.Since(begun) < patience*5/4; time.Sleep(patience / 40) {
				if _, err := io.CopyN(io.Discard, r.Body, 1<<20); err != nil {
					return
				}
			}
			_, _ = io.Copy(io.Discard, r.Body) // the client sees the answer
			return
		}
		w.Header().Set("Content-Length", "40")
		for range 40 {
			_, _ = io.WriteString(w, "x") // the client sees what is missing
			_ = http.NewResponseController(w).Flush()
			time.Sleep(patience / 32)
		}
	}))
	t.Cleanup(server.Close)
	b := impatientAt(t, server.URL, patience)
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 60<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		if err := b.put(t.Context(), "copy.db", file, true); err != nil {
			t.Error(err)
		}
	})
	both.Go(func() {
		if err := b.get(t.Context(), "copy.db", file+".got", 1<<20); err != nil {
			t.Error(err)
		}
	})
	both.Wait()
	if got, err := os.ReadFile(file + ".got"); err != nil || string(got) != strings.Repeat("x", 40) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
