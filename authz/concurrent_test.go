package authz

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/token"
)

// A flood of invalid tokens fills only the memory reserved for them and evicts no accepted token.
func TestForgedTokensEvictNoAcceptedToken(t *testing.T) {
	cache := must(token.NewCache[*Subject](token.CacheOptions{MaxBytes: 1 << 20, NegativeMaxBytes: 256 << 10}))
	e := tokenGate(t, newClock(), func(o *Options) { o.Tokens = cache }, "allow any * /*")
	var live []string
	for i := range 100 {
		live = append(live, bearerToken(fmt.Sprintf("user%d", i), nil))
		want(t, e, get("GET", "/", live[i]), Allowed)
	}
	before := cache.Stats()
	for i := range 100_000 {
		r := get("GET", "/", "")
		r.Header["Authorization"] = []string{fmt.Sprintf("Bearer forged.%d.x", i)}
		if e.Authorize(t.Context(), r).Pass {
			t.Fatal("a forged token was accepted")
		}
	}
	after := cache.Stats()
	if after.Entries != before.Entries || after.Evictions != 0 || after.NegativeBytes > 256<<10 {
		t.Errorf("%+v, then %+v", before, after)
	}
	for _, raw := range live {
		if _, outcome, _ := cache.Get(cache.Key(raw), testNow); outcome != token.Hit {
			t.Fatal("an accepted token was evicted")
		}
	}
}

// Keys rotate, roles change and users sign out during requests. Every answer must have been right at some moment of the
// request, and none may be another user's. Run it with the race detector.
func TestKeysRolesAndRevocationsChangeDuringRequests(t *testing.T) {
	const arn = "arn:aws:iam::123456789012:role/readers"
	statement := func(effect string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"` + effect + `","Action":"execute-api:Invoke","Resource":"*"}}`
	}
	c := newClock()
	keys, roles, revoked := &token.StaticKeys{}, newTestRoles(), &testRevocations{}
	if err := keys.Set(testKey().Public()); err != nil {
		t.Fatal(err)
	}
	roles.set(arn, statement("Allow"))
	verifier := must(token.New(token.Options{Now: c.Now(), Issuers: []token.Issuer{{URL: testIssuer, Keys: keys, AnyClient: true}}}))
	cache := must(token.NewCache[*Subject](token.CacheOptions{MaxBytes: 1 << 20}))
	build := func() *Engine { // a reload builds another engine with the same cache
		return tokenGate(t, c, func(o *Options) {
			o.Verifier, o.Tokens, o.Roles, o.Revocations, o.Denials = verifier, cache, roles, revoked, NewDenials(8)
			o.Groups = []GroupPolicies{{Group: "readers", Roles: []string{arn}}}
			o.Policies = []policy.Source{{Name: "none", Document: &policy.Document{Version: policy.Version2012}}}
		})
	}
	engines := []*Engine{build(), build()}
	const users = 8
	tokens := make([]string, users)
	for i := range tokens {
		tokens[i] = bearerToken(fmt.Sprintf("user%d", i), map[string]any{"cognito:groups": []string{"readers"}})
	}
	stop := make(chan struct{})
	var changes, requests sync.WaitGroup
	changes.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := keys.Set(testKey().Public()); err != nil {
				t.Error(err)
			}
			roles.set(arn, statement([]string{"Allow", "Deny"}[i%2]))
			revoked.end(fmt.Sprintf("origin-someone%d", i))
			c.add(time.Millisecond)
		}
	})
	for worker := range 4 {
		requests.Go(func() {
			for i := range 500 {
				n := (i + worker) % users
				r := engines[i%2].Authorize(t.Context(), get("GET", "/", tokens[n]))
				if r.Outcome != Allowed && r.Outcome != Denied || r.Principal.Username != fmt.Sprintf("user%d", n) {
					t.Errorf("user%d: %s as %q: %+v", n, r.Outcome, r.Principal.Username, r.Refusal)
				}
			}
		})
	}
	requests.Wait()
	close(stop)
	changes.Wait()
	revoked.end("origin-user0")
	roles.set(arn, statement("Allow"))
	want(t, engines[0], get("GET", "/", tokens[0]), Unauthenticated)
	want(t, engines[0], get("GET", "/", tokens[1]), Allowed)
}
