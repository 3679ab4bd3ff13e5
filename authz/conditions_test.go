package authz

import (
	"net/http"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/rule"
)

func TestConditionsSeeTheRequest(t *testing.T) {
	c := newClock()
	source := policy.Source{Name: "conditions", Document: must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/ip","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/tls","Condition":{"Bool":{"aws:SecureTransport":"true"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/time","Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-21T13:00:00Z"},"NumericGreaterThan":{"aws:EpochTime":"1"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/header","Condition":{"StringEquals":{"http:header/X-Team":"red"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/query","Condition":{"StringEquals":{"http:query/Team":"red"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/host","Condition":{"StringEquals":{"http:host":"api.example","http:method":"GET","http:path":"/host"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/user","Condition":{"StringEquals":{"aws:username":"alice","aws:userid":"sub-alice","aws:PrincipalType":"User"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/agent","Condition":{"StringLike":{"aws:UserAgent":"te*"},"Null":{"aws:Referer":"true","aws:TokenIssueTime":"true"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/region","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/claims","Condition":{"StringEquals":{"jwt:Custom:Team":"red","cognito:client_id":"`+testClient+`","jwt:iss":"`+testIssuer+`"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/secret","Condition":{"Null":{"http:header/Authorization":"true"}}},
	 {"Effect":"Deny","Action":"*","Resource":"arn:aws:execute-api:*:*:*/twice","Condition":{"StringEquals":{"http:header/x-debug":"1"}}},
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/twice"}
	]}`), policy.Identity))}
	e := tokenGate(t, c, func(o *Options) { o.Policies = []policy.Source{source} })
	bearer := bearerToken("alice", map[string]any{"custom:team": "red"})
	ask := func(target string, outcome Outcome, change func(*Request)) {
		t.Helper()
		r := get("GET", target, bearer)
		if change != nil {
			change(r)
		}
		want(t, e, r, outcome)
	}
	header := func(lines map[string][]string) func(*Request) {
		return func(r *Request) {
			for k, v := range lines {
				r.Header[k] = v
			}
		}
	}
	for _, path := range []string{"/ip", "/time", "/host", "/user", "/agent", "/region", "/claims", "/secret", "/twice"} {
		ask(path, Allowed, nil)
	}
	ask("/tls", Denied, nil)
	ask("/tls", Allowed, func(r *Request) { r.TLSVersion = 0x0304 })
	ask("/header", Denied, nil)
	ask("/header", Allowed, header(http.Header{"X-Team": {"red"}}))
	ask("/query?team=red", Allowed, nil)
	ask("/query?team=blue", Denied, nil)
	// A key with two values is ambiguous: the upstream might use the other value.
	ask("/header", Malformed, header(http.Header{"X-Team": {"red", "blue"}}))
	ask("/header", Malformed, header(http.Header{"X-Team": {"red"}, "X_team": {"blue"}}))
	ask("/query?team=red&team=blue", Malformed, nil)
	ask("/query?team=red&TEAM=blue", Malformed, nil)
	ask("/query?team=red;x=1", Malformed, nil)
	ask("/query?team=%zz", Malformed, nil)
	ask("/twice", Denied, header(http.Header{"X-Debug": {"1"}}))
	ask("/twice", Denied, header(http.Header{"X_debug": {"1"}}))
	ask("/twice", Malformed, header(http.Header{"X-Debug": {"0", "1"}}))
}

func TestTwoClaimsThatDifferInCaseAreNoValue(t *testing.T) {
	c := newClock()
	e := tokenGate(t, c, nil, "allow any * /*", "deny claim team red * /*")
	want(t, e, get("GET", "/", bearerToken("a", map[string]any{"team": "blue"})), Allowed)
	want(t, e, get("GET", "/", bearerToken("a", map[string]any{"team": "blue", "Team": "red"})), Malformed)
}

func TestStrictAWSRemovesTheUsername(t *testing.T) {
	document := policy.Source{Name: "p", Document: must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":
	 {"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/GET/${aws:username}"}}`), policy.Identity))}
	for strict, outcome := range map[bool]Outcome{false: Allowed, true: Denied} {
		e := tokenGate(t, newClock(), func(o *Options) { o.StrictAWS, o.Policies = strict, []policy.Source{document} })
		if r := e.Authorize(t.Context(), get("GET", "/alice", bearerToken("alice", nil))); r.Outcome != outcome {
			t.Errorf("strict %v: %s", strict, r.Outcome)
		}
	}
}

// Wildcards in a user's name must match only themselves.
func TestASubstitutedNameIsLiteral(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow any GET /users/${cognito:username}/*")
	want(t, e, get("GET", "/users/bob/x", bearerToken("*", nil)), Denied)
	want(t, e, get("GET", "/users/*/x", bearerToken("*", nil)), Allowed)
	want(t, e, get("GET", "/users//x", bearerToken("x", map[string]any{"username": ""})), Malformed)
}

func TestNewReportsInvalidOptions(t *testing.T) {
	good := func() Options { return Options{Mapping: httpMapping()} }
	for name, change := range map[string]func(*Options){
		"no mapping":              func(o *Options) { o.Mapping = nil },
		"bad account":             func(o *Options) { o.Mapping = &HTTPMapping{Region: testRegion, Account: "1", API: "a", Stage: "b"} },
		"half a SigV4":            func(o *Options) { o.SigV4 = &SigV4{} },
		"roles without anyone":    func(o *Options) { o.TokenRoles = true },
		"a cookie without Logins": func(o *Options) { o.LoginCookie = "session" },
		"a bad rule":              func(o *Options) { o.Rules = []rule.Rule{{Effect: "permit", Subject: "any", Method: "GET", Path: "/"}} },
		"a group twice":           func(o *Options) { o.Groups = []GroupPolicies{{Group: "a"}, {Group: "a"}} },
	} {
		o := good()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(good()); err != nil {
		t.Error(err)
	}
}
