package authz

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/rule"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/seal"
)

const (
	testIssuer  = "https://issuer.example/us-east-1_notes0001"
	testClient  = "1example23456789abcdefghij"
	testAccount = "123456789012"
	testRegion  = "us-east-1"
	testRole    = "arn:aws:iam::123456789012:role/notes-user"
	testPool    = "us-east-1:11111111-2222-4333-8444-555555555555"
)

var testNow = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// testKey is generated once because generating a key takes long.
var testKey = sync.OnceValue(func() *token.SigningKey {
	k, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		panic(err)
	}
	return k
})

// clock returns a time that tests set.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(testNow.UnixNano())
	return c
}

func (c *clock) now() time.Time        { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) add(d time.Duration)   { c.at.Add(int64(d)) }
func (c *clock) Now() func() time.Time { return c.now }

// must returns the value of a constructor that cannot fail here.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func testVerifier(now func() time.Time) *token.Verifier {
	keys := &token.StaticKeys{}
	if err := keys.Set(testKey().Public()); err != nil {
		panic(err)
	}
	return must(token.New(token.Options{Now: now, Issuers: []token.Issuer{{
		URL: testIssuer, Keys: keys, ClientIDs: []string{testClient}, TokenUse: []string{"access"},
	}}}))
}

// claims returns the claims of an access token with changes. A nil value removes a claim.
func claims(user string, changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": testIssuer, "sub": "sub-" + user, "username": user, "client_id": testClient, "token_use": "access",
		"scope": "aws.cognito.signin.user.admin", "jti": "jti-" + user, "origin_jti": "origin-" + user,
		"auth_time": testNow.Unix() - 60, "iat": testNow.Unix() - 60, "exp": testNow.Unix() + 3540,
	}
	for k, v := range changes {
		if v == nil {
			delete(c, k)
		} else {
			c[k] = v
		}
	}
	return c
}

func signed(c map[string]any) string {
	return must(testKey().Sign(must(json.Marshal(c)), ""))
}

func bearerToken(user string, changes map[string]any) string { return signed(claims(user, changes)) }

// testRoles is a Roles that tests can change.
type testRoles struct {
	ids        map[string]string // the role\'s id where a test cares
	mu         sync.Mutex
	identity   map[string][]*policy.Set
	boundaries map[string]*policy.Set
	managed    map[string]policy.Source
	version    atomic.Uint64
}

func newTestRoles() *testRoles {
	return &testRoles{identity: map[string][]*policy.Set{}, boundaries: map[string]*policy.Set{}, managed: map[string]policy.Source{}, ids: map[string]string{}}
}

func (r *testRoles) set(arn string, documents ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sets := []*policy.Set{}
	for _, d := range documents {
		sets = append(sets, compileText("role", d))
	}
	r.identity[arn] = sets
	r.version.Add(1)
}

func (r *testRoles) PolicySets(arn string) ([]*policy.Set, *policy.Set, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sets, ok := r.identity[arn]
	return sets, r.boundaries[arn], ok
}

func (r *testRoles) IsRole(arn, id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[arn] == "" || r.ids[arn] == id
}

func (r *testRoles) ManagedPolicy(arn string) (policy.Source, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.managed[arn]
	return s, ok
}

func (r *testRoles) Version() uint64 { return r.version.Load() }

func compileText(name, document string) *policy.Set {
	return policy.Compile(policy.Source{Name: name, Document: must(policy.Parse([]byte(document), policy.Identity))})
}

// testRevocations is a Revocations that tests can change.
type testRevocations struct {
	epoch atomic.Uint64
	stale atomic.Bool
	asked atomic.Int64
	mu    sync.Mutex
	ended map[string]bool // by origin_jti or access key
}

func (r *testRevocations) Epoch() uint64 { return r.epoch.Load() }
func (r *testRevocations) Fresh() bool   { return !r.stale.Load() }
func (r *testRevocations) Revoked(p *principal.Principal) bool {
	r.asked.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[p.OriginJTI] || r.ended[p.AccessKeyID]
}

func (r *testRevocations) end(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		r.ended = map[string]bool{}
	}
	r.ended[what] = true
	r.epoch.Add(1)
}

func testMinter() *session.Minter {
	return must(session.NewMinter(session.Options{
		Box: must(seal.New(seal.Options{Keys: []seal.Key{must(seal.GenerateMasterKey(rand.Reader))}}))}))
}

// record returns a session of the test role.
func record(identity string, change func(*session.Record)) *session.Record {
	r := &session.Record{Kind: session.WebIdentityRole, RoleARN: testRole, RoleID: "AROAEXAMPLEEXAMPLE123",
		SessionName: "CognitoIdentityCredentials", Account: testAccount, IdentityID: identity, IdentityPoolID: testPool,
		FederatedProvider: "cognito-identity.amazonaws.com", AMR: []string{"authenticated"},
		IssuedAt: testNow.Add(-time.Minute), ExpiresAt: testNow.Add(time.Hour)}
	if change != nil {
		change(r)
	}
	return r
}

func httpMapping() *HTTPMapping {
	return must(NewHTTPMapping(testRegion, testAccount, "sluice", "default"))
}

// tokenGate returns an engine that accepts tokens on plain HTTP routes.
func tokenGate(t testing.TB, c *clock, change func(*Options), rules ...string) *Engine {
	t.Helper()
	o := Options{Mapping: httpMapping(), Verifier: testVerifier(c.Now()), Now: c.Now()}
	for _, line := range rules {
		o.Rules = append(o.Rules, ruleOf(line))
	}
	if change != nil {
		change(&o)
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ruleOf parses a rule as a Caddyfile has it.
func ruleOf(line string) rule.Rule {
	words := strings.Fields(line)
	r := rule.Rule{Effect: words[0], Subject: words[1], Method: words[len(words)-2], Path: words[len(words)-1]}
	names := words[2 : len(words)-2]
	if r.Subject == "claim" {
		r.Claim, names = names[0], names[1:]
	}
	r.Names = append(r.Names, names...)
	return r
}

// get returns a request with a token, or without one if bearer is "".
func get(method, target, bearer string) *Request {
	path, query, _ := strings.Cut(target, "?")
	r := &Request{Method: method, Host: "api.example", Target: target, RawPath: path, RawQuery: query, Proto: "HTTP/1.1",
		Header: http.Header{"User-Agent": {"test"}}, ClientIP: netip.MustParseAddr("192.0.2.7")}
	if bearer != "" {
		r.Header["Authorization"] = []string{"Bearer " + bearer}
	}
	if method == "PUT" {
		r.Header["Content-Length"] = []string{"0"}
	}
	return r
}

// want fails the test unless the request has the outcome and, if one is given, the reason.
func want(t *testing.T, e *Engine, r *Request, outcome Outcome, reason ...Reason) Result {
	t.Helper()
	result := e.Authorize(context.Background(), r)
	if result.Outcome != outcome || (result.Refusal == nil) != (outcome == Allowed) {
		t.Fatalf("%s %s: %s (%+v), want %s", r.Method, r.RawPath, result.Outcome, result.Refusal, outcome)
	}
	for _, reason := range reason {
		if result.Refusal.Reason != reason {
			t.Fatalf("%s %s: refused for %s, want %s", r.Method, r.RawPath, result.Refusal.Name(), reason)
		}
	}
	if result.Principal == nil {
		t.Fatal("no principal")
	}
	if result.Pass != (outcome == Allowed) && e.o.Mode == ModeEnforce {
		t.Fatalf("Pass = %v for %s", result.Pass, outcome)
	}
	return result
}

// signedGate is an engine that accepts signatures for S3 below /s3, with the minter of its sessions.
type signedGate struct {
	*Engine
	clock  *clock
	minter *session.Minter
	roles  *testRoles
	revoke *testRevocations
}

const rootSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

func newSignedGate(t testing.TB, mapping Mapping, service string, change func(*Options)) *signedGate {
	t.Helper()
	g := &signedGate{clock: newClock(), minter: testMinter(), roles: newTestRoles(), revoke: &testRevocations{}}
	o := Options{Mapping: mapping, Now: g.clock.Now(), Roles: g.roles, Revocations: g.revoke, SigV4: &SigV4{
		Minter: g.minter, Regions: []string{testRegion}, Services: []string{service}, Keys: sigv4.NewKeyCache(1000),
		Root: &RootKey{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Secret: seal.NewSecret(rootSecret), Account: testAccount},
	}}
	if change != nil {
		change(&o)
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	g.Engine = e
	return g
}

// rootCredentials returns the administrator's access key.
func rootCredentials() sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: rootSecret}
}

func (g *signedGate) credentials(r *session.Record) sigv4.Credentials {
	c := must(g.minter.Mint(r))
	return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken}
}

// sign signs a request for the service as the SDKs do.
func (g *signedGate) sign(r *Request, c sigv4.Credentials, service, payloadHash string) *Request {
	s := &sigv4.Request{Method: r.Method, Host: r.Host, RawPath: r.RawPath, RawQuery: r.RawQuery, Header: r.Header,
		ContentLength: r.ContentLength}
	if err := sigv4.Sign(s, c, sigv4.SignOptions{Time: g.clock.now(), Region: testRegion, Service: service, PayloadHash: payloadHash}); err != nil {
		panic(err)
	}
	return r
}
