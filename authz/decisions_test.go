package authz

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
)

// recording returns a gate that records, and its records.
func recording(t *testing.T, sample uint32, rules ...string) (*Engine, *[]*decisionlog.Record) {
	t.Helper()
	var list []*decisionlog.Record
	e := tokenGate(t, newClock(), func(o *Options) {
		o.Decisions = &decisionlog.Settings{Route: "notes", Sample: sample, Keys: []string{"jwt:department"}, Write: func(d *decisionlog.Record) { list = append(list, d) }}
		o.Policies = []policy.Source{{Name: "tenants", Document: must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
			"Condition":{"StringEquals":{"http:header/x-api-key":"k","http:header/x-tenant":"a","http:query/long":"x"}}}}`), policy.Identity))}}
	}, rules...)
	return e, &list
}

func TestWhichDecisionsAreRecorded(t *testing.T) {
	for sample, wanted := range map[uint32][]string{0: {"denied"}, 1: {"allowed", "denied", "unauthenticated"}} {
		e, list := recording(t, sample, "allow any GET /api/*")
		alice := bearerToken("alice", nil)
		want(t, e, get("GET", "/api/x", alice), Allowed)
		want(t, e, get("POST", "/api/x", alice), Denied)
		want(t, e, get("GET", "/api/x", ""), Unauthenticated)
		want(t, e, get("GET", "/api/x", "bad"), Unauthenticated) // the policies are not asked
		var outcomes []string
		for _, d := range *list {
			outcomes = append(outcomes, d.Outcome)
		}
		if !slices.Equal(outcomes, wanted) {
			t.Errorf("sample %d: %q", sample, outcomes)
		}
	}
}

func TestRecordsHoldNoSecretsAndAreBounded(t *testing.T) {
	e, list := recording(t, 1, "allow group readers GET /api/*")
	alice := bearerToken("alice", map[string]any{"department": "x", "cognito:groups": []string{"readers"}})
	r := get("GET", "/api/x?long="+strings.Repeat("l", 3000)+"&other=secret", alice)
	r.Header.Set("X-Tenant", "acme")
	r.Header.Set("X-Api-Key", "hunter2")
	want(t, e, r, Allowed)
	d := (*list)[0]
	text := string(must(json.Marshal(d)))
	for _, secret := range []string{alice, "hunter2", "secret", "lll"} {
		if strings.Contains(text, secret) {
			t.Errorf("the record has %.20s", secret)
		}
	}
	if d.Context["http:header/x-tenant"][0] != "acme" || d.Context["jwt:department"][0] != "x" || d.Context["aws:sourceip"][0] != "192.0.2.7" ||
		!slices.Equal(d.LeftOut, []string{"http:query/long"}) || d.Statement == nil || !strings.HasPrefix(d.Statement.Source, "rule allow group") {
		t.Errorf("%s", text)
	}
	if _, ok := d.Context["http:header/x-api-key"]; ok {
		t.Error("a secret header is recorded")
	}
}

// TestAReplayWithTheSamePoliciesDecidesTheSame is what makes a replay with others worth anything.
func TestAReplayWithTheSamePoliciesDecidesTheSame(t *testing.T) {
	rules := []string{"allow group readers GET /api/*", "deny group readers GET /api/admin*", "allow any * /own/${cognito:username}/*", "require scope notes/write POST /own/*"}
	e, list := recording(t, 1, rules...)
	plain := tokenGate(t, newClock(), nil, rules...)
	for _, groups := range [][]string{nil, {"readers"}} {
		for _, target := range []string{"/api/x", "/API/ADMIN", "/own/alice/x", "/own/bob/x"} {
			for _, method := range []string{"GET", "POST"} {
				e.Authorize(t.Context(), get(method, target, bearerToken("alice", map[string]any{"cognito:groups": groups})))
			}
		}
	}
	e.Authorize(t.Context(), get("GET", "/api/x", ""))
	if len(*list) != 17 {
		t.Fatalf("%d records", len(*list))
	}
	for _, d := range *list {
		raw := must(json.Marshal(d))
		var back decisionlog.Record
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		got := plain.Replay(&back)
		if got.Allowed != (d.Outcome == "allowed") || len(got.Needs) > 0 {
			t.Errorf("%+v for %s", got, raw)
		}
		if got := e.Replay(&back); got.Effect == policy.ImplicitDeny && !slices.Contains(got.Needs, "http:header/x-api-key") {
			t.Errorf("a key that is not recorded is not missed: %+v", got)
		}
	}
}

func TestAReplayOfRolesNeedsThem(t *testing.T) {
	roles := newTestRoles()
	const arn = "arn:aws:iam::123456789012:role/known"
	roles.set(arn, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	e := tokenGate(t, newClock(), func(o *Options) { o.TokenRoles, o.Roles = true, roles }, "allow group nobody GET /x")
	d := &decisionlog.Record{Principal: decisionlog.Principal{Kind: "user", Roles: []string{arn}}, Targets: []decisionlog.Target{{Action: "execute-api:Invoke", Resource: "r"}},
		Context: map[string][]string{"cognito:groups": nil}}
	if got := e.Replay(d); !got.Allowed || len(got.Needs) > 0 {
		t.Errorf("%+v", got)
	}
	d.Principal.Roles = append(d.Principal.Roles, arn+"-other")
	if got := e.Replay(d); !slices.Equal(got.Needs, []string{"role " + arn + "-other"}) {
		t.Errorf("%+v", got)
	}
	d.Principal.Limited, d.LeftOut = true, []string{"session policies", "targets"}
	if got := e.Replay(d); len(got.Needs) != 3 {
		t.Errorf("%+v", got)
	}
}

func TestExplainAsTakesThePrincipalAsGiven(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow group readers GET /api/*")
	for outcome, p := range map[string]*principal.Principal{"allowed": {Kind: principal.User, Groups: []string{"readers"}}, "denied": {Kind: principal.User},
		"unauthenticated": {Kind: principal.Anonymous}} {
		if x := e.ExplainAs(t.Context(), get("GET", "/api/x", ""), p); x.Outcome != outcome {
			t.Errorf("%s, want %s", x.Outcome, outcome)
		}
	}
}
