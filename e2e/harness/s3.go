package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The keys with which Caddyfile.example signs requests to the store.
const (
	StoreKey    = "notes-store"
	StoreSecret = "notes-store-secret"
)

// S3 is a running object store that stores objects as files.
type S3 struct {
	*Process
	Address string // 127.0.0.1:<port>
	Dir     string // with a folder per bucket
}

// StartS3 starts the store with the bucket of Caddyfile.example. Flags are those of versitygw.
func StartS3(t testing.TB, flags ...string) *S3 {
	t.Helper()
	bin := Tool(t, "versitygw", "github.com/versity/versitygw/cmd/versitygw")
	dir := t.TempDir()
	s := &S3{Address: fmt.Sprintf("127.0.0.1:%d", FreePort(t)), Dir: filepath.Join(dir, "objects")}
	meta := filepath.Join(dir, "meta")
	for _, d := range []string{filepath.Join(s.Dir, Bucket), meta} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.Process = Run(t, dir, []string{"ROOT_ACCESS_KEY_ID=" + StoreKey, "ROOT_SECRET_ACCESS_KEY=" + StoreSecret},
		bin, slices.Concat([]string{"--port", s.Address, "--quiet"}, flags, []string{"posix", "--sidecar", meta, s.Dir})...)
	s.Await(t, func() bool { return listens(s.Address) })
	return s
}

// Put writes an object without going through the gate.
func (s *S3) Put(t testing.TB, key, content string) {
	t.Helper()
	path := filepath.Join(s.Dir, Bucket, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
