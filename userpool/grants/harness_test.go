package grants_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// harness is user pools with grants.
type harness struct {
	*userpooltest.Harness
	*grants.Service
}

// custom are the scopes of every pool's resource servers.
type custom []string

func (c custom) Scopes(context.Context, string) ([]string, error) { return c, nil }

var orders = custom{"orders/read", "orders/write"}

func newHarness(t testing.TB, change ...func(*idp.Options)) *harness {
	t.Helper()
	h := &harness{Harness: userpooltest.New(t, change...)}
	h.remake()
	return h
}

// remake makes the grants for the services of the harness, which a restart replaces.
func (h *harness) remake() {
	h.T.Helper()
	s, err := grants.New(grants.Options{Base: h.Base(), Pools: h.Pools, Tokens: h.Tokens, Scopes: orders})
	if err != nil {
		h.T.Fatal(err)
	}
	h.Service = s
}

// machineSettings are those of a client for client_credentials.
var machineSettings = userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"client_credentials"},
	AllowedOAuthScopes: []string{"orders/read", "orders/write", "gone/scope"}}

// confidential makes a client with a secret.
func (h *harness) confidential(poolID string, settings userpool.ClientSettings) *userpool.ClientDescription {
	h.T.Helper()
	c, err := h.Pools.CreateUserPoolClient(h.T.Context(), userpool.NewClient{PoolID: poolID, Name: "server", GenerateSecret: true, Settings: settings})
	if err != nil {
		h.T.Fatal(err)
	}
	return c
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

// ask sends a form, given as pairs, to the token endpoint.
func (h *harness) ask(poolID, authorization string, pairs ...string) (*grants.Answer, error) {
	h.T.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	p, err := grants.ParseParameters(form.Encode())
	if err != nil {
		return nil, err
	}
	c, err := grants.Present(authorization, p)
	if err != nil {
		return nil, err
	}
	return h.Token(h.T.Context(), grants.Request{PoolID: poolID, Parameters: p, Credentials: c})
}

// wantCode checks the code of a refusal.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	refused, ok := errors.AsType[*grants.Error](err)
	if !ok || refused.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}
