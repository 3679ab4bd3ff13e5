package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// root is the nearest folder above the working directory, as it is at start, that has the example's Caddyfile.
var root = func() string {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Caddyfile.example")); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
	}
	return "."
}()

// Root returns the root folder of the repository.
func Root() string { return root }

var build = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("SLUICE_BIN"); bin != "" {
		return filepath.Abs(bin)
	}
	bin := filepath.Join(Root(), "bin", "e2e", "sluice")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/sluice")
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building sluice: %w\n%s", err, out)
	}
	return bin, nil
})

// Binary returns the path of the sluice binary under test: SLUICE_BIN, or one that it builds once.
func Binary(t testing.TB) string {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

var tools sync.Mutex

// Tool returns the path of a command that tools/<name>/go.mod pins. It is built into .cache/bin if it is not there or older than
// the pin.
func Tool(t testing.TB, name, pkg string) string {
	t.Helper()
	tools.Lock()
	defer tools.Unlock()
	bin := filepath.Join(Root(), ".cache", "bin", name)
	pin, err := os.Stat(filepath.Join(Root(), "tools", name, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if built, err := os.Stat(bin); err == nil && !built.ModTime().Before(pin.ModTime()) {
		return bin
	}
	cmd := exec.Command("go", "build", "-o", bin, pkg)
	cmd.Dir = filepath.Join(Root(), "tools", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", name, err, out)
	}
	now := time.Now()
	if err := os.Chtimes(bin, now, now); err != nil {
		t.Fatal(err)
	}
	return bin
}
