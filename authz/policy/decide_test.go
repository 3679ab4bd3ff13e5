package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

// fixedContext is a context whose values exist already, as in a server.
type fixedContext struct{}

func (fixedContext) Lookup(key string) policy.Values {
	switch key {
	case "aws:username", "aws:principaltag/t":
		return policy.One("jo")
	case "aws:sourceip":
		return policy.One("203.0.113.9")
	case "aws:currenttime":
		return policy.One("2026-06-01T12:00:00Z")
	case "s3:max-keys":
		return policy.One("10")
	case "aws:securetransport":
		return policy.One("true")
	case "aws:sourcearn":
		return policy.One("arn:aws:sns:us-east-1:123456789012:t")
	case "aws:principaltag/key":
		return policy.One("AAE=")
	}
	return policy.Values{}
}

func TestDecidingDoesNotAllocate(t *testing.T) {
	for name, block := range map[string]string{
		"without a condition": `{}`,
		"strings":             `{"StringEquals":{"aws:username":["al","jo"]},"StringLike":{"aws:username":"j*"},"StringNotEqualsIgnoreCase":{"aws:username":"AL"}}`,
		"variables":           `{"StringEquals":{"aws:username":"${aws:PrincipalTag/t}"},"StringLike":{"aws:username":"*${aws:PrincipalTag/t}*"},"StringEqualsIgnoreCase":{"aws:username":"${aws:PrincipalTag/t}"}}`,
		"numbers":             `{"NumericLessThanEquals":{"s3:max-keys":"10.0"}}`,
		"dates":               `{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01"},"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}`,
		"addresses":           `{"IpAddress":{"aws:SourceIp":["2001:db8::/32","203.0.113.0/24"]}}`,
		"ARNs":                `{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:123456789012:*"},"ArnNotEquals":{"aws:SourceArn":"${aws:username}"}}`,
		"the rest":            `{"Bool":{"aws:SecureTransport":"true"},"BinaryEquals":{"aws:PrincipalTag/key":"AAE="},"Null":{"aws:TagKeys":"true"},"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := parse(t, statement(`{"Effect":"Allow","Action":["s3:Get*","s3:PutObject"],"Resource":["arn:aws:s3:::photos/${aws:username}/*","arn:aws:s3:*:*:b"],"Condition":`+block+`}`))
			set := policy.Compile(policy.Source{Document: d})
			l := &policy.Layers{Identity: []*policy.Set{set}, Boundary: set, Session: set}
			ctx := policy.Context(fixedContext{})
			for _, resource := range []string{"arn:aws:s3:::photos/jo/cat.jpg", "arn:aws:s3:us-east-1:1:b", "arn:aws:s3:::other"} {
				r := &policy.Request{Action: "s3:GetObject", Resource: resource, Context: ctx}
				if got := l.Decide(r).Effect; (got == policy.Allow) == strings.HasSuffix(resource, "other") {
					t.Fatalf("decided %s", got)
				}
				if n := testing.AllocsPerRun(100, func() { l.Decide(r) }); n != 0 {
					t.Errorf("%v allocations for %s", n, resource)
				}
			}
		})
	}
}

func TestBuiltDocumentsAreDecidedLikeParsedOnes(t *testing.T) {
	t.Parallel()
	d := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
		Sid: "Readers", Effect: policy.Allow, Action: []string{"execute-api:Invoke"},
		Resource:  []string{"arn:aws:execute-api:us-east-1:123456789012:gate/default/GET/api/*"},
		Condition: []policy.Condition{{Operator: "ForAnyValue:StringEquals", Key: "cognito:groups", Values: []string{"readers"}}},
	}}}
	if err := d.Check(policy.Identity); err != nil {
		t.Fatal(err)
	}
	set := policy.Compile(policy.Source{Name: "route /api/*", Document: d})
	d.Statements[0].Effect = policy.Deny // the set has its own copy
	l := &policy.Layers{Identity: []*policy.Set{nil, set}}
	r := &policy.Request{Action: "execute-api:Invoke", Resource: "arn:aws:execute-api:us-east-1:123456789012:gate/default/GET/api/notes",
		Context: policy.MapContext{"cognito:groups": {"editors", "readers"}}}
	got := l.Decide(r)
	if got.Effect != policy.Allow || got.Statement.Source != "route /api/*" || got.Statement.Sid != "Readers" {
		t.Errorf("decided %+v", got)
	}
	bad := &policy.Document{Statements: []policy.Statement{{Effect: policy.Allow, Action: []string{"*"}, Resource: []string{"*"},
		Condition: []policy.Condition{{Operator: "StringIs", Key: "aws:username", Values: []string{"jo"}}}}}}
	if err := bad.Check(policy.Identity); err == nil {
		t.Error("a built document with an unknown operator is accepted")
	}
	if got := (&policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: bad})}}).Decide(r); got.Effect != policy.ImplicitDeny {
		t.Errorf("an Allow with an unknown operator decided %s", got.Effect)
	}
	if got := (&policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: &policy.Document{Statements: []policy.Statement{{Effect: policy.Allow}}}})}}).Decide(r); got.Effect != policy.ImplicitDeny {
		t.Errorf("an Allow of nothing decided %s", got.Effect)
	}
}

// A statement with many actions and resources must not need memory for their product.
func TestAStatementWithManyActionsAndResourcesIsDecided(t *testing.T) {
	t.Parallel()
	var actions, resources []string
	for i := range 300 {
		actions = append(actions, fmt.Sprintf("s3:Action%d", i))
		resources = append(resources, fmt.Sprintf("arn:aws:s3:::b%d/*", i))
	}
	d := &policy.Document{Statements: []policy.Statement{{Effect: policy.Allow, Action: actions, Resource: resources}}}
	l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
	for _, tc := range []struct {
		action, resource string
		want             policy.Effect
	}{
		{"s3:action299", "arn:aws:s3:::b299/x", policy.Allow},
		{"s3:Action300", "arn:aws:s3:::b299/x", policy.ImplicitDeny},
		{"s3:Action1", "arn:aws:s3:::b300/x", policy.ImplicitDeny},
	} {
		if got := l.Decide(&policy.Request{Action: tc.action, Resource: tc.resource}).Effect; got != tc.want {
			t.Errorf("%s on %s: %s", tc.action, tc.resource, got)
		}
	}
}

// The index finds literal actions in a list and, from the ninth on, in a table. Both must find all of them.
func TestManyActionsOfOneResourceAreFound(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 8, 9, 10, 100} {
		var statements []policy.Statement
		for i := range n {
			statements = append(statements, policy.Statement{Effect: policy.Allow, Action: []string{fmt.Sprintf("s3:Action%d", i)}, Resource: []string{"*"}})
		}
		statements = append(statements, statements...) // the second half is found too; the first half decides
		l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: &policy.Document{Statements: statements}})}}
		for i := range n + 1 {
			d := l.Decide(&policy.Request{Action: fmt.Sprintf("S3:ACTION%d", i), Resource: "*"})
			if (d.Effect == policy.Allow) != (i < n) || i < n && d.Statement.Index != i {
				t.Errorf("%d actions, number %d: %+v", n, i, d)
			}
		}
	}
}

func TestActionsLongerThanTheBufferAreDecided(t *testing.T) {
	t.Parallel()
	long := "s3:" + strings.Repeat("A", 1000)
	d := &policy.Document{Statements: []policy.Statement{{Effect: policy.Allow, Action: []string{strings.ToLower(long)}, Resource: []string{"*"}}}}
	l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
	if got := l.Decide(&policy.Request{Action: long, Resource: "*"}).Effect; got != policy.Allow {
		t.Error("decided", got)
	}
}
