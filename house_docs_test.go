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

// Every fence names its language, so that the tests that run examples find them all: caddyfile blocks in caddymodule,
// json here, sh in e2e.
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
