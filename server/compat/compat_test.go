package compat_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/kms"
	"github.com/sluicegate/sluice/api/sts"
	identitywire "github.com/sluicegate/sluice/server/cognitoidentity"
	idpwire "github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/server/compat"
	iamwire "github.com/sluicegate/sluice/server/iam"
	kmswire "github.com/sluicegate/sluice/server/kms"
	"github.com/sluicegate/sluice/server/rpc"
	stswire "github.com/sluicegate/sluice/server/sts"
)

var update = flag.Bool("update", false, "write docs/compatibility.md")

const (
	page = "../../docs/compatibility.md"
	e2e  = "../../e2e"
)

// apis are the sections. The registries are made without services, which are needed only to run a function.
var apis = []struct {
	title, scenarios string // scenarios: the type in e2e whose methods are the API's scenarios
	rpc.API
}{
	{"User pools", "userPools", rpc.API{Service: &cognitoidp.API, Registry: idpwire.Registry(idpwire.Options{})}},
	{"Identity pools", "identityPools", rpc.API{Service: &cognitoidentity.API, Registry: identitywire.Registry(identitywire.Options{})}},
	{"STS", "tokenService", rpc.API{Service: &sts.API, Registry: stswire.Registry(stswire.Options{})}},
	{"KMS (for local keys)", "keys", rpc.API{Service: &kms.API, Registry: kmswire.Registry(nil)}},
	{"IAM (the part that roles need)", "roles", rpc.API{Service: &iam.API, Registry: iamwire.Registry(nil)}},
}

func TestCompatibilityPageAgreesWithTheCode(t *testing.T) {
	var chapters []compat.API
	for _, a := range apis {
		if err := a.Registry.Check(a.Service); err != nil {
			t.Error(err)
		}
		chapters = append(chapters, compat.API{Title: a.title, Service: a.Service, Implemented: a.Registry.Operations()})
	}
	want, err := compat.Render(chapters, clientCalls(t))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/compatibility.md is stale: run go test ./server/compat -update")
	}
}

// clientCalls reads which operations foreign clients have called in the end-to-end tests. They compare the file with the metrics of the
// running binary.
func clientCalls(t *testing.T) compat.Calls {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(e2e, "clients.json"))
	if err != nil {
		t.Fatal(err)
	}
	var calls compat.Calls
	if err := json.Unmarshal(data, &calls); err != nil {
		t.Fatal(err)
	}
	return calls
}

// An operation counts as implemented if a foreign client has called it successfully, in its own scenario.
func TestEveryOperationHasAScenarioAndAForeignClient(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(e2e, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(data)
	}
	calls := clientCalls(t)
	for _, a := range apis {
		for _, name := range a.Registry.Operations() {
			if scenario := "func (" + a.scenarios + ") " + name + "("; !strings.Contains(sources.String(), "\n"+scenario) {
				t.Errorf("e2e has no %s…): write it", scenario)
			}
			if len(calls.Clients(a.Service.ID, name)) == 0 {
				t.Errorf("no client proves %s of %s: run TestScenarios of e2e with -update", name, a.Service.ID)
			}
		}
	}
}

func TestRenderRefusesWhatIsNoOperation(t *testing.T) {
	for name, tc := range map[string]struct {
		implemented string
		calls       compat.Calls
	}{
		"an operation that AWS does not have":               {"MakeCoffee", nil},
		"a client's call of an operation that is missing":   {"AssumeRole", compat.Calls{"x": {"sts": {"GetAccessKeyInfo"}}}},
		"a client's call of an API that is not on the page": {"AssumeRole", compat.Calls{"x": {"s3": {"AssumeRole"}}}},
	} {
		if _, err := compat.Render([]compat.API{{Service: &sts.API, Implemented: []string{tc.implemented}}}, tc.calls); err == nil {
			t.Errorf("%s is not refused", name)
		}
	}
}

func TestTheTableNamesTheClientsOfAnOperation(t *testing.T) {
	got, err := compat.Render([]compat.API{{Title: "STS", Service: &sts.API, Implemented: []string{"AssumeRole", "GetSessionToken"}}},
		compat.Calls{"second": {"sts": {"AssumeRole"}}, "first": {"sts": {"AssumeRole"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| AssumeRole | yes | **yes** | first, second |\n", "| GetSessionToken | yes | **yes** |  |\n"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
}
