package policy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// difference is a case that the other implementation decides differently, with the sentence of AWS's documentation that
// settles it and its source, or the reason for Sluice's decision if there is no such sentence.
type difference struct {
	File       string `json:"file"`
	Case       string `json:"case"`
	Ours       string `json:"ours"`
	Theirs     string `json:"theirs"`
	Difference string `json:"difference"`
	Quote      string `json:"quote"`
	Source     string `json:"source"`
	Silent     string `json:"silent"`
}

// An independent implementation of AWS's documentation decides the corpus. The test fails for a difference that is not
// listed, and for a listed difference that no longer exists.
func TestTheCorpusAgreesWithAnIndependentImplementation(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "crosscheck")
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: install it, because CI requires this test", tool)
			}
			t.Skipf("%s is missing", tool)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		install := exec.Command("npm", "ci", "--silent", "--no-fund", "--no-audit")
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	corpus := readCorpus(t)
	files := make([]string, 0, len(corpus))
	for file := range corpus {
		files = append(files, file)
	}
	slices.Sort(files)
	var all []testCase
	var from []string
	for _, file := range files {
		for _, c := range corpus[file] {
			all, from = append(all, c), append(from, file)
		}
	}
	theirs := decideWithPeer(t, dir, all)
	known := readDifferences(t, filepath.Join(dir, "differences.json"))
	for i, c := range all {
		key := from[i] + "/" + c.Name
		d, listed := known[key]
		delete(known, key)
		switch {
		case listed && (d.Ours != c.Expect || d.Theirs != theirs[i]):
			t.Errorf("%s: listed as %s here and %s there, it is %s and %s", key, d.Ours, d.Theirs, c.Expect, theirs[i])
		case !listed && theirs[i] != c.Expect:
			t.Errorf("%s: %s here, %s there: settle it by AWS's documentation and list it", key, c.Expect, theirs[i])
		}
	}
	for key := range known {
		t.Errorf("%s is listed, but no case has this name", key)
	}
}

func decideWithPeer(t *testing.T, dir string, cases []testCase) []string {
	t.Helper()
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command("node", "crosscheck.mjs")
	run.Dir, run.Stdin = dir, bytes.NewReader(input)
	var stderr strings.Builder
	run.Stderr = &stderr
	out, err := run.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(cases) {
		t.Fatalf("%d decisions for %d cases", len(lines), len(cases))
	}
	return lines
}

func readDifferences(t *testing.T, name string) map[string]difference {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var list []difference
	if err := json.Unmarshal(src, &list); err != nil {
		t.Fatal(err)
	}
	out := map[string]difference{}
	for _, d := range list {
		quoted := strings.HasSuffix(d.Quote, ".") && strings.HasPrefix(d.Source, "IAM User Guide, ")
		if d.Ours == d.Theirs || d.Difference == "" || quoted == (d.Silent != "") {
			t.Errorf("%s/%s: a listed difference needs two decisions, what differs, and a sentence of AWS's or a reason", d.File, d.Case)
		}
		out[d.File+"/"+d.Case] = d
	}
	return out
}
