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
	"github.com/sluicegate/sluice/server/compat"
)

var update = flag.Bool("update", false, "write docs/compatibility.md")

const page = "../../docs/compatibility.md"

// apis names what is implemented as the registries do.
var apis = []compat.API{
	{Title: "User pools", Service: &cognitoidp.API, Implemented: nil},
	{Title: "Identity pools", Service: &cognitoidentity.API, Implemented: nil},
	{Title: "STS", Service: &sts.API, Implemented: nil},
	{Title: "IAM (the part that roles need)", Service: &iam.API, Implemented: nil},
}

func TestCompatibilityPageAgreesWithTheCode(t *testing.T) {
	want, err := compat.Render(apis)
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
