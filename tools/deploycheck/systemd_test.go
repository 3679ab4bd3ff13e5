package deploycheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheUnitIsValidAndConfined has systemd read the unit. The exposure level goes from 0 to 10; a unit without options has 9.6.
func TestTheUnitIsValidAndConfined(t *testing.T) {
	unit := unitOf(t, read(t, "../../deploy/systemd/sluice.service"))
	analyze(t, unit, "verify", "--man=no", "--recursive-errors=no")
	analyze(t, unit, "security", "--offline=yes", "--threshold=20")
}

// unitOf writes a unit to a file, with a program that exists: systemd looks whether it can be run.
func unitOf(t *testing.T, text string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "sluice")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "sluice.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(text, "/usr/local/bin/sluice", program)), 0o600); err != nil {
		t.Fatal(err)
	}
	return unit
}

// analyze runs systemd-analyze on a unit.
func analyze(t *testing.T, unit string, args ...string) {
	t.Helper()
	out, err := exec.Command("systemd-analyze", append(args, unit)...).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
	}
	for line := range strings.Lines(string(out)) {
		if args[0] == "verify" && strings.Contains(line, unit) {
			t.Error(line) // an unknown option is only a warning
		}
		if strings.Contains(line, "Overall exposure") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// option returns the values of an option of a unit.
func option(unit, name string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^`+name+`=(.*)$`).FindAllStringSubmatch(unit, -1) {
		all = append(all, strings.Fields(m[1])...)
	}
	return all
}

// dataDirectory returns the data directory in the Caddyfile of the unit.
func dataDirectory(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\s*data_dir (\S+)$`).FindStringSubmatch(read(t, "../../deploy/systemd/Caddyfile"))
	if m == nil {
		t.Fatal("the Caddyfile of the unit names no data directory: commands with --config would work on another one than the service")
	}
	return m[1]
}

// documents returns the pages of the documentation by name.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 30 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	all := map[string]string{}
	for _, page := range pages {
		all[filepath.Base(page)] = read(t, page)
	}
	return all
}

// The unit sees all but a few directories read-only. What the documentation configures must be below these.
func TestTheUnitMayWriteWhatTheDocumentationNames(t *testing.T) {
	unit := read(t, "../../deploy/systemd/sluice.service")
	var writable []string
	for _, name := range option(unit, "StateDirectory") {
		writable = append(writable, "/var/lib/"+name)
	}
	for _, name := range option(unit, "LogsDirectory") {
		writable = append(writable, "/var/log/"+name)
	}
	may := func(path string) bool {
		return slices.ContainsFunc(writable, func(dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") })
	}
	if dir := dataDirectory(t); !may(dir) {
		t.Errorf("the unit cannot write to %s, its data directory", dir)
	}
	blocks, named := regexp.MustCompile("(?s)```caddyfile\n(.*?)```"), 0
	target := regexp.MustCompile(`(?m)^\s*(?:output file|to|data_dir)\s+(/\S+)`)
	for page, text := range documents(t) {
		for _, block := range blocks.FindAllStringSubmatch(text, -1) {
			for _, m := range target.FindAllStringSubmatch(block[1], -1) {
				if named++; !may(m[1]) {
					t.Errorf("docs/%s has Sluice write to %s, which the unit does not allow", page, m[1])
				}
			}
		}
	}
	if named < 4 {
		t.Errorf("only %d paths were found", named)
	}
}

// Commands in the documentation work on the store of the unit.
func TestTheDocumentationNamesTheDataDirectoryOfTheUnit(t *testing.T) {
	dir := dataDirectory(t)
	if strings.Contains(read(t, "../../deploy/systemd/sluice.service"), "SLUICE_DATA_DIR") {
		t.Error("the unit has SLUICE_DATA_DIR, which commands in a shell do not")
	}
	state := regexp.MustCompile(`/var/lib/sluice(/[\w./-]*\w)?\b[^-]`)
	fenced := regexp.MustCompile("(?s)```[a-z]+\n(.*?)```")
	for page, text := range documents(t) {
		for _, block := range fenced.FindAllStringSubmatch(text, -1) {
			for _, m := range state.FindAllString(block[1], -1) {
				if path := m[:len(m)-1]; path != dir && !strings.HasPrefix(path, dir+"/") {
					t.Errorf("docs/%s names %s; the store of the unit is in %s", page, path, dir)
				}
			}
		}
	}
}

// The unit of docs/backup.md runs as the user of the store, and sees it.
func TestTheUnitOfTheContinuousBackupSeesTheStore(t *testing.T) {
	text, service := read(t, "../../docs/backup.md"), read(t, "../../deploy/systemd/sluice.service")
	block := regexp.MustCompile("(?s)```ini\n(.*?)```").FindStringSubmatch(text)
	if block == nil {
		t.Fatal("docs/backup.md has no unit")
	}
	analyze(t, unitOf(t, block[1]), "verify", "--man=no", "--recursive-errors=no")
	for _, name := range []string{"User", "DynamicUser", "StateDirectory", "StateDirectoryMode"} {
		if got, want := option(block[1], name), option(service, name); !slices.Equal(got, want) {
			t.Errorf("%s is %v, and of the service %v", name, got, want)
		}
	}
	if !strings.Contains(block[1], "--data-dir "+dataDirectory(t)+" ") {
		t.Error("it does not name the data directory of the service")
	}
}

// Caddy keeps ten rotated files unless roll_keep says otherwise, so roll_keep_for alone keeps a log for far shorter than it says.
func TestLogsOfTheDocumentationAreKeptAsLongAsTheySay(t *testing.T) {
	blocks, found := regexp.MustCompile("(?s)```caddyfile\n(.*?)```"), 0
	for page, text := range documents(t) {
		for _, block := range blocks.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(block[1], "roll_keep_for ") {
				continue
			}
			if found++; !strings.Contains(block[1], "roll_keep ") {
				t.Errorf("docs/%s: a log with roll_keep_for has no roll_keep, so that only ten files are kept", page)
			}
		}
	}
	if found == 0 {
		t.Error("no log of the documentation is kept for a time")
	}
}
