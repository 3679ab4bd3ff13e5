package identitypool_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/identitypool"
)

func TestTheRoleIsChosenByTokenRulesOrDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings := notes()
	pool := w.pool(settings)
	id := w.id(pool, w.of("alice"))
	user := w.iam.RoleARN("user")
	red, blue := w.role("red", poolTrust(pool, true)), w.role("blue", poolTrust(pool, true))
	comma := w.role("a,b", poolTrust(pool, true))
	mapping := awsKey + ":" + client
	byToken := func(ambiguous string) identitypool.RoleMapping {
		return identitypool.RoleMapping{Type: "Token", Ambiguous: ambiguous}
	}
	byRules := func(ambiguous string, rules ...identitypool.Rule) identitypool.RoleMapping {
		return identitypool.RoleMapping{Type: "Rules", Ambiguous: ambiguous, Rules: rules}
	}
	rule := func(claim, match, value, role string) identitypool.Rule {
		return identitypool.Rule{Claim: claim, Match: match, Value: value, Role: role}
	}
	const denied = "ambiguous"
	const refused = "refused"
	const misconfigured = "misconfigured"
	type claims = map[string]any
	for name, tc := range map[string]struct {
		mapping *identitypool.RoleMapping
		claims  claims
		custom  string
		want    string
	}{
		"without a mapping the authenticated role":           {nil, nil, "", user},
		"a custom role equal to the default is harmless":     {nil, nil, user, user},
		"a custom role without a mapping is refused":         {nil, claims{"cognito:roles": []string{red}}, red, refused},
		"the preferred role":                                 {new(byToken("Deny")), claims{"cognito:preferred_role": red, "cognito:roles": []string{blue, red}}, "", red},
		"the only role":                                      {new(byToken("Deny")), claims{"cognito:roles": []string{red}}, "", red},
		"several roles and none preferred: deny":             {new(byToken("Deny")), claims{"cognito:roles": []string{red, blue}}, "", denied},
		"several roles and none preferred: default":          {new(byToken("AuthenticatedRole")), claims{"cognito:roles": []string{red, blue}}, "", user},
		"no role: deny":                                      {new(byToken("Deny")), nil, "", denied},
		"no role: default":                                   {new(byToken("AuthenticatedRole")), nil, "", user},
		"a custom role of the token":                         {new(byToken("Deny")), claims{"cognito:roles": []string{red, blue}}, blue, blue},
		"a custom role of the token, before the preferred":   {new(byToken("Deny")), claims{"cognito:roles": []string{red, blue}, "cognito:preferred_role": red}, blue, blue},
		"a custom role that is not in the token":             {new(byToken("AuthenticatedRole")), claims{"cognito:roles": []string{red}}, blue, refused},
		"the default role, if it is not in the token":        {new(byToken("AuthenticatedRole")), claims{"cognito:roles": []string{red}}, user, refused},
		"roles as one string with commas":                    {new(byToken("Deny")), claims{"cognito:roles": red + "," + blue}, blue, blue},
		"a role that does not exist":                         {new(byToken("Deny")), claims{"cognito:preferred_role": user + "x"}, "", misconfigured},
		"a role whose name has a comma":                      {new(byToken("Deny")), claims{"cognito:roles": []string{comma}}, "", comma},
		"the first rule that matches":                        {new(byRules("Deny", rule("team", "Equals", "r", red), rule("team", "Equals", "r", blue))), claims{"team": "r"}, "", red},
		"rules in order":                                     {new(byRules("Deny", rule("team", "Equals", "x", red), rule("team", "StartsWith", "r", blue))), claims{"team": "rr"}, "", blue},
		"compared with case":                                 {new(byRules("Deny", rule("team", "Equals", "R", red))), claims{"team": "r"}, "", denied},
		"contains, in a text":                                {new(byRules("Deny", rule("team", "Contains", "e", red))), claims{"team": "red"}, "", red},
		"contains, an element of a list":                     {new(byRules("Deny", rule("cognito:groups", "Contains", "admins", red))), claims{"cognito:groups": []string{"users", "admins"}}, "", red},
		"contains, not a part of an element":                 {new(byRules("Deny", rule("cognito:groups", "Contains", "admin", red))), claims{"cognito:groups": []string{"nonadmins"}}, "", denied},
		"not equal":                                          {new(byRules("Deny", rule("team", "NotEqual", "x", red))), claims{"team": "r"}, "", red},
		"not equal, of a claim that is absent":               {new(byRules("Deny", rule("team", "NotEqual", "x", red))), nil, "", denied},
		"no rule matches: default":                           {new(byRules("AuthenticatedRole", rule("team", "Equals", "x", red))), nil, "", user},
		"a number is compared as text":                       {new(byRules("Deny", rule("level", "Equals", "7", red))), claims{"level": 7}, "", red},
		"a custom role among the rules that match":           {new(byRules("Deny", rule("team", "Equals", "r", red), rule("team", "StartsWith", "r", blue))), claims{"team": "r"}, blue, blue},
		"a custom role of a rule that does not match":        {new(byRules("AuthenticatedRole", rule("team", "Equals", "r", red), rule("team", "Equals", "b", blue))), claims{"team": "r"}, blue, refused},
		"the default as custom role when another rule match": {new(byRules("AuthenticatedRole", rule("team", "Equals", "r", red))), claims{"team": "r"}, user, refused},
	} {
		t.Run(name, func(t *testing.T) {
			roles := identitypool.Roles{Authenticated: user}
			if tc.mapping != nil {
				roles.Mappings = map[string]identitypool.RoleMapping{mapping: *tc.mapping}
			}
			must(t, w.SetRoles(t.Context(), pool, roles))
			out, err := w.GetCredentials(t.Context(), id, map[string]string{loginKey: w.idToken("alice", tc.claims)}, tc.custom, identitypool.Env{})
			switch tc.want {
			case denied:
				wantFault(t, err, fault.NotAuthorized, "The ambiguous role mapping rules for: "+mapping+" denied this request.")
			case refused:
				wantFault(t, err, fault.NotAuthorized, "The custom role is not allowed for this identity.")
			case misconfigured:
				wantFault(t, err, fault.InvalidIdentityPoolSetup, "Invalid identity pool configuration. Check assigned IAM roles for this pool.")
			default:
				must(t, err)
				if got := w.caller(out.Session).Principal.RoleARN; got != tc.want {
					t.Errorf("role %s, want %s", got, tc.want)
				}
			}
		})
	}
}

func TestProvidersThatDisagreeOnTheRoleAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	red := w.role("red", poolTrust(pool, true))
	logins := map[string]string{loginKey: w.idToken("alice", nil), oidcKey: w.oidcToken("alice")}
	id := w.id(pool, logins)
	roles := identitypool.Roles{Authenticated: w.iam.RoleARN("user"), Mappings: map[string]identitypool.RoleMapping{
		oidcARN: {Type: "Rules", Ambiguous: "Deny", Rules: []identitypool.Rule{{Claim: "sub", Match: "Equals", Value: "alice", Role: red}}},
	}}
	must(t, w.SetRoles(t.Context(), pool, roles))
	_, err := w.credentials(id, logins)
	wantFault(t, err, fault.NotAuthorized, "")
	roles.Mappings[oidcARN].Rules[0].Role = roles.Authenticated
	must(t, w.SetRoles(t.Context(), pool, roles))
	if _, err = w.credentials(id, logins); err != nil {
		t.Errorf("providers that agree: %v", err)
	}
}

func TestRolesThatMakeNoSenseAreRefusedWhenSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	rules := make([]identitypool.Rule, 26)
	for name, tc := range map[string]struct {
		provider string
		mapping  identitypool.RoleMapping
	}{
		"an unknown provider":          {"evil.example.com", identitypool.RoleMapping{Type: "Token", Ambiguous: "Deny"}},
		"a user pool without a client": {awsKey, identitypool.RoleMapping{Type: "Token", Ambiguous: "Deny"}},
		"another client":               {awsKey + ":other", identitypool.RoleMapping{Type: "Token", Ambiguous: "Deny"}},
		"no ambiguous resolution":      {oidcARN, identitypool.RoleMapping{Type: "Token"}},
		"invalid rules":                {oidcARN, identitypool.RoleMapping{Type: "Rules", Ambiguous: "Deny"}},
		"too many rules":               {oidcARN, identitypool.RoleMapping{Type: "Rules", Ambiguous: "Deny", Rules: rules}},
		"rules with the type Token":    {oidcARN, identitypool.RoleMapping{Type: "Token", Ambiguous: "Deny", Rules: rules[:1]}},
	} {
		err := w.SetRoles(t.Context(), pool, identitypool.Roles{Mappings: map[string]identitypool.RoleMapping{tc.provider: tc.mapping}})
		if !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: error %v, want InvalidParameter", name, err)
		}
	}
	err := w.SetRoles(t.Context(), pool, identitypool.Roles{Mappings: map[string]identitypool.RoleMapping{oidcARN: {Type: "Rules", Ambiguous: "Deny", Rules: rules}}})
	wantFault(t, err, fault.InvalidParameter, "The number of rules in the request exceeded 25.")
	err = w.SetRoles(t.Context(), pool, identitypool.Roles{Mappings: map[string]identitypool.RoleMapping{"x": {}}})
	wantFault(t, err, fault.InvalidParameter, "(x) is not a valid RoleMapping ProviderName or is not a configured provider.")
	if w.SetRoles(t.Context(), pool, identitypool.Roles{Mappings: map[string]identitypool.RoleMapping{loginKey + ":" + client: {Type: "Token", Ambiguous: "Deny"}}}) != nil {
		t.Error("a user pool's other name is refused")
	}
}

func TestWarningsNameLooseRolesAndWritableClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	loose := strings.Replace(string(poolTrust(pool, true)), `"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"},`, "", 1)
	roles := identitypool.Roles{
		Authenticated: w.role("loose", []byte(loose)),
		Guest:         w.iam.RoleARN("guest"),
		Mappings: map[string]identitypool.RoleMapping{oidcARN: {Type: "Rules", Ambiguous: "Deny", Rules: []identitypool.Rule{
			{Claim: "custom:tenant", Match: "Equals", Value: "x", Role: w.iam.RoleARN("user")},
			{Claim: "cognito:groups", Match: "Contains", Value: "x", Role: w.iam.RoleARN("user")},
		}}},
	}
	got := strings.Join(w.Warnings(pool, roles), "\n")
	for _, want := range []string{":amr", "allows every action", "custom:tenant"} {
		if !strings.Contains(got, want) {
			t.Errorf("no warning about %s in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "cognito:groups") || strings.Count(got, "\n") != 2 {
		t.Errorf("more warnings than three:\n%s", got)
	}
}
