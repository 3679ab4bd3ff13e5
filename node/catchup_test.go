package node_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/userpool"
	userdomains "github.com/sluicegate/sluice/userpool/domains"
)

// twoNodes have a store each on one file, as two processes do. The second node's clock stands still, so nothing that it keeps becomes too old.
func twoNodes(t *testing.T) (one, two *node.Node) {
	t.Helper()
	dir, at := t.TempDir(), time.Now()
	open := func(now func() time.Time) *node.Node {
		n, err := node.Open(t.Context(), node.Options{ShowRootKey: func(_, _ string) {}, Now: now, APIs: true, Config: config.App{DataDir: dir}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
		return n
	}
	return open(nil), open(func() time.Time { return at })
}

func TestADomainOfAnotherProcessGetsACertificateAtOnce(t *testing.T) {
	t.Parallel()
	one, two := twoNodes(t)
	ctx, domains := t.Context(), one.Services.Users.Domains
	p, err := one.Services.Users.Pools.CreateUserPool(ctx, "notes", userpool.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two", "three", "four"} {
		want := func(want bool) {
			t.Helper()
			if got, err := two.ServesHost(ctx, name+".auth.localhost"); err != nil || got != want {
				t.Errorf("%s: %v %v, want %v", name, got, err, want)
			}
		}
		want(false)
		if _, err := domains.CreateUserPoolDomain(ctx, userdomains.Change{PoolID: p.ID, Name: name}); err != nil {
			t.Fatal(err)
		}
		want(true)
		if err := domains.DeleteUserPoolDomain(ctx, p.ID, name); err != nil {
			t.Fatal(err)
		}
		want(false)
	}
}

// What one process changes decides the calls that another gets after it, without any wait.
func TestACallIsAnsweredFromWhatAnotherProcessCommittedBefore(t *testing.T) {
	t.Parallel()
	one, two := twoNodes(t)
	ctx := t.Context()
	pools := one.Services.Users.Pools
	p, err := pools.CreateUserPool(ctx, "notes", userpool.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := pools.CreateUserPoolClient(ctx, userpool.NewClient{PoolID: p.ID, Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	answer := func() string {
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "`+c.ID+`", "AuthParameters": {"USERNAME": "x", "PASSWORD": "y"}}`))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth")
		rec := httptest.NewRecorder()
		two.ServeAPIs(rec, r)
		return rec.Header().Get("x-amzn-ErrorType")
	}
	answer() // so that it keeps the client
	for range 20 {
		for flow, want := range map[string]string{"ALLOW_USER_PASSWORD_AUTH": "UserNotFoundException", "ALLOW_CUSTOM_AUTH": "InvalidParameterException"} {
			_, err := pools.UpdateUserPoolClient(ctx, p.ID, c.ID, "", userpool.ClientSettings{ExplicitAuthFlows: []string{flow}})
			if err != nil {
				t.Fatal(err)
			}
			if got := answer(); got != want {
				t.Fatalf("with %s: %s, want %s", flow, got, want)
			}
		}
	}
	if _, err := pools.UpdateUserPoolClient(ctx, p.ID, c.ID, "", userpool.ClientSettings{}); err != nil {
		t.Fatal(err)
	}
	if err := pools.DeleteUserPoolClient(ctx, p.ID, c.ID); err != nil {
		t.Fatal(err)
	}
	if got := answer(); got != "ResourceNotFoundException" {
		t.Errorf("a client that is deleted: %s", got)
	}
}
