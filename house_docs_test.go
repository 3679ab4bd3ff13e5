package sluice

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	fence     = regexp.MustCompile("(?m)^```([a-z]*)")
	languages = []string{"caddyfile", "json", "sh", "text", "xml", "http", "go", "ini", "js", "yaml", "toml", "ruby", "sql", "bash", "python", "mjs", "nginx"}
)

// Every fence names its language, so that tests find all examples: caddymodule adapts caddyfile blocks; trigger/javascript runs js
// blocks; e2e signs in with the settings of docs/relying-parties.md; this file checks json and sh blocks.
func TestFencedExamplesNameTheirLanguage(t *testing.T) {
	eachDocument(t, func(path string, text []byte) {
		open := false
		for _, m := range fence.FindAllSubmatch(text, -1) {
			open = !open
			if open && !slices.Contains(languages, string(m[1])) {
				t.Errorf("%s: a fence says %q; say one of %v", path, m[1], languages)
			}
		}
		if open {
			t.Errorf("%s: a fence is not closed", path)
		}
	})
}

func TestFencedJSONParses(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```")
	eachDocument(t, func(path string, text []byte) {
		for _, m := range blocks.FindAllSubmatch(text, -1) {
			if !json.Valid(m[1]) {
				t.Errorf("%s: not JSON:\n%s", path, m[1])
			}
		}
	})
}

var target = regexp.MustCompile(`(?m)^([a-z0-9]+):`)

// CI runs the targets of the Makefile, so sh blocks contain only these.
func TestFencedShellNamesTargets(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, m := range target.FindAllSubmatch(makefile, -1) {
		targets[string(m[1])] = true
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```")
	eachDocument(t, func(path string, text []byte) {
		for _, m := range blocks.FindAllSubmatch(text, -1) {
			for line := range strings.Lines(string(m[1])) {
				if words := strings.Fields(line); len(words) < 2 || words[0] != "make" || !targets[words[1]] {
					t.Errorf("%s: %q is no target of the Makefile; use a text block for other commands", path, line)
				}
			}
		}
	})
}

var (
	quoted      = regexp.MustCompile("`([^`]+)`")
	placeholder = regexp.MustCompile("<[A-Za-z]+>")
)

// CONTRIBUTING.md and docs/architecture.md name files and folders that exist. A placeholder matches at least one. Packages that
// the architecture lists as planned do not exist yet.
func TestDocumentsNameFilesThatExist(t *testing.T) {
	for path, atLeast := range map[string]int{"CONTRIBUTING.md": 20, "docs/architecture.md": 100} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		prose := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(text), "")
		planned := map[string]bool{"net/http": true} // of the standard library
		for _, row := range packageRows(section(prose, "### Planned packages")) {
			planned[row.name] = true
			if _, err := os.Stat(row.name); err == nil {
				t.Errorf("%s: %s exists; move it from the planned packages to the floors", path, row.name)
			}
		}
		named := 0
		for _, m := range quoted.FindAllStringSubmatch(prose, -1) {
			name := m[1]
			if !strings.Contains(name, "/") && filepath.Ext(name) != ".go" || strings.ContainsAny(name, " :") || planned[name] {
				continue
			}
			named++
			found, err := filepath.Glob(placeholder.ReplaceAllString(name, "*"))
			if err != nil || len(found) == 0 {
				t.Errorf("%s: %s does not exist, %v", path, name, err)
			}
		}
		if named < atLeast {
			t.Errorf("%s names only %d paths: the page is not read", path, named)
		}
	}
}

// The table of floors in docs/architecture.md is the one of house_test.go.
func TestArchitectureListsEveryPackageWithItsFloor(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]int{"": floors[""]} // the root package has only tests
	table, _, _ := strings.Cut(section(string(text), "## Floors"), "\n### ")
	for _, row := range packageRows(table) {
		if _, twice := written[row.name]; twice {
			t.Errorf("docs/architecture.md lists %s twice", row.name)
		}
		written[row.name] = row.floor
	}
	for name, floor := range floors {
		if got, ok := written[name]; !ok || got != floor {
			t.Errorf("docs/architecture.md has %s on floor %d (listed: %t), house_test.go on floor %d", name, got, ok, floor)
		}
	}
	for name := range written {
		if _, ok := floors[name]; !ok {
			t.Errorf("docs/architecture.md lists %s, which has no floor in house_test.go", name)
		}
	}
}

var (
	link        = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading     = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchor = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// Links within the documentation lead to files and headings that exist.
func TestLinksLeadToFilesAndHeadingsThatExist(t *testing.T) {
	anchors := map[string]map[string]bool{}
	links := map[string][]string{}
	fenced := regexp.MustCompile("(?s)```.*?```")
	eachDocument(t, func(path string, text []byte) {
		prose := fenced.ReplaceAllString(string(text), "")
		anchors[path] = map[string]bool{}
		for _, m := range heading.FindAllStringSubmatch(prose, -1) {
			anchors[path][strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
		}
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			links[path] = append(links[path], m[1])
		}
	})
	checked := 0
	for from, all := range links {
		for _, target := range all {
			if strings.Contains(target, "://") {
				continue
			}
			checked++
			file, anchor, _ := strings.Cut(target, "#")
			to := from
			if file != "" {
				to = filepath.Join(filepath.Dir(from), file)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", from, target, err)
			} else if anchor != "" && !anchors[to][anchor] {
				t.Errorf("%s links to %s: there is no such heading", from, target)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d links are checked: the pages are not read", checked)
	}
}

type packageRow struct {
	floor int
	name  string
}

var rowOfPackage = regexp.MustCompile("(?m)^\\| ([0-9]+) \\| `([^`]+)` \\| ")

// packageRows returns the rows of tables of the form "| floor | `package` | purpose |".
func packageRows(text string) (rows []packageRow) {
	for _, m := range rowOfPackage.FindAllStringSubmatch(text, -1) {
		floor, err := strconv.Atoi(m[1])
		if err != nil {
			continue // more digits than any floor has
		}
		rows = append(rows, packageRow{floor, m[2]})
	}
	return rows
}

// section returns the text from a heading to the next one of the same level, or "" if there is none.
func section(text, heading string) string {
	_, after, _ := strings.Cut(text, "\n"+heading+"\n")
	level, _, _ := strings.Cut(heading, " ")
	before, _, _ := strings.Cut(after, "\n"+level+" ")
	return before
}

func eachDocument(t *testing.T, check func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules" || d.Name() == "data"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		check(path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
