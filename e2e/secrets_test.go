package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestASecretIsRefusedBeforeServersAreAnnounced starts the binary with secrets that are too short or not there. Whoever reads the log
// must not see first that it serves.
func TestASecretIsRefusedBeforeServersAreAnnounced(t *testing.T) {
	t.Parallel()
	const long = "0123456789012345678901234567"
	for name, tc := range map[string]struct {
		env  []string
		want string
	}{
		"a short client secret":        {[]string{"NOTES_SECRET=0123456789"}, "client 1example23456789abcdefghij: the secret has fewer than 24 characters"},
		"an unset client secret":       {nil, "client 1example23456789abcdefghij: secret: {env.NOTES_SECRET} is not set, or empty"},
		"an empty client secret":       {[]string{"NOTES_SECRET="}, "client 1example23456789abcdefghij: secret: {env.NOTES_SECRET} is not set, or empty"},
		"a short administrator's key":  {[]string{"NOTES_SECRET=" + long, "SLUICE_ROOT_ACCESS_KEY_ID=AKIASLUICEE2EROOT000", "SLUICE_ROOT_SECRET_ACCESS_KEY=short"}, "SLUICE_ROOT_SECRET_ACCESS_KEY has fewer than 16 characters"},
		"a master key that is no key":  {[]string{"NOTES_SECRET=" + long, "SLUICE_MASTER_KEY=secret"}, "SLUICE_MASTER_KEY"},
		"half of an administrator key": {[]string{"NOTES_SECRET=" + long, "SLUICE_ROOT_ACCESS_KEY_ID=AKIASLUICEE2EROOT000"}, "the administrator's key needs both parts"},
	} {
		dir := t.TempDir()
		config := filepath.Join(dir, "Caddyfile")
		ok(t, os.WriteFile(config, []byte(`{
	admin off
	sluice {
		data_dir data
		user_pool us-east-1_notes0001 {
			client 1example23456789abcdefghij {
				secret {env.NOTES_SECRET}
			}
		}
	}
}
http://127.0.0.1:`+strconv.Itoa(harness.FreePort(t))+` {
	sluice_pools
}
`), 0o600))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, harness.Binary(t), "run", "--config", config)
		cmd.Env = append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, tc.env...)
		out, err := cmd.CombinedOutput()
		cancel()
		if err == nil || !strings.Contains(string(out), tc.want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		for _, announced := range []string{"server running", "serving initial configuration"} {
			if strings.Contains(string(out), announced) {
				t.Errorf("%s: the log says %q:\n%s", name, announced, out)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
			t.Errorf("%s: the data directory was made", name)
		}
	}
}
