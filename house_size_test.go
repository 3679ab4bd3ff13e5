package sluice

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The limits of size. Generated files are exempt.
const (
	packageFiles  = 35   // files of a package, tests aside
	packageLines  = 5000 // lines of a package, tests aside
	fileLines     = 400  // lines of a file
	medianLines   = 120  // lines of the median file, tests aside
	functionLines = 60   // lines of a function
	testLines     = 120  // lines of a function in a test, which may tell a story; its tables do not count
)

// The exceptions to the limits, each with the size that it may not exceed. A test fails when an entry is no longer needed.
var (
	largePackages = map[string]int{} // lines
	manyFiles     = map[string]int{} // files
	longFiles     = map[string]int{} // lines
	longFunctions = map[string]int{} // lines
)

// source is a Go file of the repository that no tool wrote.
type source struct {
	path   string
	lines  int
	syntax *ast.File
	set    *token.FileSet
}

// isTest reports whether the file is part of a test, such as the suite of storetest.
func (s *source) isTest() bool {
	return strings.HasSuffix(s.path, "_test.go") || slices.Contains(s.imports(), "testing")
}

// folder returns the directory of the file, as the table of floors names it.
func (s *source) folder() string {
	if dir := filepath.ToSlash(filepath.Dir(s.path)); dir != "." {
		return dir
	}
	return ""
}

// sources parses every Go file of the repository, those of other modules included, generated ones left out.
func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "data" || name == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s := &source{path: filepath.ToSlash(path), lines: bytes.Count(text, []byte("\n")), set: token.NewFileSet()}
		if s.syntax, err = parser.ParseFile(s.set, path, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return err
		}
		if !ast.IsGenerated(s.syntax) {
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// limit compares sizes with a limit and its exceptions.
func limit(t *testing.T, what string, most int, sizes, exceptions map[string]int) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		ceiling, excepted := exceptions[name]
		switch size := sizes[name]; {
		case !excepted && size > most:
			t.Errorf("%s: %d %s, at most %d", name, size, what, most)
		case excepted && size > ceiling:
			t.Errorf("%s: %d %s; its exception allows %d, the limit is %d", name, size, what, ceiling, most)
		case excepted && size <= most:
			t.Errorf("%s: %d %s are within the limit of %d; remove the exception", name, size, what, most)
		}
	}
	for name := range exceptions {
		if _, ok := sizes[name]; !ok {
			t.Errorf("%s no longer exists; remove the exception", name)
		}
	}
}

func TestPackagesAreSmall(t *testing.T) {
	files, lines := map[string]int{}, map[string]int{}
	for _, s := range sources(t) {
		if !s.isTest() {
			files[s.folder()]++
			lines[s.folder()] += s.lines
		}
	}
	limit(t, "files", packageFiles, files, manyFiles)
	limit(t, "lines", packageLines, lines, largePackages)
}

func TestFilesAreShort(t *testing.T) {
	sizes := map[string]int{}
	var lengths []int
	for _, s := range sources(t) {
		sizes[s.path] = s.lines
		if !s.isTest() {
			lengths = append(lengths, s.lines)
		}
	}
	limit(t, "lines", fileLines, sizes, longFiles)
	slices.Sort(lengths)
	if median := lengths[len(lengths)/2]; median > medianLines {
		t.Errorf("the median file has %d lines, at most %d", median, medianLines)
	}
}

func TestFunctionsAreShort(t *testing.T) {
	code, tests := map[string]int{}, map[string]int{}
	for _, s := range sources(t) {
		for _, d := range s.syntax.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := s.path + " " + f.Name.Name // methods of two types may share it
			if s.isTest() {
				tests[name] = max(tests[name], s.span(f)-s.tables(f))
			} else {
				code[name] = max(code[name], s.span(f))
			}
		}
	}
	limit(t, "lines", functionLines, code, longFunctions)
	limit(t, "lines", testLines, tests, nil)
}

// span returns the number of lines of n.
func (s *source) span(n ast.Node) int {
	return s.set.Position(n.End()).Line - s.set.Position(n.Pos()).Line + 1
}

// tables returns the number of lines within the outermost slice and map literals of f.
func (s *source) tables(f *ast.FuncDecl) (lines int) {
	ast.Inspect(f, func(n ast.Node) bool {
		literal, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		switch literal.Type.(type) {
		case *ast.ArrayType, *ast.MapType:
			lines += s.span(literal) - 1
			return false
		}
		return true
	})
	return lines
}
