package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// How long people take: they read four words a second, commands included, and copy, paste and start a block in six seconds.
const (
	perWord       = time.Second / 4
	perBlock      = 6 * time.Second
	newcomerLimit = time.Minute
)

// The quick start of the README leads from a clone to a signed-in request in less than a minute of human time. The test runs its very
// commands, and prints what each step takes people and the machine. The machine's time depends on the machine and has no limit.
func TestTheQuickStartTakesLessThanAMinute(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "README.md"))
	ok(t, err)
	_, section, _ := strings.Cut(string(text), "\n## Quick start\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```bash\n(.*?)```").FindAllStringSubmatchIndex(section, -1)
	if len(blocks) == 0 {
		t.Fatal("the quick start has no commands")
	}
	var commands []string
	for _, b := range blocks {
		commands = append(commands, commandsOf(section[b[2]:b[3]])...)
	}
	out := runQuickStart(t, commands)
	if body := out[len(out)-1]; !strings.Contains(body, " 200 ") || !strings.Contains(body, "ada") {
		t.Errorf("the signed-in request got %s", body)
	}
	var human time.Duration
	read := 0
	for _, b := range blocks {
		step := time.Duration(len(strings.Fields(section[read:b[1]])))*perWord + perBlock
		read, human = b[1], human+step
		first, _, _ := strings.Cut(section[b[2]:b[3]], "\n")
		t.Logf("people: %s to read and run %q …", step, first)
	}
	t.Logf("people: %s from the clone to the signed-in request", human)
	if human >= newcomerLimit {
		t.Errorf("the quick start takes %s; shorten it to less than %s", human, newcomerLimit)
	}
}

// commandsOf splits a block into its commands: lines that are indented continue a command.
func commandsOf(block string) (commands []string) {
	for line := range strings.Lines(block) {
		if n := len(commands); n > 0 && strings.HasPrefix(line, " ") {
			commands[n-1] += line
		} else {
			commands = append(commands, line)
		}
	}
	return commands
}

// runQuickStart feeds the commands to one shell, as a terminal would, and returns what each printed. The repository is cloned from
// the folder under test.
func runQuickStart(t *testing.T, commands []string) []string {
	t.Helper()
	const mark = "@step"
	var script strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&script, "echo '%s' $(date +%%s.%%N)\n%s", mark, c)
	}
	fmt.Fprintf(&script, "echo '%s' $(date +%%s.%%N)\n", mark)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail")
	shell.Dir = t.TempDir()
	shell.Env = append(os.Environ(), "GIT_CONFIG_COUNT=2",
		"GIT_CONFIG_KEY_0=url."+harness.Root()+".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/sluicegate/sluice",
		"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*")
	shell.Stdin = strings.NewReader(script.String()) // through a pipe, so that a shell that a command starts reads the rest
	printed, err := shell.CombinedOutput()
	parts := strings.Split(string(printed), mark+" ")
	if err != nil || len(parts) != len(commands)+2 {
		t.Fatalf("the quick start: %v\n%s", err, printed)
	}
	var results []string
	var begun float64
	for i, part := range parts[1:] {
		stamp, rest, _ := strings.Cut(part, "\n")
		var at float64
		_, err := fmt.Sscan(stamp, &at)
		ok(t, err)
		if i > 0 {
			first, _, _ := strings.Cut(commands[i-1], "\n")
			t.Logf("machine: %.1f s for %s", at-begun, first)
		}
		begun, results = at, append(results, rest)
	}
	return results[:len(commands)]
}
