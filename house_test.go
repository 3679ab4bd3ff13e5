package sluice

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/dependencies.txt")

const module = "github.com/sluicegate/sluice"

// floors says on which floor a package stands. A package imports from lower floors only.
var floors = map[string]int{
	// 0, mechanisms: the standard library, x/crypto and x/sys.
	"fault": 0, "seal": 0, "authz/policy": 0, "authz/principal": 0, "credentials/sigv4": 0, "userpool/srp": 0, "api": 0,
	"handover": 0, "throttle": 0,
	// 1, codecs of the wires, and the contract of the stores.
	"api/awsjson": 1, "api/awsquery": 1, "store": 1, "authz/token": 1,
	// 2, materials.
	"api/cognitoidp": 2, "api/cognitoidentity": 2, "api/sts": 2, "api/iam": 2, "authz/keyring": 2, "authz/revoke": 2,
	"credentials/session": 2, "store/sql": 2, "config": 2, "message": 2,
	// 3, domain.
	"authz": 3, "authz/policycmd": 3, "credentials": 3, "userpool": 3, "identitypool": 3, "iam": 3,
	"store/sqlite": 3, "store/storetest": 3, "store/redis": 3,
	// 3 as well: the calls that functions behind operations see.
	"server/rpc": 3,
	// 4 to 6, domain: user pools, each package over the one before.
	"userpool/tokens": 4, "userpool/directory": 5, "userpool/signin": 6,
	// 7, user pools as one; dispatch: what all wires of one protocol share.
	"userpool/idp": 7, "server/awsjson": 7, "server/query": 7, "server/awsauth": 7,
	// 8, wires.
	"server/caller": 8, "server/cognitoidp": 8, "server/cognitoidentity": 8, "server/sts": 8, "server/iam": 8, "server/oidc": 8,
	"server/refusal": 8,
	// 9, what knows all wires: the composition.
	"node": 9, "server/compat": 9, "userpool/userpooltest": 9,
	// 10, the host, and tests' servers.
	"server/caller/callertest": 10, "caddymodule": 10,
	// 11, ends.
	"": 11, "cmd/sluice": 11,
}

// hosts are the packages that may know Caddy.
var hosts = []string{"caddymodule", "cmd/sluice"}

type listed struct {
	ImportPath string
	Doc        string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func short(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		name := short(p.ImportPath)
		floor, ok := floors[name]
		if !ok {
			t.Errorf("package %s has no floor: put it into the table of house_test.go and of docs/architecture.md", name)
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "github.com/caddyserver/") && !slices.Contains(hosts, name) {
				t.Errorf("%s imports %s: only %v know Caddy", name, imported, hosts)
			}
			if imported != module && !strings.HasPrefix(imported, module+"/") {
				continue
			}
			if strings.HasSuffix(imported, "test") && !strings.HasSuffix(name, "test") {
				t.Errorf("%s imports %s, which is for tests only", name, short(imported))
			}
			below, ok := floors[short(imported)]
			if !ok || below >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d)", name, floor, short(imported), below)
			}
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("package %s has no comment", p.ImportPath)
		}
	}
}

func TestEveryPackageStandsInTheArchitecture(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range floors {
		if name != "" && !bytes.Contains(text, []byte("`"+name+"`")) {
			t.Errorf("docs/architecture.md does not name `%s`", name)
		}
	}
}

// The list of what the binary is linked with is reviewed: a new module shows up as a diff.
func TestDependenciesAreReviewed(t *testing.T) {
	const file = "docs/dependencies.txt"
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./cmd/sluice").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	modules = slices.Compact(modules)
	modules = slices.DeleteFunc(modules, func(m string) bool { return m == module })
	got := strings.Join(modules, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the binary's modules differ from %s; check licence and upkeep of what is new, then: go test . -run Reviewed -update\n%s", file, got)
	}
}

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

// A secret that someone pasted, or the name of the machine someone worked on, is a bug wherever it stands.
func TestNoPathsOfSomebodysMachine(t *testing.T) {
	out, err := exec.Command("git", "grep", "-nIE", `(/hom[e]/|/User[s]/|/roo[t]/|BEGIN [A-Z ]*PRIVATE KE[Y])`, "--", ".", ":!go.sum", ":!*/testdata/*").Output()
	var none *exec.ExitError
	if err != nil && (!errors.As(err, &none) || none.ExitCode() != 1) {
		t.Fatalf("git grep: %v", err)
	}
	if len(out) > 0 {
		t.Errorf("paths or keys in the tree:\n%s", out)
	}
}
