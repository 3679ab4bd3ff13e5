package compat_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/sts"
	identitywire "github.com/sluicegate/sluice/server/cognitoidentity"
	idpwire "github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/server/compat"
	iamwire "github.com/sluicegate/sluice/server/iam"
	"github.com/sluicegate/sluice/server/rpc"
	stswire "github.com/sluicegate/sluice/server/sts"
)

var update = flag.Bool("update", false, "write docs/compatibility.md")

const page = "../../docs/compatibility.md"

// apis are the chapters; the registries are made without the services behind them, which only running a function needs.
var apis = []struct {
	title string
	rpc.API
}{
	{"User pools", rpc.API{Service: &cognitoidp.API, Registry: idpwire.Registry(idpwire.Options{})}},
	{"Identity pools", rpc.API{Service: &cognitoidentity.API, Registry: identitywire.Registry(identitywire.Options{})}},
	{"STS", rpc.API{Service: &sts.API, Registry: stswire.Registry(stswire.Options{})}},
	{"IAM (the part that roles need)", rpc.API{Service: &iam.API, Registry: iamwire.Registry(nil)}},
}

func TestCompatibilityPageAgreesWithTheCode(t *testing.T) {
	var chapters []compat.API
	for _, a := range apis {
		if err := a.Registry.Check(a.Service); err != nil {
			t.Error(err)
		}
		chapters = append(chapters, compat.API{Title: a.title, Service: a.Service, Implemented: a.Registry.Operations()})
	}
	want, err := compat.Render(chapters)
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

func TestRenderRefusesWhatIsNoOperation(t *testing.T) {
	if _, err := compat.Render([]compat.API{{Service: &sts.API, Implemented: []string{"MakeCoffee"}}}); err == nil {
		t.Error("an operation that AWS does not have")
	}
}
