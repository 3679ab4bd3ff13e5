package authz

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/rule"
)

func TestARuleIsOneStatement(t *testing.T) {
	m := httpMapping()
	const base = `"arn:aws:execute-api:us-east-1:123456789012:sluice/default/`
	for line, statement := range map[string]string{
		"allow group readers GET /api/*": `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":` + base + `GET/api/*","Condition":{"ForAnyValue:StringEquals":{"cognito:groups":"readers"}}}`,
		"allow any GET,HEAD *":           `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":[` + base + `GET/*",` + base + `HEAD/*"],"Condition":{"StringNotEquals":{"aws:PrincipalType":"Anonymous"}}}`,
		"allow anonymous * /pub/*":       `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":` + base + `*/pub/*","Condition":{"StringLike":{"http:path":"/pub/*"}}}`,
		"require scope a/b POST /x":      `{"Effect":"Deny","Action":"execute-api:Invoke","Resource":` + base + `POST/x","Condition":{"ForAllValues:StringNotEquals":{"jwt:scope":"a/b"}}}`,
		"deny any * *":                   `{"Effect":"Deny","Action":"execute-api:Invoke","Resource":` + base + `*/*"}`,
	} {
		d, err := Document(m, ruleOf(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		var whole struct{ Statement json.RawMessage }
		if err := json.Unmarshal(must(json.Marshal(d)), &whole); err != nil {
			t.Fatal(err)
		}
		if got := strings.Trim(compact(whole.Statement), "[]"); got != compact([]byte(statement)) && got != strings.Trim(compact([]byte(statement)), "[]") {
			t.Errorf("%s:\n%s\nwant\n%s", line, got, statement)
		}
	}
}

func TestTheRulesOfTheDocumentationAreRules(t *testing.T) {
	text := string(must(os.ReadFile("../docs/authorization.md")))
	n := 0
	for line := range strings.Lines(text) {
		switch word, _, _ := strings.Cut(line, " "); word {
		case "allow", "deny", "require":
			n++
			if _, err := Document(httpMapping(), ruleOf(line)); err != nil {
				t.Error(err)
			}
		}
	}
	if n < 6 {
		t.Errorf("%d rules were found", n)
	}
}

func compact(src []byte) string {
	var v any
	if err := json.Unmarshal(src, &v); err != nil {
		panic(err)
	}
	return string(must(json.Marshal(v)))
}

func TestErrorsOfRulesSuggestACorrection(t *testing.T) {
	for _, tc := range []struct {
		rule rule.Rule
		says string
	}{
		{rule.Rule{Effect: "permit", Subject: "any", Method: "GET", Path: "/"}, "write allow, deny or require"},
		{rule.Rule{Effect: "allow", Subject: "everyone", Method: "GET", Path: "/"}, "write any, anonymous"},
		{rule.Rule{Effect: "allow", Subject: "group", Method: "GET", Path: "/"}, "needs at least one name"},
		{rule.Rule{Effect: "allow", Subject: "any", Names: []string{"x"}, Method: "GET", Path: "/"}, "takes no names"},
		{rule.Rule{Effect: "require", Subject: "anonymous", Method: "GET", Path: "/"}, "write deny any"},
		{rule.Rule{Effect: "allow", Subject: "claim", Names: []string{"x"}, Method: "GET", Path: "/"}, "claim's name"},
		{rule.Rule{Effect: "allow", Subject: "user", Claim: "x", Names: []string{"x"}, Method: "GET", Path: "/"}, "claim's name"},
		{rule.Rule{Effect: "allow", Subject: "any", Method: "get", Path: "/"}, "write it in capitals"},
		{rule.Rule{Effect: "allow", Subject: "any", Method: "GET/x", Path: "/"}, "not a method"},
		{rule.Rule{Effect: "allow", Subject: "any", Method: "GET,CONNECT", Path: "/x"}, "authorized as GET"},
		{rule.Rule{Effect: "allow", Subject: "any", Method: "GET", Path: "api"}, "write /api"},
		{rule.Rule{Effect: "allow", Subject: "any", Method: "GET", Path: "/a//b"}, "no request matches"},
		{rule.Rule{Effect: "allow", Subject: "any", Method: "GET", Path: "/a/../b"}, "no request matches"},
		{rule.Rule{Effect: "allow", Subject: "any", Method: "GET", Path: "/a%2fb"}, "no request matches"},
		{rule.Rule{Effect: "allow", Subject: "any", Method: "GET", Path: "/${x"}, "rule"},
	} {
		if _, err := Document(httpMapping(), tc.rule); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", tc.rule, err, tc.says)
		}
	}
}

// AWS's wildcard matches slashes, also in place of the method: "*/admin" would match GET/x/admin.
func TestARuleForAllMethodsMatchesItsPathOnly(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow any * /*", "deny any * /admin")
	bearer := bearerToken("alice", nil)
	want(t, e, get("BREW", "/admin", bearer), Denied)
	want(t, e, get("GET", "/x/admin", bearer), Allowed)
}

func TestSubjectsOfDenials(t *testing.T) {
	c := newClock()
	bearer := bearerToken("alice", nil)
	for _, tc := range []struct {
		rule             string
		alice, anonymous bool // denied
	}{
		{"deny any * /*", true, true},
		{"deny anonymous * /*", false, true},
		{"deny user alice * /*", true, false},
		{"deny user bob * /*", false, false},
		{"require any * /*", false, true},
		{"require user alice * /*", false, true},
		{"require user bob * /*", true, true},
		{"require client " + testClient + " * /*", false, true},
		{"require role x * /*", true, true},
		{"require claim username alice * /*", false, true},
		{"deny scope aws.cognito.signin.user.admin * /*", true, false},
	} {
		e := tokenGate(t, c, nil, "allow anonymous * /*", tc.rule)
		for who, denied := range map[string]bool{bearer: tc.alice, "": tc.anonymous} {
			if r := e.Authorize(t.Context(), get("GET", "/", who)); (r.Outcome != Allowed) != denied {
				t.Errorf("%s: %s for %s", tc.rule, r.Outcome, r.Principal.Kind)
			}
		}
	}
}
