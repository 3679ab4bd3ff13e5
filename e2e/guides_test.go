package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

var installing sync.Mutex

// guide is how the programs of a page are run.
type guide struct {
	page     string
	language string // of the blocks that make the program
	file     string // its name
	folder   string // where it is written, below e2e; "" = a temporary folder
	command  []string
}

// The programs of docs/guides run as they stand there, against `sluice dev` with the pages' users.
func TestTheGuidesRun(t *testing.T) {
	t.Parallel()
	for _, g := range []guide{
		{"aws-cli.md", "bash", "guide.sh", "", []string{"bash", "-euo", "pipefail"}},
		{"boto3.md", "python", "guide.py", "", []string{"python3"}},
		{"javascript.md", "mjs", "javascript.mjs", "guides", []string{"node"}},
		{"amplify.md", "mjs", "amplify.mjs", "guides", []string{"node"}},
		{"nextjs.md", "mjs", "nextjs.mjs", "guides", []string{"node"}},
		{"go.md", "go", "main.go", "guides", []string{"go", "run"}},
	} {
		t.Run(strings.TrimSuffix(g.page, ".md"), func(t *testing.T) {
			t.Parallel()
			g.run(t)
		})
	}
}

func (g guide) run(t *testing.T) {
	docs := filepath.Join(harness.Root(), "docs", "guides")
	text, err := os.ReadFile(filepath.Join(docs, g.page))
	ok(t, err)
	var program strings.Builder
	for _, block := range regexp.MustCompile("(?s)```"+g.language+"\n(.*?)```").FindAllSubmatch(text, -1) {
		program.Write(block[1])
	}
	if program.Len() == 0 {
		t.Fatalf("%s has no program", g.page)
	}
	folder := t.TempDir()
	if g.folder != "" {
		folder = filepath.Join(harness.Root(), "e2e", g.folder)
		installed(t, folder)
		folder, err = os.MkdirTemp(folder, "run-") // below the packages that it imports
		ok(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
	}
	path := filepath.Join(folder, g.file)
	ok(t, os.WriteFile(path, []byte(program.String()), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	args := append([]string{"dev", "--seed", filepath.Join(docs, "users.json"), "--"}, append(g.command, path)...)
	cmd := exec.CommandContext(ctx, harness.Binary(t), args...)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", g.page, err, out)
	}
	t.Logf("%s", out)
}

// installed installs the packages of a folder, as its lock file pins them, if they are missing.
func installed(t *testing.T, folder string) {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err == nil {
		return
	}
	npm := exec.Command("npm", "ci", "--silent")
	npm.Dir = folder
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
}
