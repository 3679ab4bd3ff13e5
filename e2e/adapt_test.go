package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestTheAdaptedExampleBehavesLikeTheCaddyfile adapts the example to JSON, loads that from another folder into the running process, and
// sends the same requests as before.
func TestTheAdaptedExampleBehavesLikeTheCaddyfile(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{Alone: true})
	makeUser(t, s, "rita", "readers")
	makeUser(t, s, "ed", "editors")
	tokens := map[string]string{"nobody": "", "rita": *signIn(t, s, "rita").AccessToken, "ed": *signIn(t, s, "ed").AccessToken}
	ask := func() string {
		var all strings.Builder
		for _, user := range []string{"nobody", "rita", "ed"} {
			for _, request := range []string{"GET /api/x", "PUT /api/x", "GET /api/../console", "GET /app/", "GET /s3/bucket/key", "GET /readyz", "GET /",
				"GET /" + harness.Pool + "/.well-known/openid-configuration"} {
				method, path, _ := strings.Cut(request, " ")
				var headers []string
				if tokens[user] != "" {
					headers = []string{"Authorization", "Bearer " + tokens[user]}
				}
				got := s.Get(t, method, path, headers...)
				fmt.Fprintf(&all, "%s %s: %d %s\n", user, request, got.Status, got.Header.Get("WWW-Authenticate"))
			}
		}
		return all.String()
	}
	before := ask()
	adapted, err := s.Command("adapt", "--config", s.Caddyfile, "--adapter", "caddyfile")
	if err != nil {
		t.Fatalf("adapt: %v\n%s", err, adapted)
	}
	text := ""
	for line := range strings.Lines(adapted) { // beside those of the log
		if strings.Contains(line, `"apps":`) {
			text = line
		}
	}
	file := filepath.Join(t.TempDir(), "sluice.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := s.Command("reload", "--config", file, "--address", s.Admin, "--force"); err != nil {
		t.Fatalf("reload: %v\n%s", err, out)
	}
	if after := ask(); after != before {
		t.Errorf("the Caddyfile:\n%s\nits JSON:\n%s", before, after)
	}
	for _, want := range []string{"nobody GET /api/x: 401", "rita GET /api/x: 200", "rita PUT /api/x: 403", "ed PUT /api/x: 200"} {
		if !strings.Contains(before, want) {
			t.Errorf("missing %q in\n%s", want, before)
		}
	}
}
