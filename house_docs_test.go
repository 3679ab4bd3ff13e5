package sluice

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fence     = regexp.MustCompile("(?m)^```([a-z]*)")
	languages = []string{"caddyfile", "json", "sh", "text", "xml", "http", "go", "ini"}
)

// Every fence names its language, so that tests find all examples: caddymodule adapts caddyfile blocks; json and sh blocks are
// checked here.
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

// CI runs the targets of the Makefile, so examples for the shell consist of them.
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

// CONTRIBUTING.md names files and folders that exist. A placeholder stands for at least one.
func TestContributingNamesWhatExists(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	prose := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(text), "")
	for _, m := range quoted.FindAllStringSubmatch(prose, -1) {
		path := m[1]
		if !strings.Contains(path, "/") && filepath.Ext(path) != ".go" || strings.ContainsAny(path, " :") {
			continue
		}
		named++
		found, err := filepath.Glob(placeholder.ReplaceAllString(path, "*"))
		if err != nil || len(found) == 0 && path != "net/http" {
			t.Errorf("%s does not exist, %v", path, err)
		}
	}
	if named < 20 {
		t.Errorf("only %d paths are named: the page is not read", named)
	}
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
