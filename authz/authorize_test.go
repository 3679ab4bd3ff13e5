package authz

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/authz/urlpath"
	"github.com/sluicegate/sluice/authz/urlquery"
	"github.com/sluicegate/sluice/fault"
)

func TestRulesDecideByPrincipalMethodAndPath(t *testing.T) {
	c := newClock()
	e := tokenGate(t, c, nil,
		"allow group readers GET /api/*", "allow group editors * /api/*", "require scope notes/write POST /api/*",
		"allow user alice GET /users/${cognito:username}/*", "allow any GET /mine/${jwt:sub}", "deny claim department contractors * /api/*",
		"allow client "+testClient+" GET /client", "allow anonymous GET /public/*", "allow scope notes/read other GET,HEAD /scoped",
		"allow claim custom:level 3 GET /level")
	reader := bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}})
	editor := bearerToken("bob", map[string]any{"cognito:groups": []string{"readers", "editors"}, "scope": "notes/write x"})
	plain := bearerToken("carol", map[string]any{"cognito:groups": []string{"editors"}})
	contractor := bearerToken("dan", map[string]any{"cognito:groups": []string{"readers"}, "department": "contractors"})
	level := bearerToken("eve", map[string]any{"custom:Level": 3, "scope": "notes/read"})
	for _, tc := range []struct {
		method, path, bearer string
		outcome              Outcome
	}{
		{"GET", "/api/notes", reader, Allowed},
		{"POST", "/api/notes", reader, Denied},
		{"HEAD", "/api/notes", reader, Denied},
		{"get", "/api/notes", reader, Denied}, // methods are case-sensitive
		{"GET", "/api", reader, Denied},
		{"GET", "/api/notes", "", Unauthenticated},
		{"POST", "/api/notes", editor, Allowed},
		{"DELETE", "/api/a/b/c", editor, Allowed},
		{"PROPFIND", "/api/a", editor, Allowed},
		{"DELETE", "/x/api/notes", editor, Denied}, // the rule's * is not part of the path
		{"POST", "/api/notes", plain, Denied},      // allowed by its group, required a scope
		{"PUT", "/api/notes", plain, Allowed},
		{"GET", "/api/notes", contractor, Denied},
		{"GET", "/users/alice/x", reader, Allowed},
		{"GET", "/users/bob/x", reader, Denied},
		{"GET", "/users/bob/x", editor, Denied},
		{"GET", "/mine/sub-bob", editor, Allowed},
		{"GET", "/mine/sub-alice", editor, Denied},
		{"GET", "/client", reader, Allowed},
		{"GET", "/public/x", "", Allowed},
		{"GET", "/public/x", reader, Allowed},
		{"POST", "/public/x", "", Unauthenticated},
		{"GET", "/scoped", level, Allowed},
		{"HEAD", "/scoped", level, Allowed},
		{"PUT", "/scoped", level, Denied},
		{"GET", "/scoped", reader, Denied},
		{"GET", "/level", level, Allowed},
		{"GET", "/level", reader, Denied},
		{"GET", "/elsewhere", editor, Denied},
	} {
		want(t, e, get(tc.method, tc.path, tc.bearer), tc.outcome)
	}
}

func TestARouteWithoutRulesDeniesEveryone(t *testing.T) {
	e := tokenGate(t, newClock(), nil)
	want(t, e, get("GET", "/", bearerToken("alice", nil)), Denied)
	want(t, e, get("GET", "/", ""), Unauthenticated)
}

// A bad credential is not treated as a missing one: a public route would hide that a client's token has expired.
func TestABadCredentialIsRefusedOnPublicRoutesToo(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow anonymous * /*")
	want(t, e, get("GET", "/", ""), Allowed)
	want(t, e, get("GET", "/", "a.b.c"), Unauthenticated)
}

func TestInvalidTokensAreRefused(t *testing.T) {
	c := newClock()
	e := tokenGate(t, c, nil, "allow any * /*")
	good := bearerToken("alice", nil)
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	none := encode([]byte(`{"alg":"none","kid":"x"}`)) + "." + parts[1] + "."
	hmac := encode([]byte(`{"alg":"HS256","kid":"`+testKey().ID+`"}`)) + "." + parts[1] + "." + parts[2]
	for _, tc := range []struct {
		name, bearer, reason, says string
	}{
		{"expired", bearerToken("alice", map[string]any{"exp": testNow.Unix() - 1}), "expired", "The token has expired."},
		{"of the future", bearerToken("alice", map[string]any{"nbf": testNow.Unix() + 600}), "not_yet_valid", "not valid yet"},
		{"an ID token", bearerToken("alice", map[string]any{"token_use": "id", "aud": testClient}), "wrong_token_use", "an ID token where an access token is required"},
		{"without token_use", bearerToken("alice", map[string]any{"token_use": nil}), "wrong_token_use", "another use"},
		{"another client's", bearerToken("alice", map[string]any{"client_id": testClient + "x"}), "wrong_audience", "another client"},
		{"a client's prefix", bearerToken("alice", map[string]any{"client_id": testClient[:10]}), "wrong_audience", "another client"},
		{"no client's", bearerToken("alice", map[string]any{"client_id": nil}), "wrong_audience", "another client"},
		{"another issuer's", bearerToken("alice", map[string]any{"iss": testIssuer + "/"}), "unknown_issuer", "The token is not valid"},
		{"without alg", none, "malformed", "The token is not valid"},
		{"keyed with the public key", hmac, "algorithm", "The token is not valid"},
		{"with another signature", good[:len(good)-8] + "AAAAAAAA", "signature", "The token is not valid"},
		{"with five parts", "a.b.c.d.e", "encrypted", "The token is not valid"},
		{"not a token", "abc", "malformed", "The token is not valid"},
		{"a megabyte of dots", strings.Repeat(".", 1<<20), "too_large", "longer than this gate takes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for range 2 { // verified, then from the cache
				r := want(t, e, get("GET", "/", tc.bearer), Unauthenticated)
				if r.Refusal.Name() != tc.reason {
					t.Errorf("reason %q, want %q", r.Refusal.Name(), tc.reason)
				}
				if !strings.Contains(r.Refusal.Detail, tc.says) {
					t.Errorf("detail %q", r.Refusal.Detail)
				}
				if r.Principal.Kind != principal.Anonymous || r.DecisionID != "" {
					t.Errorf("a bad token made %s, %q", r.Principal.Kind, r.DecisionID)
				}
			}
		})
	}
	want(t, e, get("GET", "/", ""), Unauthenticated, NoCredential)
	two := get("GET", "/", good)
	two.Header["Authorization"] = append(two.Header["Authorization"], "Bearer "+good)
	want(t, e, two, Malformed, TooManyCredentials)
}

func TestOverrideHeadersAreIgnored(t *testing.T) {
	c := newClock()
	e := tokenGate(t, c, nil, "allow any GET /api/*", "deny any * /admin/*")
	bearer := bearerToken("alice", nil)
	for name, value := range map[string]string{
		"X-Original-Url": "/api/x", "X-Forwarded-Uri": "/api/x", "X-Rewrite-Url": "/api/x", "X-Forwarded-Prefix": "/api",
		"X-Http-Method-Override": "GET", "X-Method-Override": "GET", "X-Forwarded-Host": "api.example",
		"User-Agent": "GoogleHC/1.0", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https",
	} {
		r := get("GET", "/admin/x", bearer)
		r.Header[name] = []string{value}
		want(t, e, r, Denied)
		r = get("POST", "/api/x", bearer)
		r.Header[name] = []string{value}
		want(t, e, r, Denied)
		r = get("GET", "/api/x", "")
		r.Header[name] = []string{value}
		want(t, e, r, Unauthenticated)
		if _, left := r.Header[name]; left && (strings.Contains(name, "Method") || strings.HasSuffix(name, "-Url")) {
			t.Errorf("the upstream gets %s", name)
		}
	}
	want(t, e, get("OPTIONS", "/api/x", ""), Unauthenticated) // a preflight does not reach the upstream
	want(t, e, get("GET", "/admin/x?/api/x", bearer), Denied)
	want(t, e, get("GET", "/admin/x#/api/x", bearer), Malformed)
}

// The limits are checked before anything else.
func TestRequestsHaveLimits(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow any * /*")
	bearer := bearerToken("alice", nil)
	r := get("GET", "/", bearer)
	for i := range DefaultMaxHeaders + 1 {
		r.Header[fmt.Sprintf("X-%d", i)] = []string{""}
	}
	want(t, e, r, Malformed, TooManyHeaders)
	want(t, e, get("GET", "/"+strings.Repeat("a", urlpath.MaxBytes), bearer), Malformed)
	want(t, e, get(strings.Repeat("A", 33), "/", bearer), Malformed)
	want(t, e, get("GE T", "/", bearer), Malformed)
	want(t, e, get("", "/", bearer), Malformed)
	want(t, e, get("GET", "/?"+strings.Repeat("x-y=1&", urlquery.MaxParams+1), bearer), Malformed)
}

// Pomerium and API Gateway authorizers have served one user the decision for another, because the cache key was not
// specific enough.
func TestAlternatingUsersNeverGetEachOthersDecision(t *testing.T) {
	c := newClock()
	cache := must(token.NewCache[*Subject](token.CacheOptions{}))
	verifier := testVerifier(c.Now())
	share := func(o *Options) { o.Tokens, o.Verifier = cache, verifier }
	reads := tokenGate(t, c, share, "allow user alice GET /a", "allow user bob GET /b")
	other := tokenGate(t, c, share, "allow user alice GET /b", "allow user bob GET /a")
	tokens := map[string]string{"alice": bearerToken("alice", nil), "bob": bearerToken("bob", nil)}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 250 {
				user, path, right := "alice", "/a", reads
				if (i+worker)%2 == 1 {
					user, path = "bob", "/b"
				}
				wrong := other
				if i%3 == 0 {
					right, wrong = other, reads
					path = map[string]string{"/a": "/b", "/b": "/a"}[path]
				}
				r := right.Authorize(t.Context(), get("GET", path, tokens[user]))
				if r.Outcome != Allowed || r.Principal.Username != user {
					t.Errorf("%s on %s: %s as %s", user, path, r.Outcome, r.Principal.Username)
				}
				if r = wrong.Authorize(t.Context(), get("GET", path, tokens[user])); r.Outcome != Denied || r.Principal.Username != user {
					t.Errorf("%s on %s of the other route: %s as %s", user, path, r.Outcome, r.Principal.Username)
				}
			}
		})
	}
	wg.Wait()
}

func TestACachedPrincipalFollowsPoliciesRevocationsAndExpiry(t *testing.T) {
	const arn = "arn:aws:iam::123456789012:role/readers"
	c := newClock()
	roles, revoked := newTestRoles(), &testRevocations{}
	allow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}}`
	roles.set(arn, allow)
	e := tokenGate(t, c, func(o *Options) {
		o.Roles, o.Revocations = roles, revoked
		o.Groups = []GroupPolicies{{Group: "readers", Roles: []string{arn}}}
	})
	bearer := bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}})
	again := bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}, "origin_jti": "another"})
	want(t, e, get("GET", "/", bearer), Allowed)
	want(t, e, get("GET", "/", again), Allowed)

	roles.set(arn, strings.Replace(allow, "Allow", "Deny", 1)) // the policies change
	want(t, e, get("GET", "/", bearer), Denied)
	roles.set(arn, allow)
	want(t, e, get("GET", "/", bearer), Allowed)

	asked := revoked.asked.Load()
	for range 10 {
		want(t, e, get("GET", "/", bearer), Allowed)
	}
	if n := revoked.asked.Load() - asked; n != 0 {
		t.Errorf("looked up revocations %d times without a new one", n)
	}
	revoked.end("origin-alice") // the user signs out
	if r := want(t, e, get("GET", "/", bearer), Unauthenticated); r.Refusal.Name() != "revoked" {
		t.Errorf("reason %q", r.Refusal.Name())
	}
	want(t, e, get("GET", "/", again), Allowed)

	revoked.stale.Store(true) // the revocations are out of date
	want(t, e, get("GET", "/", again), Undecidable)
	want(t, e, get("GET", "/", ""), Unauthenticated)
	revoked.stale.Store(false)

	c.add(2 * time.Hour) // the token expires
	if r := want(t, e, get("GET", "/", again), Unauthenticated); r.Refusal.Name() != "expired" {
		t.Errorf("reason %q", r.Refusal.Name())
	}
}

func TestRolesOfATokenDecideWithinTheirBoundaries(t *testing.T) {
	c := newClock()
	roles := newTestRoles()
	grant := func(path string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:sluice/default/*` + path + `"}}`
	}
	roles.set("role-a", grant("/a"))
	roles.set("role-b", grant("/b"), grant("/c"))
	roles.boundaries["role-b"] = compileText("boundary", grant("/b"))
	e := tokenGate(t, c, func(o *Options) { o.Roles, o.TokenRoles = roles, true }, "deny any DELETE /*")
	all := bearerToken("alice", map[string]any{"cognito:roles": []string{"role-a", "role-b", "role-gone"}})
	one := bearerToken("alice", map[string]any{"cognito:roles": []string{"role-a", "role-b"}, "cognito:preferred_role": "role-b"})
	want(t, e, get("GET", "/a", all), Allowed)
	want(t, e, get("GET", "/b", all), Allowed)
	want(t, e, get("GET", "/c", all), Denied)
	want(t, e, get("DELETE", "/b", all), Denied)
	want(t, e, get("GET", "/a", one), Denied)
	want(t, e, get("GET", "/b", one), Allowed)
}

// logins resolves only the cookie "good".
type logins struct{}

func (logins) Subject(_ context.Context, cookie, _ string, _ time.Time) (*Subject, bool, error) {
	switch cookie {
	case "good":
		return &Subject{Principal: &principal.Principal{Kind: principal.User, Username: "alice", Groups: []string{"readers"}}}, true, nil
	case "over":
		return nil, false, fault.New(fault.ExpiredToken, "over")
	case "none":
		return nil, false, fault.New(fault.NotAuthorized, "none")
	}
	return nil, false, errors.New("the store is down")
}

func (l logins) Renew(ctx context.Context, cookie, host string, _ *Subject) (*Subject, error) {
	s, _, err := l.Subject(ctx, cookie, host, time.Time{})
	return s, err
}

func TestALoginCookieIsACredential(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) { o.LoginCookie, o.Logins = "session", logins{} }, "allow group readers * /*")
	ask := func(cookie string) *Request {
		r := get("GET", "/", "")
		r.Header["Cookie"] = []string{"session=" + cookie}
		return r
	}
	if r := want(t, e, ask("good"), Allowed); r.Principal.Username != "alice" || r.Scheme != "cookie" {
		t.Errorf("%+v", r)
	}
	want(t, e, ask("over"), Unauthenticated)
	want(t, e, ask("none"), Unauthenticated)
	want(t, e, ask("else"), Undecidable)
	want(t, e, get("GET", "/", ""), Unauthenticated)
	both := ask("good")
	both.Header["Authorization"] = []string{"Bearer " + bearerToken("alice", nil)}
	want(t, e, both, Malformed)
}

func TestCredentialsOfOtherKindsAreRefused(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow anonymous * /*")
	for _, authorization := range []string{"Basic YTpi", "AWS4-HMAC-SHA256 Credential=a", "Digest x", "Negotiate x"} {
		r := get("GET", "/", "")
		r.Header["Authorization"] = []string{authorization}
		want(t, e, r, Unauthenticated)
	}
	want(t, e, get("GET", "/?X-Amz-Signature=1", ""), Unauthenticated)
	want(t, e, get("GET", "/?access_token=1", ""), Malformed)
}

// If a key set is unavailable, the answer is 503, and the next request tries again.
func TestUnavailableKeysAreNotCached(t *testing.T) {
	keys := &token.StaticKeys{} // never set
	c := newClock()
	e := tokenGate(t, c, func(o *Options) {
		o.Verifier = must(token.New(token.Options{Now: c.Now(), Issuers: []token.Issuer{{URL: testIssuer, Keys: keys, AnyClient: true}}}))
	}, "allow any * /*")
	bearer := bearerToken("alice", nil)
	want(t, e, get("GET", "/", bearer), Undecidable)
	if err := keys.Set(testKey().Public()); err != nil {
		t.Fatal(err)
	}
	want(t, e, get("GET", "/", bearer), Allowed)
}

func TestShadowModePassesAndReports(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) { o.Mode = ModeShadow }, "allow group editors * /*")
	for _, tc := range []struct {
		r       *Request
		outcome Outcome
	}{
		{get("GET", "/", ""), Unauthenticated}, {get("GET", "/", bearerToken("alice", nil)), Denied},
		{get("GET", "//", ""), Malformed}, {get("GET", "/", "bad"), Unauthenticated},
	} {
		r := e.Authorize(t.Context(), tc.r)
		if !r.Pass || r.Outcome != tc.outcome || r.Refusal == nil {
			t.Errorf("pass %v, %s", r.Pass, r.Outcome)
		}
	}
}
