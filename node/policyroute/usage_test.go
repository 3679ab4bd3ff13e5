package policyroute_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node/policyroute"
)

// A regression test. Wrong usage ended with 1, as a refusal does: a check in CI that expected one passed.
func TestWrongUsageHasItsOwnExitCode(t *testing.T) {
	s := newSite(t, nil)
	for _, args := range [][]string{{"check", "--gruop", "editors", "GET", "/x"}, {"check", "GET"}, {"check", "--config"}, {"replay"}, {"shadow"}, {"shadow", "--x", "f"},
		{"lint", "--x"}, {"lint", "--kind", "x", "f"}, {"test"}, {"validate", "--x"}, {"chekc", "GET", "/x"}, {"--x"}} {
		code := 0
		root, cmd := &cobra.Command{Use: "sluice", SilenceUsage: true, SilenceErrors: true}, &cobra.Command{Use: "policy"}
		root.AddCommand(cmd)
		policyroute.Add(cmd, policyroute.Options{Exit: func(c int) { code = max(code, c) },
			Load: func(string, string) (config.App, []config.Authorize, error) { return s.app, s.routes, nil }})
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetArgs(append([]string{"policy"}, args...))
		if _ = root.Execute(); code != 2 || !strings.Contains(out.String(), "sluice policy") { // the process has ended before it returns
			t.Errorf("%q: exit %d\n%s", args, code, out.String())
		}
	}
}

// packed compresses a file as its rotation does, and returns the name of the new one.
func packed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var to bytes.Buffer
	w := gzip.NewWriter(&to)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(t.TempDir(), filepath.Base(name)+".gz")
	if err := os.WriteFile(name, to.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A regression test. Lint took what only rotated files of the audit log use for unused, without a word.
func TestRotatedLogsAreRead(t *testing.T) {
	s := newSite(t, map[string]string{
		"ops.json": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["cognito-idp:AdminDeleteUser","cognito-idp:AdminCreateUser"],"Resource":"arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_notes0001"}}`,
	})
	call := func(file, operation string) string {
		return s.write(file, `{"msg":"api call","ts":1795968307,"operation":"cognito-idp:`+operation+`","result":"ok","actor":"arn:aws:sts::000000000000:assumed-role/ops/ada","region":"us-east-1","target":{"UserPoolId":"us-east-1_notes0001"}}`+"\n")
	}
	old, latest := packed(t, call("old.jsonl", "AdminDeleteUser")), call("audit.jsonl", "AdminCreateUser")
	policy := filepath.Join(s.dir, "ops.json")
	if out, code := s.run("lint", "--audit-log", old, "--audit-log", latest, policy); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("lint", "--audit-log", latest, policy); code != 1 || !strings.Contains(out, "AdminDeleteUser") {
		t.Errorf("exit %d\n%s", code, out)
	}
	broken := s.write("broken.jsonl", "\x00\x01\x02\n")
	if out, code := s.run("lint", "--audit-log", broken, "--audit-log", latest, policy); code != 2 || !strings.Contains(out, broken) {
		t.Errorf("a file that is no log: exit %d\n%s", code, out)
	}
	decided := packed(t, s.log(asked("denied", "rita", "/x")))
	if out, code := s.run("shadow", "--all", decided); code != 1 || !strings.Contains(out, "1 requests in 1 groups") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("shadow", "--all", decided, broken); code != 2 {
		t.Errorf("a file that is no log: exit %d\n%s", code, out)
	}
}
