package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// deviceStep is one line of a devices.mjs.
type deviceStep struct {
	Step, Key, Claim, Error string
	Count                   int
	Necessary, Changed      bool
}

// runDevices runs devices.mjs of a folder against a pool that tracks devices and returns its steps by name.
func runDevices(t *testing.T, s *harness.Sluice, folder, library string) map[string]deviceStep {
	t.Helper()
	dir := filepath.Join(harness.Root(), "e2e", folder)
	if _, err := os.Stat(filepath.Join(dir, "node_modules", library)); err != nil {
		npm := exec.Command("npm", "ci", "--silent")
		npm.Dir = dir
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	admin := s.Users(harness.Admin)
	p := trackedPool(t, admin, folder)
	forget := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = admin.AdminForgetDevice(r.Context(), &cip.AdminForgetDeviceInput{UserPoolId: p.pool, Username: &folder, DeviceKey: aws.String(string(key))})
		}
		if err != nil {
			t.Error(err)
		}
	}))
	defer forget.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "devices.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SLUICE_URL="+s.URL, "SLUICE_POOL="+*p.pool, "SLUICE_CLIENT="+*p.client, "SLUICE_USERNAME="+folder,
		"SLUICE_PASSWORD="+password, "SLUICE_FORGET="+forget.URL)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	steps := map[string]deviceStep{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var st deviceStep
		if err := json.Unmarshal(lines.Bytes(), &st); err != nil {
			t.Errorf("%v in %s", err, lines.Text())
		}
		steps[st.Step] = st
	}
	if err != nil {
		t.Fatalf("node: %v after %d steps\n%s\n%s", err, len(steps), out, stderr.String())
	}
	return steps
}

// sameDevice checks that the tokens of a step name the device that the client keeps.
func sameDevice(t *testing.T, steps map[string]deviceStep, names ...string) {
	t.Helper()
	for _, name := range names {
		if st := steps[name]; st.Claim == "" || st.Key != st.Claim {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

// TestDevicesWithIdentityJS remembers, proves and forgets devices with amazon-cognito-identity-js from npm.
func TestDevicesWithIdentityJS(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	steps := runDevices(t, s, "identityjs", "amazon-cognito-identity-js")
	if len(steps) != 12 {
		t.Errorf("%d steps: %+v", len(steps), steps)
	}
	sameDevice(t, steps, "new device", "proved", "proved after a plain password", "forgotten elsewhere", "not proved")
	made := steps["new device"].Key
	for name, want := range map[string]deviceStep{
		"new device":                    {Key: made, Claim: made, Necessary: true},
		"not remembered":                {},
		"remembered":                    {Count: 1, Key: made},
		"get":                           {Key: made},
		"refreshed":                     {Claim: made},
		"not remembered any more":       {},
		"forgotten":                     {},
		"refresh of a forgotten device": {Error: "NotAuthorizedException: Invalid Refresh Token."},
	} {
		want.Step = name
		if got := steps[name]; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if !steps["forgotten elsewhere"].Changed {
		t.Errorf("forgotten elsewhere: %+v", steps["forgotten elsewhere"])
	}
}

// TestDevicesWithAmplify remembers, proves and forgets devices with Amplify from npm.
func TestDevicesWithAmplify(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	steps := runDevices(t, s, "amplify", "aws-amplify")
	if len(steps) != 9 {
		t.Errorf("%d steps: %+v", len(steps), steps)
	}
	sameDevice(t, steps, "remembered", "refreshed", "proved", "proved after a plain password")
	if steps["not remembered"].Count != 0 || steps["remembered"].Count != 1 || steps["forgotten"].Count != 0 {
		t.Errorf("devices: %+v", steps)
	}
	for _, name := range []string{"another device", "forgotten elsewhere"} {
		if !steps[name].Changed || steps[name].Claim == "" {
			t.Errorf("%s: %+v", name, steps[name])
		}
	}
}
