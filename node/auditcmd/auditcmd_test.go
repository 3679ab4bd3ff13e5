package auditcmd_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/auditcmd"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/server/audit/chain"
)

// site is a data directory, with the audit log of its processes.
type site struct {
	t   *testing.T
	dir string
	log string
}

// run is a process at a time that does something n times and ends. It returns what it wrote to the log.
func (s *site) run(at time.Time, n int) string {
	s.t.Helper()
	storage, err := node.OpenStorage(node.StorageOptions{Dir: s.dir})
	must(s.t, err)
	var text bytes.Buffer
	c, err := chain.Open(s.t.Context(), chain.Options{Store: storage.Store, Box: storage.Box, Now: func() time.Time { at = at.Add(time.Second); return at }, Write: func(r audit.Record) {
		must(s.t, json.NewEncoder(&text).Encode(map[string]any{"logger": "sluice.audit", "msg": "api call", "operation": r.Operation, "result": r.Result, "actor": r.Actor,
			"access_key_id": r.AccessKeyID, "from": "", "agent": r.Agent, "target": r.Target, "region": r.Region, "request_id": r.RequestID,
			"chain": r.Chain, "sequence": r.Sequence, "time": r.Time.UTC().Format(time.RFC3339Nano), "previous": r.Previous, "mac": r.MAC}))
	}})
	must(s.t, err)
	for range n {
		c.Append(audit.Record{Operation: "cognito-idp:AdminDeleteUser", Result: "ok", Target: map[string]string{"Username": "rita"}})
	}
	must(s.t, c.Close())
	must(s.t, storage.Close())
	return text.String()
}

// verify runs "sluice audit verify" on a log with the text.
func (s *site) verify(text string, args ...string) (string, error) {
	s.t.Helper()
	must(s.t, os.WriteFile(s.log, []byte(text), 0o600))
	cmd := &cobra.Command{Use: "audit", SilenceUsage: true, SilenceErrors: true}
	auditcmd.Add(cmd, auditcmd.Options{Getenv: func(string) string { return "" }, Load: func(string, string) (config.App, error) { return config.App{DataDir: s.dir}, nil }})
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"verify", s.log}, args...))
	err := cmd.ExecuteContext(s.t.Context())
	return out.String(), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSite(t *testing.T) *site {
	t.Helper()
	return &site{t: t, dir: t.TempDir(), log: filepath.Join(t.TempDir(), "audit.jsonl")}
}

// A regression test. An emptied log, and a file that is no audit log, were verified without complaint.
func TestALogWithoutARecordIsNotVerified(t *testing.T) {
	s := newSite(t)
	s.run(time.Now(), 2)
	for name, text := range map[string]string{"emptied": "", "an access log": `{"logger":"http.log.access","msg":"handled request"}` + "\n"} {
		for _, option := range []string{"--unchained", "--since=1h", "--complete"} {
			if out, err := s.verify(text, option); err == nil {
				t.Errorf("%s %s: %s", name, option, out)
			}
		}
		if out, err := s.verify(text); err == nil || !strings.Contains(err.Error(), "no record is in the files") {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

func TestRecordsSinceATimeMustBeThereAndOlderOnesNeedNot(t *testing.T) {
	s := newSite(t)
	day := time.Now().Add(-24 * time.Hour)
	s.run(day.Add(-48*time.Hour), 3) // rotated away
	middle := s.run(day.Add(-time.Minute), 100)
	last := s.run(day.Add(time.Hour), 3)
	lines := strings.SplitAfter(middle, "\n")
	since := "--since=" + day.Format(time.RFC3339)
	for name, tc := range map[string]struct {
		text string
		args []string
		says string // "" = it is sound
	}{
		"both files":                       {middle + last, []string{since}, ""},
		"a duration":                       {middle + last, []string{"--since", "24h"}, ""},
		"the beginning is older":           {strings.Join(lines[30:], "") + last, []string{since}, ""},
		"the beginning is missing":         {strings.Join(lines[80:], "") + last, []string{since}, "the records before this one"},
		"the last process is missing":      {middle, []string{since}, "no record of this chain"},
		"nobody asks for the last process": {middle, nil, ""},
		"everything":                       {middle + last, []string{"--complete"}, "no record of this chain"},
		"since the last process":           {last, []string{"--since", day.Add(30 * time.Minute).Format(time.RFC3339)}, ""},
		"a time that is none":              {last, []string{"--since", "yesterday"}, "is not a time"},
	} {
		out, err := s.verify(tc.text, tc.args...)
		if sound := tc.says == ""; sound != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// Threat: somebody changes a record, and hides it behind a record of another chain from before the time that is verified.
func TestAnOlderRecordOfAnotherChainForgivesNothing(t *testing.T) {
	s := newSite(t)
	now := time.Now()
	old := s.run(now.Add(-48*time.Hour), 5)
	fresh := s.run(now.Add(-time.Hour), 5)
	lines := strings.SplitAfter(old, "\n")
	cut := len(lines) - 3 // records follow
	recent := strings.SplitAfter(fresh, "\n")
	changed := strings.Replace(recent[2], "rita", "gina", 1)
	for name, text := range map[string]string{
		"a record of another chain behind it": strings.Join(lines[:cut], "") + strings.Join(recent[:2], "") + changed + strings.Join(lines[cut:], "") + strings.Join(recent[3:], ""),
		"at the end, before another's":        strings.Join(recent[:2], "") + changed + old,
		"under the name of the other chain":   strings.Join(recent[:2], "") + strings.Replace(recent[2], chainOf(t, recent[2]), chainOf(t, lines[0]), 1) + old + strings.Join(recent[3:], ""),
	} {
		if out, err := s.verify(text, "--since", "24h"); err == nil || !strings.Contains(err.Error(), "was changed") && !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

func chainOf(t *testing.T, line string) string {
	t.Helper()
	var r struct{ Chain string }
	must(t, json.Unmarshal([]byte(line), &r))
	return r.Chain
}

func TestAnEndThatWasCutOffBeforeTheTimeDoesNotCount(t *testing.T) {
	s := newSite(t)
	now := time.Now()
	old := strings.SplitAfter(s.run(now.Add(-48*time.Hour), 5), "\n")
	text := strings.Join(old[:3], "") + s.run(now.Add(-time.Hour), 5)
	if out, err := s.verify(text, "--since", "24h"); err != nil {
		t.Errorf("%v %s", err, out)
	}
	for _, args := range [][]string{nil, {"--complete"}, {"--since", "72h"}} {
		if out, err := s.verify(text, args...); err == nil || !strings.Contains(err.Error(), "were cut off") {
			t.Errorf("%v: %v %s", args, err, out)
		}
	}
}
