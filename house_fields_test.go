package sluice

import (
	"go/ast"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// embeddable are packages that programs of others import.
var embeddable = append([]string{"authz", "authz/decisionlog", "authz/policy", "authz/principal", "authz/rule", "authz/token", "credentials", "credentials/sigv4", "node", "server/audit", "sluicetest"}, configured...)

// Programs of others can tell from the comment of a package whether they may import it, and from the architecture which ones there are.
func TestPackagesForOthersSaySo(t *testing.T) {
	const sentence = "Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on."
	raw, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(raw), "### Packages for other programs")
	table, _, _ = strings.Cut(table, "Other packages can be imported")
	said := map[string]bool{}
	for _, s := range sources(t) {
		if s.syntax.Doc != nil && strings.Contains(strings.Join(strings.Fields(s.syntax.Doc.Text()), " "), sentence) {
			said[s.folder()] = true
		}
	}
	for _, p := range embeddable {
		if !said[p] {
			t.Errorf("%s: the package comment does not say: %s", p, sentence)
		}
		if !strings.Contains(table, "`"+p+"`") {
			t.Errorf("docs/architecture.md does not list %s among the packages for other programs", p)
		}
		delete(said, p)
	}
	for p := range said {
		t.Errorf("%s says that programs of others may import it, and is not in embeddable", p)
	}
	if n := strings.Count(table, "`")/2 - 1; n != len(embeddable) { // net/http is there, too
		t.Errorf("docs/architecture.md lists %d packages for other programs, not %d", n, len(embeddable))
	}
}

// configured are the packages whose structs are configurations: Caddy shows the comments of their fields in its documentation of
// JSON, under the names in their tags.
var configured = []string{"caddymodule", "caddymodule/ask", "caddymodule/listeners", "config"}

// Every exported field of this module says what it is. A comment applies to the fields right below it, up to an empty line, and that of
// a type on one line for its fields.
func TestExportedFieldsAreDocumented(t *testing.T) {
	fields := 0
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		folder := s.folder()
		if _, ours := floors[folder]; !ours {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			structure, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			documented, last := false, 0
			for _, f := range structure.Fields.List {
				line := s.set.Position(f.Pos()).Line
				documented = line == s.set.Position(spec.Pos()).Line || f.Doc != nil || f.Comment != nil || documented && line == last+1
				last = s.set.Position(f.End()).Line
				for _, name := range f.Names {
					if !name.IsExported() {
						continue
					}
					fields++
					if !documented {
						t.Errorf("%s: %s.%s has no comment: say what it is, its unit, and what its zero value means", s.set.Position(f.Pos()), spec.Name, name)
					}
					if slices.Contains(configured, folder) && jsonName(f) == "" && configures(s.syntax, spec.Name.Name) {
						t.Errorf("%s: %s.%s has no json tag, which Caddy's documentation shows", s.set.Position(f.Pos()), spec.Name, name)
					}
				}
			}
			return true
		})
	}
	if fields < 3500 {
		t.Errorf("only %d fields were found", fields)
	}
}

// configures reports whether a struct is part of a configuration: one of its fields has a json tag.
func configures(file *ast.File, name string) (tagged bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		if structure, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range structure.Fields.List {
				tagged = tagged || jsonName(f) != ""
			}
		}
		return false
	})
	return tagged
}

func jsonName(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	text, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(reflect.StructTag(text).Get("json"), ",")
	return name
}
