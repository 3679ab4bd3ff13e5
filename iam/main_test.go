package iam_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

const (
	account  = "123456789012"
	poolID   = "us-east-1:11111111-2222-4333-8444-555555555555"
	identity = "us-east-1:99999999-2222-4333-8444-555555555555"
	oidcURL  = "https://idp.example.com/tenant"
	poolURL  = "https://cognito-identity.amazonaws.com"
	allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

// world is a Service on a real store with a real minter and verifier, and a clock that the test sets.
type world struct {
	*iam.Service
	t      testing.TB
	store  store.Store
	box    *seal.Box
	minter *session.Minter
	now    time.Time
	key    *token.SigningKey
	log    *slog.Logger
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	storage, err := node.OpenStorage(node.StorageOptions{Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { must(t, storage.Close()) })
	w.store, w.box = storage.Store, storage.Box
	w.minter, err = session.NewMinter(session.Options{Box: w.box})
	must(t, err)
	w.key, err = token.GenerateKey(rand.Reader, "RS256")
	must(t, err)
	w.open()
	return w
}

// open creates the Service again on the same store, as a restart does.
func (w *world) open() {
	w.t.Helper()
	var keys token.StaticKeys
	must(w.t, keys.Set(w.key.Public()))
	verifier, err := token.New(token.Options{Now: w.clock, Issuers: []token.Issuer{
		{URL: "https://accounts.google.com", Keys: &keys, AnyClient: true, TokenUseOptional: true},
		{URL: oidcURL, Keys: &keys, ClientIDs: []string{"partner"}, TokenUseOptional: true},
		{URL: poolURL, Keys: &keys, AnyClient: true},
	}})
	must(w.t, err)
	w.Service, err = iam.New(w.t.Context(), iam.Options{
		Store: w.store, Box: w.box, Minter: w.minter, Account: account, Regions: region.Only("us-east-1"), Now: w.clock, Rand: rand.Reader, Verifier: verifier, Log: w.log,
	})
	must(w.t, err)
}

func (w *world) clock() time.Time { return w.now }

// role declares a role.
func (w *world) role(name, trust string, policies ...string) string {
	w.t.Helper()
	d := iam.DeclaredRole{Name: name, Trust: json.RawMessage(trust), Policies: map[string]json.RawMessage{}}
	for i, p := range policies {
		d.Policies[string(rune('a'+i))] = json.RawMessage(p)
	}
	must(w.t, w.Ensure(w.t.Context(), d))
	return w.RoleARN(name)
}

// sign returns a token of the issuer with the claims. It adds iss, iat and exp.
func (w *world) sign(issuer string, claims map[string]any) string {
	w.t.Helper()
	all := map[string]any{"iss": issuer, "iat": w.now.Unix(), "exp": w.now.Add(time.Hour).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	text, err := json.Marshal(all)
	must(w.t, err)
	raw, err := w.key.Sign(text, "")
	must(w.t, err)
	return raw
}

// poolToken returns an identity pool's token for identity.
func (w *world) poolToken(pool string, amr ...string) string {
	return w.sign(poolURL, map[string]any{"sub": identity, "aud": pool, "amr": amr})
}

// root returns the caller with the root key.
func (w *world) root() *iam.Caller { return &iam.Caller{Principal: w.Root("AKIAROOTROOTROOTROOT")} }

// caller opens credentials and returns their caller.
func (w *world) caller(c session.Credentials) *iam.Caller {
	w.t.Helper()
	record, _, err := w.minter.Open(c.AccessKeyID, c.SessionToken, w.now)
	must(w.t, err)
	return &iam.Caller{Principal: w.SessionPrincipal(c.AccessKeyID, record), Session: record}
}

// may reports whether the caller's policies allow the action.
func (w *world) may(c *iam.Caller, action, resource string) bool {
	return w.Decide(c, action, resource, nil).Effect == policy.Allow
}

// assume assumes a role and fails the test on an error.
func (w *world) assume(c *iam.Caller, in iam.AssumeRoleInput) iam.Assumed {
	w.t.Helper()
	if in.SessionName == "" {
		in.SessionName = "test"
	}
	out, err := w.AssumeRole(context.Background(), c, in)
	must(w.t, err)
	return out
}

func accountTrust(extra string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},
		"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]` + extra + `}]}`
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantFault(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", kind)
	}
	if !fault.Is(err, kind) {
		t.Fatalf("error %v, want kind %s", err, kind)
	}
}
