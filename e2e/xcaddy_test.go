package e2e

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestXcaddyBuildsAGate builds a Caddy with the plugin and runs the example with it.
func TestXcaddyBuildsAGate(t *testing.T) {
	t.Parallel()
	xcaddy := harness.Tool(t, "xcaddy", "github.com/caddyserver/xcaddy/cmd/xcaddy")
	mod, err := os.ReadFile(filepath.Join(harness.Root(), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`github.com/caddyserver/caddy/v2 (v\S+)`).FindSubmatch(mod)
	if version == nil {
		t.Fatal("go.mod names no version of Caddy")
	}
	bin := filepath.Join(t.TempDir(), "caddy")
	// That of the README, with the module from this checkout.
	cmd := exec.Command(xcaddy, "build", string(version[1]), "--output", bin,
		"--with", "github.com/sluicegate/sluice="+harness.Root())
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOPROXY="+withoutUs(t))
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	start := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("xcaddy: %v\n%s", err, log.String())
	}
	t.Logf("measured: xcaddy took %v", time.Since(start).Round(time.Second))
	s := harness.Start(t, harness.Config{Binary: bin})
	makeUser(t, s, "rita", "readers")
	token := *signIn(t, s, "rita").AccessToken
	if got := s.Get(t, "GET", "/api/x", "Authorization", "Bearer "+token); got.Status != 200 {
		t.Errorf("the API behind it: %d %s", got.Status, got.Body)
	}
}

// withoutUs is the module proxy in use without any release of Sluice, so that the checkout is used. Proxies answer differently for a
// module that they do not have, and the go command does not accept all of these answers.
func withoutUs(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	upstream, rest, _ := strings.Cut(strings.TrimSpace(string(out)), ",")
	if !strings.HasPrefix(upstream, "http") {
		return upstream
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/github.com/sluicegate/") {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, strings.TrimSuffix(upstream, "/")+r.URL.EscapedPath(), http.StatusFound)
	}))
	t.Cleanup(front.Close)
	if rest == "" {
		return front.URL
	}
	return front.URL + "," + rest
}
