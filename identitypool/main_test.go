package identitypool_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/node"
	sluiceregion "github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/store"
)

const (
	account   = "123456789012"
	region    = "us-east-1"
	userPool  = "us-east-1_notes0001"
	otherPool = "us-east-1_other0001"
	client    = "1example23456789abcdefghij"
	oidcURL   = "https://idp.example.com/tenant"

	loginKey = "localhost:8080/" + userPool                              // as Amplify sends it
	awsKey   = "cognito-idp.us-east-1.amazonaws.com/us-east-1_notes0001" // as AWS's SDKs do
	oidcKey  = "idp.example.com/tenant"
	oidcARN  = "arn:aws:iam::" + account + ":oidc-provider/" + oidcKey
	allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

func issuerOf(id string) string { return "http://localhost:8080/" + id }

// world has identity pools on a real store, with real roles, minter and verifier, and a clock that the test sets.
type world struct {
	*identitypool.Service
	t       testing.TB
	iam     *iam.Service
	store   store.Store
	minter  *session.Minter
	options identitypool.Options
	now     time.Time
	key     *token.SigningKey
	out     map[string]bool // signed-out subjects
	access  accessTokens
}

var testKey = func() *token.SigningKey {
	key, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		panic(err)
	}
	return key
}()

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), key: testKey, out: map[string]bool{}}
	storage, err := node.OpenStorage(node.StorageOptions{Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { _ = storage.Close() }) // a test may have closed it
	st, box := storage.Store, storage.Box
	w.store = st
	w.minter, err = session.NewMinter(session.Options{Box: box})
	must(t, err)
	w.iam, err = iam.New(t.Context(), iam.Options{Store: st, Box: box, Minter: w.minter, Account: account, Regions: sluiceregion.Only("us-east-1"), Now: w.clock, Rand: rand.Reader})
	must(t, err)
	var keys token.StaticKeys
	must(t, keys.Set(w.key.Public()))
	verifier, err := token.New(token.Options{Now: w.clock, Issuers: []token.Issuer{
		{URL: issuerOf(userPool), Keys: &keys, AnyClient: true},
		{URL: issuerOf(otherPool), Keys: &keys, AnyClient: true},
		{URL: oidcURL, Keys: &keys, ClientIDs: []string{"partner"}, TokenUseOptional: true},
	}})
	must(t, err)
	w.options = identitypool.Options{
		Store: st, Box: box, Roles: w.iam, Regions: sluiceregion.Only(region), Account: account, Now: w.clock, Rand: rand.Reader,
		IssuerFor: issuerOf, Verifier: verifier, SignOuts: w, GuestPolicies: iam.GuestPolicies(), LoginsClaim: iam.LoginsClaim,
		Lint: w.iam.RoleWarnings, Assertions: w.iam, AccessTokens: &w.access,
	}
	w.open()
	return w
}

// open creates the Service from the store, as a restart does.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.Service, err = identitypool.New(w.t.Context(), w.options)
	must(w.t, err)
	w.iam.UseVerifier(w.Service)
}

func (w *world) clock() time.Time { return w.now }

// SignedOut implements identitypool.SignOuts.
func (w *world) SignedOut(_ context.Context, t *token.Token) (bool, error) {
	return w.out[t.Subject], nil
}

// pool makes a pool with the settings and roles "user" and "guest" that trust it and allow everything.
func (w *world) pool(settings identitypool.Settings) string {
	w.t.Helper()
	p, err := w.Create(w.t.Context(), "notes", settings)
	must(w.t, err)
	must(w.t, w.SetRoles(w.t.Context(), p.ID, identitypool.Roles{
		Authenticated: w.role("user", iam.PoolTrust(p.ID, true)), Guest: w.role("guest", iam.PoolTrust(p.ID, false)),
	}))
	return p.ID
}

func (w *world) role(name string, trust json.RawMessage) string {
	w.t.Helper()
	must(w.t, w.iam.Ensure(w.t.Context(), iam.DeclaredRole{Name: name, Trust: trust, Policies: map[string]json.RawMessage{"all": json.RawMessage(allowAll)}}))
	return w.iam.RoleARN(name)
}

// notes are the settings of most tests: guests, the user pool under its AWS name, a remote issuer, both flows.
func notes() identitypool.Settings {
	return identitypool.Settings{
		Guests: true, Classic: true, UserPools: []identitypool.UserPool{{Provider: awsKey, ClientID: client}}, OIDC: []string{oidcARN},
	}
}

// sign returns a token with the claims. It adds iat and exp; a nil value removes a claim.
func (w *world) sign(claims map[string]any) string {
	w.t.Helper()
	all := map[string]any{"iat": w.now.Unix(), "exp": w.now.Add(time.Hour).Unix()}
	for name, value := range claims {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	text, err := json.Marshal(all)
	must(w.t, err)
	raw, err := w.key.Sign(text, "")
	must(w.t, err)
	return raw
}

// idToken makes the user pool's ID token of a user, changed by more.
func (w *world) idToken(user string, more map[string]any) string {
	claims := map[string]any{
		"iss": issuerOf(userPool), "sub": "sub-" + user, "aud": client, "token_use": "id", "cognito:username": user, "origin_jti": "origin-" + user,
		"auth_time": w.now.Unix() - 60,
	}
	for name, value := range more {
		claims[name] = value
	}
	return w.sign(claims)
}

func (w *world) oidcToken(user string) string {
	return w.sign(map[string]any{"iss": oidcURL, "sub": user, "aud": "partner"})
}

// of returns logins with the user pool's ID token.
func (w *world) of(user string) map[string]string {
	return map[string]string{loginKey: w.idToken(user, nil)}
}

// id returns an identity, new or existing.
func (w *world) id(poolID string, logins map[string]string) string {
	w.t.Helper()
	id, err := w.GetID(w.t.Context(), poolID, "", logins)
	must(w.t, err)
	return id
}

func (w *world) credentials(id string, logins map[string]string) (identitypool.Credentials, error) {
	return w.GetCredentials(w.t.Context(), id, logins, "", identitypool.Env{})
}

// caller opens credentials and returns who they are.
func (w *world) caller(c session.Credentials) *iam.Caller {
	w.t.Helper()
	record, _, err := w.minter.Open(c.AccessKeyID, c.SessionToken, w.now)
	must(w.t, err)
	return &iam.Caller{Principal: w.iam.SessionPrincipal(c.AccessKeyID, record), Session: record}
}

func (w *world) may(c *iam.Caller, action, resource string) bool {
	return w.iam.Decide(c, action, resource, nil).Effect == policy.Allow
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantFault checks that err has the kind and the message; "" accepts any message.
func wantFault(t testing.TB, err error, kind fault.Kind, message string) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("error %v, want kind %s", err, kind)
		return
	}
	if got, _ := fault.Message(err); message != "" && got != message {
		t.Errorf("message %q, want %q", got, message)
	}
}
