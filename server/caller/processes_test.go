package caller_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"testing"

	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/server/caller"
	"github.com/sluicegate/sluice/server/caller/callertest"
	"github.com/sluicegate/sluice/server/rpc"
)

func TestASessionOfARoleThatAnotherProcessHasJustMadeIsKnown(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	behind, err := iam.New(t.Context(), iam.Options{Store: w.Services.Store, Box: w.Services.Box, Minter: w.Minter, Account: callertest.Account,
		Regions: region.Only(callertest.Region), Now: w.Now, Rand: rand.Reader})
	must(t, err)
	by := w.As(w.Role("new", callertest.AccountTrust(), callertest.AllowAll))
	authenticate := func(catchUp func(context.Context)) error {
		gate, err := caller.New(caller.Options{IAM: behind, Minter: w.Minter, Regions: region.Only(callertest.Region), Now: w.Now, Resources: resources{},
			ClientIP: func(*http.Request) netip.Addr { return netip.Addr{} }, CatchUp: catchUp})
		must(t, err)
		body := `{"MaxResults":1}`
		return gate.Authenticate(t.Context(), &rpc.Call{API: &cognitoidentity.API, Operation: cognitoidentity.API.Operation("ListIdentityPools"),
			Request: w.JSONRequest("ListIdentityPools", body, by), Body: []byte(body)})
	}
	if err := authenticate(func(context.Context) {}); fault.KindOf(err) != fault.UnrecognizedClient {
		t.Errorf("a role that no process has: %v", err)
	}
	if err := authenticate(func(ctx context.Context) { must(t, behind.Reload(ctx)) }); err != nil {
		t.Errorf("a role that another process has made: %v", err)
	}
}
