package sluice

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName    = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
	testPackage = regexp.MustCompile("^`([a-z0-9/]+)` ")
)

// Every row of docs/threats.md, and of the rules in docs/oauth.md, names a test, and every test that it names exists.
func TestThreatsAreTested(t *testing.T) {
	testedPage(t, "docs/threats.md", "", 100)
	testedPage(t, "docs/oauth.md", "## Rules and their tests", 60)
}

// testedPage reads the tables of a page behind a heading, up to the next one of its level, which name at least so many tests.
func testedPage(t *testing.T, name, heading string, least int) {
	t.Helper()
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rules, ok := strings.Cut(string(page), heading)
	if !ok {
		t.Fatalf("%s has no %q", name, heading)
	}
	if heading != "" {
		rules, _, _ = strings.Cut(rules, "\n## ")
	}
	sources := map[string]string{}
	named := 0
	for i, line := range strings.Split(rules, "\n") {
		i += strings.Count(before, "\n")
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) < 3 || strings.HasPrefix(line, "| --- ") || strings.HasPrefix(line, "| threat ") || strings.HasPrefix(line, "| section ") {
			continue
		}
		if len(cells) != 3 {
			t.Errorf("%s, line %d: %d cells", name, i+1, len(cells))
			continue
		}
		inRow := 0
		for part := range strings.SplitSeq(strings.TrimSuffix(cells[2], " |"), "; ") {
			folder := "."
			if m := testPackage.FindStringSubmatch(part); m != nil {
				folder = m[1]
			} else if !strings.HasPrefix(part, "root ") {
				t.Errorf("%s, line %d: no package before %q", name, i+1, part)
			}
			if _, ok := sources[folder]; !ok {
				sources[folder] = testSources(t, folder)
			}
			for _, test := range testName.FindAllString(part, -1) {
				inRow++
				if !strings.Contains(sources[folder], "\nfunc "+test+"(") {
					t.Errorf("%s, line %d: package %s has no %s", name, i+1, folder, test)
				}
			}
		}
		if inRow == 0 {
			t.Errorf("%s: line %d names no test", name, i+1)
		}
		named += inRow
	}
	if named < least {
		t.Errorf("%s names only %d tests: the table is not read", name, named)
	}
}

func testSources(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// Random values may be secrets, so no package imports math/rand. Randomness is a parameter; its source is crypto/rand.
func TestRandomnessIsForCryptography(t *testing.T) {
	if err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			_, otherModule := os.Stat(filepath.Join(path, "go.mod"))
			if path != "." && (otherModule == nil || strings.HasPrefix(name, ".") || name == "testdata" || name == "data") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imported := range file.Imports {
			if strings.HasPrefix(imported.Path.Value, `"math/rand`) {
				t.Errorf("%s imports %s", path, imported.Path.Value)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
