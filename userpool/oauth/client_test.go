package oauth_test

import (
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

func TestClientThatMustUsePKCE(t *testing.T) {
	s := newSite(t)
	demanding := settings()
	demanding.OAuth = &oauthclient.Metadata{PKCE: true}
	c, err := s.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: s.pool.ID, Name: "web", Settings: demanding})
	if err != nil {
		t.Fatal(err)
	}
	client := "client_id=" + c.ID
	for _, kind := range []string{"code", "token"} {
		if _, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request(client, "response_type="+kind)); err == nil {
			t.Errorf("%s without code_challenge", kind)
		}
	}
	s.parse(client, "code_challenge="+challenge, "code_challenge_method=S256")
}

// A scope whose resource server is gone is neither granted nor given for a code from before.
func TestScopeOfADeletedResourceServer(t *testing.T) {
	s := newSiteWithUsers(t)
	if _, err := s.Scopes.CreateResourceServer(t.Context(), store.ResourceServer{PoolID: s.pool.ID, ID: "notes", Name: "notes",
		Scopes: []store.Scope{{Name: "read", Description: "read"}}}); err != nil {
		t.Fatal(err)
	}
	custom := settings()
	custom.AllowedOAuthScopes = append(custom.AllowedOAuthScopes, "notes/read")
	s.client = s.Client(s.pool.ID, custom)
	q, _ := s.complete("ann", "", "scope=openid notes/read")
	if err := s.Scopes.DeleteResourceServer(t.Context(), s.pool.ID, "notes"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request("scope=notes/read")); err == nil {
		t.Error("the scope is granted")
	}
	set, err := s.redeem(q.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	if scope := claims(t, set.AccessToken)["scope"]; scope != "openid" {
		t.Error(scope)
	}
}
