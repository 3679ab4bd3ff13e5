package authz

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

// kept counts what the engine has in memory.
func (m *memory) kept() (n int) {
	for i := range m.places {
		if m.places[i].kept.Load() != nil {
			n++
		}
	}
	return n
}

// An engine that remembers and one that does not must never differ, in whatever order requests come.
func TestMemoryChangesNoDecision(t *testing.T) {
	source := policy.Source{Name: "test", Document: must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:us-east-1:123456789012:sluice/default/GET/own/${cognito:username}/*"},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/team","Condition":{"StringEquals":{"jwt:team":"red"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/inside","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/late","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2040-01-01T00:00:00Z"}}},
	 {"Effect":"Deny","Action":"*","Resource":"arn:aws:execute-api:*:*:*/a","Condition":{"StringEquals":{"http:header/x-debug":"1"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/host","Condition":{"StringEquals":{"http:host":"api.example"}}}
	]}`), policy.Identity))}
	rules := []string{"allow group readers GET /a", "allow group editors * /a/*", "deny group guests * /a/*", "allow anonymous GET /public",
		"require scope write POST /a/*", "allow any GET /own/*", "deny claim team blue * /b", "allow any * /b"}
	clock := newClock()
	change := func(o *Options) { o.Policies = []policy.Source{source} }
	with, without := tokenGate(t, clock, change, rules...), tokenGate(t, clock, change, rules...)
	without.memory = nil
	tokens := []string{""}
	for i, groups := range [][]string{nil, {"readers"}, {"editors"}, {"readers", "editors"}, {"editors", "guests"}} {
		for _, team := range []string{"red", "blue"} {
			for _, scope := range []string{"read", "write"} {
				tokens = append(tokens, bearerToken(fmt.Sprintf("user%d%s", i, team), map[string]any{"cognito:groups": groups, "team": team, "scope": scope}))
			}
		}
	}
	paths := []string{"/a", "/a/x", "/a/y", "/b", "/public", "/own/user1red/x", "/own/user2blue/x", "/team", "/inside", "/late", "/host", "/none",
		"/a/" + strings.Repeat("x", rememberedPath)}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	for range 5_000 {
		method, path, token := pick([]string{"GET", "GET", "POST", "PUT"}), pick(paths), pick(tokens)
		ask := func() *Request {
			r := get(method, path, token)
			r.ClientIP = netip.MustParseAddr("192.0.2.1")
			return r
		}
		a, b := ask(), ask()
		switch random.IntN(8) {
		case 0:
			a.Header["X-Debug"], b.Header["X-Debug"] = []string{"1"}, []string{"1"}
		case 1:
			a.ClientIP, b.ClientIP = netip.MustParseAddr("10.1.1.1"), netip.MustParseAddr("10.1.1.1")
		case 2:
			a.Host, b.Host = "other.example", "other.example"
		}
		for range 1 + random.IntN(3) {
			got, want := with.Authorize(t.Context(), a), without.Authorize(t.Context(), b)
			got.DecisionID, want.DecisionID = "", ""
			got.Principal, want.Principal = nil, nil
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s %s: with memory %+v\nwithout %+v", method, path, got, want)
			}
		}
	}
	if n := with.memory.kept(); n == 0 || n > 4*len(paths)*len(tokens) {
		t.Errorf("%d decisions are kept", n)
	}
}

func TestOnlyWhatComesTwiceAndIsAllowedToAllIsRemembered(t *testing.T) {
	for name, tc := range map[string]struct {
		path  string
		times int
		rules []string
		kept  int
	}{
		"once":                    {"/a", 1, []string{"allow group readers GET /a"}, 0},
		"twice":                   {"/a", 2, []string{"allow group readers GET /a"}, 1},
		"a rule for methods":      {"/a", 2, []string{"allow group readers * /a"}, 1},
		"a denial":                {"/a", 3, []string{"allow group others GET /a"}, 0},
		"a claim":                 {"/a", 3, []string{"allow claim username alice GET /a"}, 0},
		"a claim that could deny": {"/a", 3, []string{"allow group readers GET /a", "deny claim team red GET /a"}, 0},
		"a claim of other paths":  {"/a", 3, []string{"allow group readers GET /a", "deny claim team red GET /b"}, 1},
		"a long path":             {"/" + strings.Repeat("a", rememberedPath), 3, []string{"allow group readers GET /*"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := tokenGate(t, newClock(), nil, tc.rules...)
			bearer := bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}})
			for range tc.times {
				e.Authorize(t.Context(), get("GET", tc.path, bearer))
			}
			if n := e.memory.kept(); n != tc.kept {
				t.Errorf("%d decisions are kept, not %d", n, tc.kept)
			}
		})
	}
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", nil)
	if g.Engine.memory != nil {
		t.Error("an engine for S3 remembers")
	}
}

// Requests share places by chance; here they do so always.
func TestWhatIsRememberedIsForThatRequestOnly(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow group readers GET /a")
	reader := bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}})
	for range 2 {
		want(t, e, get("GET", "/a", reader), Allowed, 0)
	}
	var found *remembered
	for i := range e.memory.places {
		if kept := e.memory.places[i].kept.Load(); kept != nil {
			found = kept
		}
	}
	if found == nil {
		t.Fatal("nothing is remembered")
	}
	for i := range e.memory.places {
		e.memory.places[i].kept.Store(found)
	}
	want(t, e, get("GET", "/a", bearerToken("bob", nil)), Denied, 403)
	want(t, e, get("GET", "/a", ""), Unauthenticated, 401)
	want(t, e, get("PUT", "/a", reader), Denied, 403)
	want(t, e, get("GET", "/b", reader), Denied, 403)
	if r := want(t, e, get("GET", "/a", reader), Allowed, 0); !strings.HasSuffix(r.Resource, "/GET/a") || r.Decision.Statement == nil {
		t.Errorf("%+v", r)
	}
}
