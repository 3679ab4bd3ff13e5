package authz

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/token"
)

// foreignGate returns an engine for tokens of an issuer with the claims of Entra.
func foreignGate(t *testing.T, change func(*Options), rules ...string) *Engine {
	t.Helper()
	c := newClock()
	keys := &token.StaticKeys{}
	if err := keys.Set(testKey().Public()); err != nil {
		t.Fatal(err)
	}
	return tokenGate(t, c, func(o *Options) {
		o.Verifier = must(token.New(token.Options{Now: c.Now(), Issuers: []token.Issuer{{URL: testIssuer, Keys: keys, Audiences: []string{"api"},
			GroupsClaim: []string{"groups"}, UsernameClaim: []string{"oid"}}}}))
		if change != nil {
			change(o)
		}
	}, rules...)
}

func foreignToken(changes map[string]any) string {
	c := map[string]any{"iss": testIssuer, "sub": "pairwise", "aud": "api", "oid": "alice", "azp": "app", "exp": testNow.Unix() + 3540}
	for k, v := range changes {
		c[k] = v
	}
	return signed(c)
}

func TestWhatATokenLeavesOpenIsRefusedWhereADecisionDependsOnIt(t *testing.T) {
	overage := map[string]any{"_claim_names": map[string]any{"groups": "src1"}, "_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "https://graph"}}}
	named := func(claim string) map[string]any {
		return map[string]any{"_claim_names": map[string]any{claim: "src1"}}
	}
	for name, tc := range map[string]struct {
		claims map[string]any
		rule   string
		want   string // of the key; "" = allowed
	}{
		"too many groups":                   {overage, "deny group blocked * /*", "cognito:groups"},
		"too many groups, require":          {overage, "require group staff * /*", "cognito:groups"},
		"too many groups, the claim itself": {overage, "deny claim groups blocked * /*", "jwt:groups"},
		"too many groups, no rule":          {overage, "deny user bob * /*", ""},
		"too many groups, elsewhere":        {overage, "deny group blocked * /other/*", ""},
		"hasgroups":                         {map[string]any{"hasgroups": true}, "deny group blocked * /*", "cognito:groups"},
		"hasgroups as a text":               {map[string]any{"hasgroups": "true"}, "deny group blocked * /*", "cognito:groups"},
		"hasgroups is false":                {map[string]any{"hasgroups": false}, "deny group blocked * /*", ""},
		"hasgroups is the text false":       {map[string]any{"hasgroups": "False"}, "deny group blocked * /*", ""},
		"groups in a list in a list":        {map[string]any{"groups": []any{[]string{"blocked"}}}, "deny group blocked * /*", "cognito:groups"},
		"groups that are an object":         {map[string]any{"groups": map[string]any{"blocked": 1}}, "deny group blocked * /*", "cognito:groups"},
		"groups that are objects":           {map[string]any{"groups": []any{"a", map[string]any{"name": "blocked"}}}, "require group a * /*", "cognito:groups"},
		"groups with brackets":              {map[string]any{"groups": []string{`[blocked]`, `"{`}}, "deny group blocked * /*", ""},
		"groups that are a text":            {map[string]any{"groups": "{a} [b]"}, "deny group blocked * /*", ""},
		"no groups in a list":               {map[string]any{"groups": []string{}}, "deny group blocked * /*", ""},
		"groups that are null":              {map[string]any{"groups": nil}, "deny group blocked * /*", ""},
		"groups that are numbers":           {map[string]any{"groups": []int{1, 7}}, "require group 7 * /*", ""},
		"objects in groups, no rule":        {map[string]any{"groups": []any{[]string{"blocked"}}}, "deny user bob * /*", ""},
		"no group":                          {nil, "deny group blocked * /*", ""},
		"a group and more elsewhere":        {map[string]any{"groups": []string{"a"}, "hasgroups": true}, "deny group blocked * /*", "cognito:groups"},
		"another claim":                     {named("department"), "deny claim department hr * /*", "jwt:department"},
		"another claim in other letters":    {named("Department"), "deny claim department hr * /*", "jwt:department"},
		"a claim below another":             {named("realm_access"), "deny claim realm_access.roles hr * /*", "jwt:realm_access.roles"},
		"a claim that is there":             {named("other"), "deny claim department hr * /*", ""},
		"the scope":                         {named("scope"), "require scope read * /*", "jwt:scope"},
		"the scope as scp":                  {named("scp"), "deny scope read * /*", "jwt:scope"},
		"the client":                        {named("client_id"), "deny client app2 * /*", "cognito:client_id"},
		"no client":                         {map[string]any{"azp": ""}, "deny client app2 * /*", "cognito:client_id"},

		"the user name":                       {named("oid"), "deny user bob * /*", "cognito:username"},
		"claim names that are null":           {map[string]any{"_claim_names": nil}, "deny group blocked * /*", ""},
		"claim names that are no object":      {map[string]any{"_claim_names": "groups"}, "deny claim x y * /*", "jwt:x"},
		"no user name":                        {map[string]any{"oid": nil}, "deny user bob * /*", "cognito:username"},
		"an empty user name":                  {map[string]any{"oid": ""}, "deny user bob * /*", "cognito:username"},
		"several user names":                  {map[string]any{"oid": []string{"alice", "bob"}}, "deny user bob * /*", "cognito:username"},
		"a user name that is an object":       {map[string]any{"oid": map[string]any{"a": "bob"}}, "deny user bob * /*", "cognito:username"},
		"a user name that is a number":        {map[string]any{"oid": 7}, "deny user bob * /*", ""},
		"no user name, no rule":               {map[string]any{"oid": nil}, "deny group blocked * /*", ""},
		"no user name, by the claim":          {map[string]any{"oid": nil}, "deny claim oid bob * /*", ""},
		"no user name of a client on its own": {map[string]any{"oid": nil, "sub": "app"}, "deny user bob * /*", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := foreignGate(t, nil, "allow any * /*", tc.rule)
			raw := foreignToken(tc.claims)
			for range 3 { // the last ones from the cache
				if tc.want == "" {
					want(t, e, get("GET", "/x", raw), Allowed)
					continue
				}
				r := want(t, e, get("GET", "/x", raw), Denied, UnknownValue)
				if r.Refusal.Subject != tc.want || !strings.Contains(r.Refusal.Detail, "Let the identity provider") || r.DecisionID == "" {
					t.Fatalf("%+v, decision %q", r.Refusal, r.DecisionID)
				}
			}
		})
	}
}

func TestPoliciesOfGroupsAndRolesNeedTokensThatListThem(t *testing.T) {
	deny := policy.Source{Name: "p", Document: must(policy.Parse([]byte(`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`), policy.Identity))}
	e := foreignGate(t, func(o *Options) { o.Groups = []GroupPolicies{{Group: "blocked", Policies: []policy.Source{deny}}} }, "allow any * /*")
	want(t, e, get("GET", "/x", foreignToken(nil)), Allowed)
	want(t, e, get("GET", "/x", foreignToken(map[string]any{"hasgroups": true})), Denied, UnknownValue)
	e = foreignGate(t, func(o *Options) { o.TokenRoles, o.Roles = true, newTestRoles() }, "allow any * /*")
	want(t, e, get("GET", "/x", foreignToken(nil)), Allowed)
	want(t, e, get("GET", "/x", foreignToken(map[string]any{"_claim_names": map[string]any{"cognito:roles": "s"}})), Denied, UnknownValue)
}

func TestStrictAWSHasNoUserNameToBeUnsureOf(t *testing.T) {
	document := must(policy.Parse([]byte(`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"bob"}}}}`), policy.Identity))
	for strict, outcome := range map[bool]Outcome{false: Denied, true: Allowed} {
		e := foreignGate(t, func(o *Options) { o.StrictAWS, o.Policies = strict, []policy.Source{{Name: "p", Document: document}} }, "allow any * /*")
		want(t, e, get("GET", "/x", foreignToken(map[string]any{"oid": nil})), outcome)
	}
}
