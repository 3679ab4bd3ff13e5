package authz

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

// Caddy's matchers, handle_path and strip_prefix compare without case, so "/API/admin" is served as "/api/admin".
func TestDenyRulesIgnoreCase(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow any * /*",
		"deny group readers * /api/admin/*", "deny any GET,PATCH /Secret", "require scope write POST /api/*",
		"deny any * /users/${cognito:username}/keys", "deny any * /kiosk/*")
	bearer := bearerToken("Alice", map[string]any{"cognito:groups": []string{"readers"}})
	for _, tc := range []struct {
		method, path string
		want         Outcome
	}{
		{"GET", "/api/admin/x", Denied},
		{"GET", "/API/admin/x", Denied},
		{"GET", "/api/ADMIN/x", Denied},
		{"GET", "/api/%41dmin/x", Denied},
		{"BREW", "/Api/aDmin/X", Denied},
		{"GET", "/secret", Denied},
		{"GET", "/Secret", Denied},
		{"GET", "/SECRET", Denied},
		{"get", "/secret", Denied},
		{"patch", "/Secret", Denied},
		{"PUT", "/Secret", Allowed},
		{"POST", "/api/notes", Denied},
		{"POST", "/API/notes", Denied},
		{"POST", "/Api/Notes", Denied},
		{"GET", "/users/Alice/keys", Denied},
		{"GET", "/users/alice/keys", Denied},
		{"GET", "/uSers/ALICE/Keys", Denied},
		{"GET", "/users/bob/keys", Allowed},
		{"GET", "/\u212aiosk/x", Denied}, // the Kelvin sign, which Caddy converts to k
		{"GET", "/api/Administrator", Allowed},
	} {
		r := get(tc.method, strings.ReplaceAll(tc.path, "\u212a", "%E2%84%AA"), bearer)
		if got := e.Authorize(t.Context(), r); got.Outcome != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.method, tc.path, got.Outcome, tc.want)
		}
	}
}

func TestAllowRulesAreCaseSensitive(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow any GET /Docs/*", "deny any GET /docs/private/*")
	bearer := bearerToken("alice", nil)
	want(t, e, get("GET", "/Docs/a", bearer), Allowed)
	want(t, e, get("GET", "/docs/a", bearer), Denied)
	want(t, e, get("GET", "/DOCS/a", bearer), Denied)
	want(t, e, get("GET", "/Docs/private/a", bearer), Denied)
}

func TestADenialInOtherLetterCaseIsExplained(t *testing.T) {
	denials := NewDenials(4)
	e := tokenGate(t, newClock(), func(o *Options) { o.Denials = denials }, "allow any * /*", "deny any * /admin/*")
	result := e.Authorize(t.Context(), get("GET", "/ADMIN/x", bearerToken("alice", nil)))
	if result.Outcome != Denied || result.Decision.Statement == nil {
		t.Fatalf("%s by %v", result.Outcome, result.Decision.Statement)
	}
	found, ok := denials.Get(result.DecisionID)
	if !ok {
		t.Fatal("no account")
	}
	var b strings.Builder
	if err := found.WriteText(&b, "403"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "deny any * /admin/*") {
		t.Errorf("the rule is not named:\n%s", b.String())
	}
}

func TestPoliciesCanAskForThePathInLowerCase(t *testing.T) {
	document := must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"lower:http:path":"/admin/*"}}}]}`), policy.Identity))
	e := tokenGate(t, newClock(), func(o *Options) { o.Policies = []policy.Source{{Name: "file", Document: document}} })
	bearer := bearerToken("alice", nil)
	want(t, e, get("GET", "/Admin/x", bearer), Denied)
	want(t, e, get("GET", "/Administrator", bearer), Allowed)
}
