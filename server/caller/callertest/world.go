package callertest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apiidentity "github.com/sluicegate/sluice/api/cognitoidentity"
	apiiam "github.com/sluicegate/sluice/api/iam"
	apists "github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/awsjson"
	"github.com/sluicegate/sluice/server/caller"
	"github.com/sluicegate/sluice/server/cognitoidentity"
	iamwire "github.com/sluicegate/sluice/server/iam"
	"github.com/sluicegate/sluice/server/query"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/server/sts"
	"github.com/sluicegate/sluice/store/sqlite"
)

// What the tests' world is made of.
const (
	Account  = "123456789012"
	Region   = "us-east-1"
	UserPool = "us-east-1_notes0001"
	Client   = "1example23456789abcdefghij"
	LoginKey = "localhost:8080/" + UserPool
	AllowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

// World is the server and what surrounds it.
type World struct {
	IAM    *iam.Service
	Pools  *identitypool.Service
	Minter *session.Minter
	Now    time.Time
	Root   sigv4.Credentials // the administrator's key
	Log    strings.Builder   // what was refused, with reasons

	Gate rpc.Authorizer // that the server asks

	Revoked      func(*session.Record) bool // nil = nothing is
	UserPoolTags map[string]string          // of every user pool

	t           testing.TB
	key         *token.SigningKey
	json, query http.Handler
}

// New makes a World at 2026-11-21 09:00 UTC.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{t: t, Now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "world.db")})
	w.must(err)
	t.Cleanup(func() { w.must(st.Close()) })
	master, err := seal.GenerateMasterKey(rand.Reader)
	w.must(err)
	box, err := seal.New(seal.Options{Keys: []seal.Key{master}})
	w.must(err)
	w.Minter, err = session.NewMinter(session.Options{Box: box})
	w.must(err)
	w.IAM, err = iam.New(t.Context(), iam.Options{Store: st, Box: box, Minter: w.Minter, Account: Account, Region: Region, Now: w.clock, Rand: rand.Reader})
	w.must(err)
	w.Root = sigv4.Credentials{AccessKeyID: "AKIAROOTROOTROOTROOT", SecretAccessKey: "root-secret-of-the-tests"}
	_, err = w.IAM.UseRoot(t.Context(), w.Root.AccessKeyID, w.Root.SecretAccessKey)
	w.must(err)
	w.pools(identitypool.Options{
		Store: st, Box: box, Roles: w.IAM, Region: Region, Account: Account, Now: w.clock, Rand: rand.Reader,
		IssuerFor: func(id string) string { return "http://localhost:8080/" + id }, GuestPolicies: iam.GuestPolicies(), LoginsClaim: iam.LoginsClaim,
	})
	w.serve()
	return w
}

// pools makes the identity pools with a user pool's issuer that IDToken signs for.
func (w *World) pools(o identitypool.Options) {
	var err error
	w.key, err = token.GenerateKey(rand.Reader, "RS256")
	w.must(err)
	var keys token.StaticKeys
	w.must(keys.Set(w.key.Public()))
	o.Verifier, err = token.New(token.Options{Now: w.clock, Issuers: []token.Issuer{{URL: "http://" + LoginKey, Keys: &keys, AnyClient: true}}})
	w.must(err)
	w.Pools, err = identitypool.New(w.t.Context(), o)
	w.must(err)
	web, err := token.New(token.Options{Now: w.clock, Issuers: []token.Issuer{w.Pools.TokenIssuer()}})
	w.must(err)
	w.IAM.UseVerifier(web)
}

// serve makes the dispatchers; an error that its operation does not declare fails loudly.
func (w *World) serve() {
	ip := func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") }
	gate, err := caller.New(caller.Options{
		IAM: w.IAM, Minter: w.Minter, Region: Region, Now: w.clock, Resources: resources{w}, ClientIP: ip,
		Revoked: func(r *session.Record) bool { return w.Revoked != nil && w.Revoked(r) },
	})
	w.must(err)
	w.Gate = gate
	log := slog.New(slog.NewTextHandler(&w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.json, err = awsjson.New(awsjson.Config{Authorizer: gate, Log: log, Rand: rand.Reader, StrictErrors: true, APIs: []rpc.API{
		{Service: &apiidentity.API, Registry: cognitoidentity.Registry(cognitoidentity.Options{Pools: w.Pools, ClientIP: ip})},
	}})
	w.must(err)
	w.query, err = query.New(query.Config{Authorizer: gate, Log: log, Rand: rand.Reader, StrictErrors: true, APIs: []rpc.API{
		{Service: &apists.API, Registry: sts.Registry(sts.Options{IAM: w.IAM, ClientIP: ip})},
		{Service: &apiiam.API, Registry: iamwire.Registry(w.IAM)},
	}})
	w.must(err)
}

// resources implements caller.Resources. The world has one user pool, which has the tags of UserPoolTags.
type resources struct{ w *World }

// UserPoolTags returns UserPoolTags.
func (r resources) UserPoolTags(context.Context, string) (map[string]string, error) {
	return r.w.UserPoolTags, nil
}

// IdentityPoolTags returns the tags of an identity pool.
func (r resources) IdentityPoolTags(_ context.Context, id string) (map[string]string, error) {
	return r.w.Pools.PoolTags(id), nil
}

// PoolOfIdentity returns the id of an identity's pool.
func (r resources) PoolOfIdentity(ctx context.Context, id string) (string, error) {
	return r.w.Pools.PoolOfIdentity(ctx, id)
}

func (w *World) clock() time.Time { return w.Now }

// IDToken makes a user's ID token of the user pool, changed by more; a nil value takes a claim away.
func (w *World) IDToken(user string, more map[string]any) string {
	w.t.Helper()
	claims := map[string]any{
		"iss": "http://" + LoginKey, "sub": "sub-" + user, "aud": Client, "token_use": "id", "cognito:username": user,
		"origin_jti": "origin-" + user, "auth_time": w.Now.Unix(), "iat": w.Now.Unix(), "exp": w.Now.Add(time.Hour).Unix(),
	}
	for name, value := range more {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	text, err := json.Marshal(claims)
	w.must(err)
	raw, err := w.key.Sign(text, "")
	w.must(err)
	return raw
}

// Role declares a role and returns its ARN.
func (w *World) Role(name string, trust json.RawMessage, policies ...string) string {
	w.t.Helper()
	d := iam.DeclaredRole{Name: name, Trust: trust, Policies: map[string]json.RawMessage{}}
	for i, p := range policies {
		d.Policies[string(rune('a'+i))] = json.RawMessage(p)
	}
	w.must(w.IAM.Ensure(w.t.Context(), d))
	return w.IAM.RoleARN(name)
}

// AccountTrust trusts every caller of the account whose own policies allow it.
func AccountTrust() json.RawMessage {
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + Account + `"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`)
}

// As takes a role by the domain and returns its credentials.
func (w *World) As(roleARN string) sigv4.Credentials {
	w.t.Helper()
	out, err := w.IAM.AssumeRole(w.t.Context(), &iam.Caller{Principal: w.IAM.Root(w.Root.AccessKeyID)}, iam.AssumeRoleInput{RoleARN: roleARN, SessionName: "tester"})
	w.must(err)
	return sigv4.Credentials{
		AccessKeyID: out.Credentials.AccessKeyID, SecretAccessKey: out.Credentials.SecretAccessKey.Reveal(), SessionToken: out.Credentials.SessionToken,
	}
}

// JSONRequest makes a signed request of identity pools, unsigned when by is the zero value.
func (w *World) JSONRequest(operation, body string, by sigv4.Credentials) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
	w.sign(r, body, "cognito-identity", by)
	return r
}

// QueryRequest makes a signed request of STS or IAM, unsigned when by is the zero value.
func (w *World) QueryRequest(service string, form url.Values, by sigv4.Credentials) *http.Request {
	body := form.Encode()
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.sign(r, body, service, by)
	return r
}

func (w *World) sign(r *http.Request, body, service string, by sigv4.Credentials) {
	if by.AccessKeyID == "" {
		return
	}
	w.must(sigv4.Sign(sigv4.FromHTTP(r), by, sigv4.SignOptions{Time: w.Now, Region: Region, Service: service, PayloadHash: sigv4.HashPayload([]byte(body))}))
}

// Do serves a request by whichever protocol it speaks.
func (w *World) Do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

// ServeHTTP lets a World be a server.
func (w *World) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "" {
		w.json.ServeHTTP(to, r)
		return
	}
	w.query.ServeHTTP(to, r)
}

// JSON calls an operation of identity pools with a value that marshals to its input.
func (w *World) JSON(operation string, in any, by sigv4.Credentials) *httptest.ResponseRecorder {
	w.t.Helper()
	body, err := json.Marshal(in)
	w.must(err)
	return w.Do(w.JSONRequest(operation, string(body), by))
}

// Query calls an operation of sts or iam with pairs of parameter and value.
func (w *World) Query(service, operation string, by sigv4.Credentials, pairs ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	version := apists.API.Version
	if service == "iam" {
		version = apiiam.API.Version
	}
	form := url.Values{"Action": {operation}, "Version": {version}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.Do(w.QueryRequest(service, form, by))
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
