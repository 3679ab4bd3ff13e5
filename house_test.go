package sluice

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sluicegate/sluice"

// floors says on which floor a package stands. A package imports from lower floors only.
var floors = map[string]int{
	// 0, mechanisms: the standard library, x/crypto and x/sys.
	"fault": 0, "seal": 0, "seal/guardtest": 0, "authz/policy": 0, "authz/principal": 0, "credentials/sigv4": 0, "userpool/srp": 0, "api": 0,
	"handover": 0, "throttle": 0,
	// 1, codecs of the wires.
	"api/awsjson": 1, "api/awsquery": 1,
	// 2, materials.
	"api/cognitoidp": 2, "api/cognitoidentity": 2, "api/sts": 2, "api/iam": 2, "authz/token": 2, "authz/revoke": 2,
	"credentials/session": 2, "store": 2, "config": 2, "message": 2,
	// 3, domain.
	"authz": 3, "authz/policycmd": 3, "credentials": 3, "userpool": 3, "identitypool": 3, "iam": 3,
	"store/sqlite": 3, "store/storetest": 3, "store/redis": 3,
	// 3 as well: the calls that functions behind operations see.
	"server/rpc": 3,
	// 4, dispatch: what all wires of one protocol share.
	"server/awsjson": 4, "server/query": 4,
	// 5, wires.
	"server/caller": 5, "server/cognitoidp": 5, "server/cognitoidentity": 5, "server/sts": 5, "server/iam": 5, "server/oidc": 5,
	// 6, what knows all wires.
	"server/compat": 6, "server/caller/callertest": 6, "caddymodule": 6,
	// 7, ends.
	"": 7, "cmd/sluice": 7,
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
