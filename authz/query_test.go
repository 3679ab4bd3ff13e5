package authz

import (
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

func TestASemicolonIsACharacterOfQueries(t *testing.T) {
	document := must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"http:query/role":"admin"}}}]}`), policy.Identity))
	e := tokenGate(t, newClock(), func(o *Options) { o.Policies = []policy.Source{{Name: "file", Document: document}} })
	bearer := bearerToken("alice", nil)
	for target, outcome := range map[string]Outcome{
		"/x?a=1;b=2":                      Allowed,
		"/x?a=%20;b":                      Allowed,
		"/x?family=Source%20Sans:300;400": Allowed,
		"/x?Action=Queue;Sort-By=Age":     Allowed,
		"/x?;&;;":                         Allowed,
		"/x?role=reader":                  Allowed,
		"/x?role=admin":                   Denied,
		// Servers that split at semicolons read another value, so the key is ambiguous.
		"/x?a=1;role=admin":        Malformed,
		"/x?role=reader;role=x":    Malformed,
		"/x?role=reader;a=1":       Malformed,
		"/x?a=1;%72ole=admin":      Malformed,
		"/x?a=1;access_token=x":    Malformed,
		"/x?access_token=x;a=1":    Malformed,
		"/x?a=1;X-Amz-Signature=x": Malformed,
		"/x?a=%zz;b":               Malformed,
	} {
		if got := e.Authorize(t.Context(), get("GET", target, bearer)); got.Outcome != outcome {
			t.Errorf("%s: %s, want %s", target, got.Outcome, outcome)
		}
	}
}

// PHP, Rack and Express read these as the parameter that the policy denies, others do not.
func TestAParameterThatServersReadInTwoWaysIsAmbiguous(t *testing.T) {
	document := must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"http:query/user_role":"admin"}}}]}`), policy.Identity))
	e := tokenGate(t, newClock(), func(o *Options) { o.Policies = []policy.Source{{Name: "file", Document: document}} })
	bearer := bearerToken("alice", nil)
	for target, outcome := range map[string]Outcome{
		"/x?user_role=reader":           Allowed,
		"/x?user=admin&role=admin":      Allowed,
		"/x?user-role=admin":            Allowed,
		"/x?a[user_role]=admin":         Allowed,
		"/x?user_role=admin":            Denied,
		"/x?user_role[]=admin":          Malformed,
		"/x?user_role%5B0%5D=admin":     Malformed,
		"/x?user.role=admin":            Malformed,
		"/x?user+role=admin":            Malformed,
		"/x?+user_role=admin":           Malformed,
		"/x?user_role%00x=admin":        Malformed,
		"/x?user_role=admin%00":         Malformed,
		"/x??user_role=admin":           Malformed,
		"/x?user_role=reader&USER.role": Malformed,
		"/x?user_role=admin#x":          Malformed,
		"/x?a=b#&user_role=admin":       Malformed,
		"/x?user_role=reader%23x":       Allowed,
	} {
		if got := e.Authorize(t.Context(), get("GET", target, bearer)); got.Outcome != outcome {
			t.Errorf("%s: %s, want %s", target, got.Outcome, outcome)
		}
	}
}
