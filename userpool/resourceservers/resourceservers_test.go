package resourceservers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/resourceservers"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func scopes(names ...string) []store.Scope {
	var list []store.Scope
	for _, name := range names {
		list = append(list, store.Scope{Name: name, Description: name})
	}
	return list
}

func TestADeletedScopeIsNotGranted(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	server := store.ResourceServer{PoolID: p.ID, ID: "api", Name: "API", Scopes: scopes("read", "write")}
	if _, err := h.Scopes.CreateResourceServer(t.Context(), server); err != nil {
		t.Fatal(err)
	}
	c := h.Client(p.ID, userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"},
		CallbackURLs: []string{"https://app.test/"}, AllowedOAuthScopes: []string{"openid", "api/read", "api/write"}})
	grants := func() string {
		pool, client, err := h.Pools.PoolAndClient(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(client.Grants(pool), " ")
	}
	if got := grants(); got != "openid api/read api/write" {
		t.Error(got)
	}
	server.Scopes = scopes("read")
	if _, err := h.Scopes.UpdateResourceServer(t.Context(), server); err != nil {
		t.Fatal(err)
	}
	if got := grants(); got != "openid api/read" {
		t.Error(got)
	}
	if err := h.Scopes.DeleteResourceServer(t.Context(), p.ID, "api"); err != nil {
		t.Fatal(err)
	}
	if got := grants(); got != "openid" {
		t.Error(got)
	}
	if list, err := h.Scopes.Scopes(t.Context(), p.ID); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}

func TestAnIdentifierCannotImitateAScopeOfAWS(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	for _, id := range []string{"aws.cognito/dcr", "aws.cognito.signin.user.admin", "aws.cognito"} {
		_, err := h.Scopes.CreateResourceServer(t.Context(), store.ResourceServer{PoolID: p.ID, ID: id, Name: "x", Scopes: scopes("register")})
		if !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestDeclaredResourceServers(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	declared := []resourceservers.Declared{{ID: "https://api.test", Scopes: scopes("read")}, {ID: "b", Name: "B"}}
	for range 2 {
		if err := h.Scopes.Ensure(t.Context(), p.ID, declared); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := h.Scopes.Scopes(t.Context(), p.ID); err != nil || !slices.Equal(got, []string{"https://api.test/read"}) {
		t.Error(got, err)
	}
	declared[0].Scopes = scopes("write")
	if err := h.Scopes.Ensure(t.Context(), p.ID, declared); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Scopes.Scopes(t.Context(), p.ID); err != nil || !slices.Equal(got, []string{"https://api.test/write"}) {
		t.Error(got, err)
	}
	for text, d := range map[string]resourceservers.Declared{
		"an identifier has":      {ID: "a b"},
		"a name has":             {ID: "a", Name: "#"},
		"slash and backslash":    {ID: "a", Scopes: scopes("a/b")},
		"is given twice":         {ID: "a", Scopes: scopes("a", "a")},
		"is reserved":            {ID: "aws.cognito/x"},
		"write a description of": {ID: "a", Scopes: []store.Scope{{Name: "a"}}},
	} {
		if err := resourceservers.CheckDeclared([]resourceservers.Declared{d}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", d, err, text)
		}
	}
}
