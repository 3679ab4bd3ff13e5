package grants_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
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

func newHarness(t testing.TB, change ...func(*idp.Options)) *harness {
	t.Helper()
	h := &harness{Harness: userpooltest.New(t, change...)}
	h.remake()
	return h
}

// remake makes the grants for the services of the harness, which a restart replaces.
func (h *harness) remake() {
	h.T.Helper()
	s, err := grants.New(grants.Options{Base: h.Base(), Pools: h.Pools, Tokens: h.Tokens, OAuth: h.OAuth, SignOuts: h})
	if err != nil {
		h.T.Fatal(err)
	}
	h.Service = s
}

// SignedOut implements grants.SignOuts.
func (h *harness) SignedOut(_ context.Context, t *token.Token) (bool, error) {
	return h.Index.Revoked(revoke.Credential{Issuer: t.Issuer.URL, Subject: t.Subject, OriginJTI: t.OriginJTI,
		AuthTime: time.Unix(t.AuthTime, 0), IssuedAt: time.Unix(t.IssuedAt, 0)}), nil
}

// Pool makes a pool with the resource servers orders and gone.
func (h *harness) Pool(settings userpool.PoolSettings) *userpool.PoolDescription {
	h.T.Helper()
	p := h.Harness.Pool(settings)
	for _, server := range []store.ResourceServer{
		{PoolID: p.ID, ID: "orders", Name: "orders", Scopes: []store.Scope{{Name: "read", Description: "read"}, {Name: "write", Description: "write"}}},
		{PoolID: p.ID, ID: "gone", Name: "gone", Scopes: []store.Scope{{Name: "scope", Description: "scope"}}},
	} {
		if _, err := h.Provider.Scopes.CreateResourceServer(h.T.Context(), server); err != nil {
			h.T.Fatal(err)
		}
	}
	return p
}

// removeGone removes the resource server gone.
func (h *harness) removeGone(poolID string) {
	h.T.Helper()
	if err := h.Provider.Scopes.DeleteResourceServer(h.T.Context(), poolID, "gone"); err != nil {
		h.T.Fatal(err)
	}
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

// passwordTime returns when the password of a user was set, as signin.Record has it.
func (h *harness) passwordTime(poolID, sub string) (at int64) {
	h.T.Helper()
	err := h.Store.View(h.T.Context(), func(tx store.Tx) error {
		u, err := tx.Users.Get(poolID, sub)
		at = u.Password.ModifiedAt.UnixMilli()
		return err
	})
	if err != nil {
		h.T.Fatal(err)
	}
	return at
}
