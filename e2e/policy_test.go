package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestADecisionLogIsReplayedOnAChangedConfiguration records requests, and asks what another rule would change.
func TestADecisionLogIsReplayedOnAChangedConfiguration(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "decisions.jsonl")
	s := harness.Start(t, harness.Config{Alone: true, Global: "decision_log on", Edit: func(text string) string {
		return strings.Replace(text, "\tservers {", "\tlog decisions {\n\t\tinclude sluice.decisions\n\t\toutput file "+file+"\n\t}\n\tservers {", 1)
	}})
	makeUser(t, s, "rita", "readers")
	token := *signIn(t, s, "rita").AccessToken
	bearer := []string{"Authorization", "Bearer " + token}
	for range 3 {
		if a := s.Get(t, "GET", "/api/x", bearer...); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if a := s.Get(t, "DELETE", "/api/x", bearer...); a.Status != 403 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	s.Await(t, func() bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Count(string(text), `"msg":"decision"`) >= 4
	})
	text, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(text), token) {
		t.Fatalf("the log has the token, or %v", err)
	}
	policy := func(command string, more ...string) (string, error) {
		return s.Command(append([]string{"policy", command, "--config", s.Caddyfile, "--adapter", "caddyfile", "--route", "notes"}, more...)...)
	}
	if out, err := policy("replay", file); err != nil || !strings.Contains(out, "4 requests would be decided as before") {
		t.Errorf("%v\n%s", err, out)
	}
	s.Write(t, strings.Replace(s.Read(t), "allow group readers GET /api/*", "allow group readers DELETE /api/*", 1))
	out, err := policy("replay", file)
	if err == nil || !strings.Contains(out, "3 would be denied, 1 would be allowed, 0 are unknown") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := policy("check", "--username", "rita", "--group", "readers", "DELETE", "/api/x"); err != nil || !strings.Contains(out, "allowed") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := s.Command("policy", "shadow", "--all", file); err == nil || !strings.Contains(out, "1 requests in 1 groups") {
		t.Errorf("%v\n%s", err, out)
	}
	if metrics := s.Get(t, "GET", "/metrics"); !strings.Contains(metrics.Body, `sluice_route_mode{mode="enforce",route="notes"} 1`) {
		t.Errorf("%d", metrics.Status)
	}
}
