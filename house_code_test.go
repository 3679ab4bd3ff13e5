package sluice

import (
	"go/ast"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// vague names say nothing about what a package does.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared"}

func TestPackagesAreNamedForWhatTheyDo(t *testing.T) {
	for _, s := range sources(t) {
		if name := strings.TrimSuffix(s.syntax.Name.Name, "_test"); slices.Contains(vague, name) {
			t.Errorf("%s: a package is called %s", s.path, name)
		}
	}
}

// The user directory does not depend on the wire that serves it.
func TestUserPoolsKnowNoWire(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || s.folder() != "userpool" && !strings.HasPrefix(s.folder(), "userpool/") {
			continue
		}
		for _, imported := range s.imports() {
			if name, ours := strings.CutPrefix(imported, module+"/"); ours && (name == "api" || strings.HasPrefix(name, "api/")) {
				t.Errorf("%s imports %s: userpool does not depend on wire types; convert them in server", s.path, name)
			}
		}
	}
}

// signers are the packages that sign tokens. Each keeps the claims of its tokens in one place.
var signers = map[string]string{
	"authz/token":     "defines signing keys",
	"userpool/tokens": "the tokens of user pools",
	"identitypool":    "the tokens of GetOpenIdToken",
	"credentials":     "the tokens that upstreams get",

	"userpool/relyingparty": "the assertions with which it authenticates at identity providers, with the keys that they know",
	"authz/login":           "the header x-amzn-oidc-data",
}

// jose are the packages that can sign a token: the project's own and those of jwx.
func jose(imported string) bool {
	return imported == module+"/authz/token" ||
		strings.HasPrefix(imported, "github.com/lestrrat-go/jwx/") && slices.Contains([]string{"jws", "jwt"}, path.Base(imported))
}

func TestOnlyTheRoomOfTokensSigns(t *testing.T) {
	knows, calls := map[string]bool{}, map[string][]string{}
	for _, s := range sources(t) {
		if _, ours := floors[s.folder()]; !ours || s.isTest() {
			continue
		}
		knows[s.folder()] = knows[s.folder()] || slices.ContainsFunc(s.imports(), jose)
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sign" {
				calls[s.folder()] = append(calls[s.folder()], s.set.Position(call.Pos()).String())
			}
			return true
		})
	}
	for folder, places := range calls {
		if !knows[folder] {
			continue // such as the sign of a big.Int
		}
		if _, ok := signers[folder]; !ok {
			t.Errorf("%s signs tokens at %v; only %v may", folder, places, slices.Sorted(maps.Keys(signers)))
		}
	}
}

// imports returns the import paths of the file.
func (s *source) imports() []string {
	paths := make([]string, len(s.syntax.Imports))
	for i, spec := range s.syntax.Imports {
		paths[i], _ = strconv.Unquote(spec.Path.Value) // the parser has checked it
	}
	return paths
}
