package caddymodule

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz"
)

func claimGate(options, rules string) string {
	return "sluice_authorize {\n issuer %ISSUER% {\n jwks_url %ISSUER%/keys\n" + options + "\n }\n" + rules + "\n header X-User-Name {http.auth.user.username}\n}\nreverse_proxy %UPSTREAM%\n"
}

func TestAnIssuersGroupsUserNameAndAudienceAreReadFromTheClaimsThatItHas(t *testing.T) {
	e := startEdge(t, claimGate("audience https://api.example\n groups_claim realm_access.roles\n username_claim preferred_username", "allow group readers GET /*"))
	keycloak := []any{"realm_access", map[string]any{"roles": []string{"offline", "readers"}}, "preferred_username", "Ada L.", "aud", "https://api.example"}
	if a := e.get(t, "/x", e.issuer.bearer(t, "ada", keycloak...)); a.status != 200 || strings.Join(a.got.values("X-User-Name"), "") != "Ada L." {
		t.Errorf("%d %s", a.status, a.body)
	}
	for name, changes := range map[string][]any{
		"another audience":           {"aud", "https://other.example"},
		"no audience":                {"aud", nil},
		"no group":                   {"realm_access", map[string]any{"roles": []string{"writers"}}},
		"the group in another claim": {"realm_access", nil, "cognito:groups", []string{"readers"}},
		"a name with a dot":          {"realm_access", nil, "realm_access.roles", []string{"readers"}},
		"the object is an array":     {"realm_access", []string{"readers"}},
	} {
		if a := e.get(t, "/x", e.issuer.bearer(t, "ada", append(append([]any(nil), keycloak...), changes...)...)); a.status != 403 && a.status != 401 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
}

func TestARuleReadsAClaimInsideAnObject(t *testing.T) {
	e := startEdge(t, claimGate("any_client", "allow claim realm_access.roles readers GET /*\n deny claim resource_access.notes.roles banned * *"))
	readers := map[string]any{"roles": []string{"readers"}}
	for name, tc := range map[string]struct {
		claims []any
		status int
	}{
		"in the object":                    {[]any{"realm_access", readers}, 200},
		"in other case":                    {[]any{"Realm_Access", map[string]any{"ROLES": "readers"}}, 200},
		"a name with a dot":                {[]any{"realm_access.roles", "readers"}, 200},
		"another value":                    {[]any{"realm_access", map[string]any{"roles": []string{"writers"}}}, 403},
		"nothing":                          {nil, 403},
		"two claims that the path matches": {[]any{"realm_access", readers, "realm_access.roles", []string{"readers"}}, 400},
		"denied, with three names":         {[]any{"realm_access", readers, "resource_access", map[string]any{"notes": map[string]any{"roles": []string{"banned"}}}}, 403},
	} {
		if a := e.get(t, "/x", e.issuer.bearer(t, "ada", tc.claims...)); a.status != tc.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestAnExplanationSaysWhereTheTokenHasItsGroups(t *testing.T) {
	e := startEdge(t, claimGate("any_client", "allow group readers GET /*"))
	for name, tc := range map[string]struct {
		claims []any
		note   string
	}{
		"groups":       {[]any{"groups", []string{"readers"}}, "the token has groups=[readers]; this issuer's groups are read from cognito:groups; set groups_claim"},
		"realm access": {[]any{"realm_access", map[string]any{"roles": []string{"a", "b"}}}, "the token has realm_access.roles=[a, b]; this issuer's groups are read from cognito:groups; set groups_claim"},
		"none":         {nil, ""},
		"other groups": {[]any{"cognito:groups", []string{"x"}, "groups", []string{"readers"}}, ""},
	} {
		a := e.get(t, "/x", e.issuer.bearer(t, "ada", tc.claims...))
		var denial *authz.Denial
		if denial, _ = denials.Get(a.problem(t, "decision_id")); a.status != 403 || denial == nil || denial.Note != tc.note {
			t.Errorf("%s: %d %+v", name, a.status, denial)
		}
	}
}
