package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// run runs `sluice dev` with flags until the context ends.
func run(t *testing.T, ctx context.Context, f *flags, args ...string) (code int, out string, err error) {
	t.Helper()
	cmd := &cobra.Command{}
	var buffer bytes.Buffer
	cmd.SetOut(&buffer)
	cmd.SetErr(os.Stderr)
	cmd.SetContext(ctx)
	f.options.Issuer = "public"
	code, err = f.run(cmd, args)
	return code, buffer.String(), err
}

func TestACommandRunsWithTheVariablesAndItsStatusIsPassedOn(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	code, out, err := run(t, t.Context(), &flags{exec: `echo "$AWS_ENDPOINT_URL $SLUICE_CLIENT_ID profile=$AWS_PROFILE"; exit 7`})
	if err != nil || code != 7 || !strings.HasPrefix(out, "http://localhost:") || !strings.HasSuffix(out, " "+Client+" profile=\n") {
		t.Errorf("--exec: %d %q %v", code, out, err)
	}
	seed := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(seed, []byte(seedText), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, err = run(t, t.Context(), &flags{seed: seed}, "printenv", "SLUICE_USER_POOL_ID")
	if err != nil || code != 0 || out != UserPool+"\n" {
		t.Errorf("--: %d %q %v", code, out, err)
	}
	for name, f := range map[string]*flags{"no such program": {}, "two commands": {exec: "true"}, "no such seed": {seed: "missing.json"}} {
		if code, _, err := run(t, t.Context(), f, "no-such-program"); err == nil {
			t.Errorf("%s: %d, no error", name, code)
		}
	}
	if _, _, err := run(t, t.Context(), &flags{options: Options{Port: 70000}}); err == nil || !strings.Contains(err.Error(), "--port 70000: ") {
		t.Errorf("a port that does not exist: %v", err)
	}
}

func TestTheEndOfTheContextEndsTheServerAndItsCommand(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	begun := filepath.Join(t.TempDir(), "begun")
	go func() {
		for {
			if _, err := os.Stat(begun); err == nil {
				cancel()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if code, out, err := run(t, ctx, &flags{}, "sh", "-c", `trap 'echo ended; exit 5' TERM; touch `+begun+`; while :; do sleep 0.05; done`); code != 5 || out != "ended\n" || err != nil {
		t.Errorf("%d %q %v", code, out, err)
	}
}

func TestScriptsReadOneLineOfJSON(t *testing.T) {
	t.Parallel()
	s := start(t, Options{}, "")
	var out bytes.Buffer
	if err := (&flags{json: true}).print(&out, s); err != nil {
		t.Fatal(err)
	}
	var facts Facts
	if err := json.Unmarshal(out.Bytes(), &facts); err != nil || facts.URL != s.URL || facts.Environment["AWS_ENDPOINT_URL"] != s.URL || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%v %s", err, out.String())
	}
	out.Reset()
	if err := (&flags{}).print(&out, s); err != nil || !strings.Contains(out.String(), "export AWS_ENDPOINT_URL='"+s.URL+"'\n") {
		t.Errorf("%v %s", err, out.String())
	}
}

func TestTheVariablesNameTheDataAndTheSecretOfTheSeed(t *testing.T) {
	t.Parallel()
	const secret = "a0own0secret0of0the0seed0of0a0project"
	s := start(t, Options{}, `{"clients": [{"id": "`+ServerClient+`", "secret": "`+secret+`"}]}`)
	facts := s.Facts()
	if facts.ServerClientSecret != secret || facts.Environment["SLUICE_SERVER_CLIENT_SECRET"] != secret {
		t.Errorf("the secret is said to be %q", facts.ServerClientSecret)
	}
	if facts.Environment["SLUICE_DATA_DIR"] != s.DataDir {
		t.Errorf("the data is said to be in %q", facts.Environment["SLUICE_DATA_DIR"])
	}
}

// The guides leave the paths at which frameworks take the answer of the login pages.
func TestTheCallbacksOfTheGuidesAreAllowed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/guides/spring-aspnet.md")
	if err != nil {
		t.Fatal(err)
	}
	registration := regexp.MustCompile(`registration:\n +(\w+):`).FindStringSubmatch(string(text))
	aspnet := regexp.MustCompile("`CallbackPath = \"([^\"]+)\"`").FindStringSubmatch(string(text))
	if registration == nil || aspnet == nil || strings.Contains(string(text), "redirect-uri:") {
		t.Fatal("the guide has other settings than this test knows")
	}
	for _, path := range []string{"/login/oauth2/code/" + registration[1], aspnet[1]} {
		if !slices.Contains(callbackPaths, path) {
			t.Errorf("the clients do not allow %s", path)
		}
	}
}
