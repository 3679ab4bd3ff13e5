package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/cedar-policy/cedar-go"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/sluicegate/sluice/authz/policy"
)

type sluiceContext struct{ user, tls string }

func (c *sluiceContext) Lookup(key string) policy.Values {
	switch key {
	case "aws:username":
		return policy.One(c.user)
	case "aws:securetransport":
		return policy.One(c.tls)
	}
	return policy.Values{}
}

func newSluice(_ testing.TB, rules []rule) func(question) func() bool {
	d := &policy.Document{Version: policy.Version2012}
	for _, r := range rules {
		s := policy.Statement{Effect: policy.Allow, Action: r.actions, Resource: []string{"arn:aws:s3:::" + r.bucket + "/users/${aws:username}/*"}}
		if r.deny {
			s.Effect = policy.Deny
		}
		if r.tls {
			s.Condition = []policy.Condition{{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}}}
		}
		d.Statements = append(d.Statements, s)
	}
	l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
	return func(q question) func() bool {
		r := &policy.Request{Action: q.action, Resource: "arn:aws:s3:::" + q.bucket + "/" + q.key, Context: &sluiceContext{q.user, fmt.Sprint(q.tls)}}
		return func() bool { return l.Decide(r).Effect == policy.Allow }
	}
}

// newCedar names action and bucket in the scope, where an engine could index them.
func newCedar(t testing.TB, rules []rule) func(question) func() bool {
	set := cedar.NewPolicySet()
	for i, r := range rules {
		var b strings.Builder
		b.WriteString("permit")
		if r.deny {
			b.Reset()
			b.WriteString("forbid")
		}
		actions := make([]string, len(r.actions))
		for j, a := range r.actions {
			actions[j] = fmt.Sprintf("Action::%q", a)
		}
		fmt.Fprintf(&b, "(principal, action in [%s], resource in Bucket::%q) when { resource.owner == principal.name", strings.Join(actions, ", "), r.bucket)
		if r.tls {
			b.WriteString(" && context.tls")
		}
		b.WriteString(" };")
		var p cedar.Policy
		if err := p.UnmarshalCedar([]byte(b.String())); err != nil {
			t.Fatal(err)
		}
		set.Add(cedar.PolicyID(fmt.Sprintf("p%d", i)), &p)
	}
	return func(q question) func() bool {
		user, object := cedar.NewEntityUID("User", cedar.String(q.user)), cedar.NewEntityUID("Object", cedar.String(q.bucket+"/"+q.key))
		owner := strings.Split(q.key, "/")[1]
		entities := cedar.EntityMap{
			user: {UID: user, Attributes: cedar.NewRecord(cedar.RecordMap{"name": cedar.String(q.user)})},
			object: {UID: object, Parents: cedar.NewEntityUIDSet(cedar.NewEntityUID("Bucket", cedar.String(q.bucket))),
				Attributes: cedar.NewRecord(cedar.RecordMap{"owner": cedar.String(owner)})},
		}
		request := cedar.Request{Principal: user, Action: cedar.NewEntityUID("Action", cedar.String(q.action)), Resource: object,
			Context: cedar.NewRecord(cedar.RecordMap{"tls": cedar.Boolean(q.tls)})}
		return func() bool {
			ok, _ := cedar.Authorize(set, entities, request)
			return ok == cedar.Allow
		}
	}
}

// newCasbin compares text with its own functions, because casbin's pattern functions are far slower.
func newCasbin(t testing.TB, rules []rule) func(question) func() bool {
	m, err := model.NewModelFromString(`
[request_definition]
r = sub, obj, act, tls
[policy_definition]
p = bucket, acts, tls, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = own(p.bucket, r.obj, r.sub) && among(p.acts, r.act) && (p.tls == "any" || r.tls == "true")
`)
	if err != nil {
		t.Fatal(err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		t.Fatal(err)
	}
	e.AddFunction("own", func(args ...any) (any, error) {
		rest, ok := strings.CutPrefix(args[1].(string), args[0].(string)+"/users/")
		return ok && strings.HasPrefix(rest, args[2].(string)+"/"), nil
	})
	e.AddFunction("among", func(args ...any) (any, error) {
		return slices.Contains(strings.Fields(args[0].(string)), args[1].(string)), nil
	})
	lines := make([][]string, len(rules))
	for i, r := range rules {
		line := []string{r.bucket, strings.Join(r.actions, " "), "any", "allow"}
		if r.tls {
			line[2] = "true"
		}
		if r.deny {
			line[3] = "deny"
		}
		lines[i] = line
	}
	if ok, err := e.AddPolicies(lines); err != nil || !ok {
		t.Fatal(ok, err)
	}
	return func(q question) func() bool {
		object, tls := q.bucket+"/"+q.key, fmt.Sprint(q.tls)
		return func() bool {
			ok, err := e.Enforce(q.user, object, q.action, tls)
			return ok && err == nil
		}
	}
}

const module = `package gate

matching contains s if {
	some s in data.statements
	input.action in s.actions
	startswith(input.resource, concat("", [s.bucket, "/users/", input.user, "/"]))
	tls_ok(s)
}

tls_ok(s) if not s.tls

tls_ok(_) if input.tls

default allow := false

allow if {
	some s in matching
	s.effect == "allow"
	not denied
}

denied if {
	some s in matching
	s.effect == "deny"
}
`

// newOPA keeps the statements as data, as one does if other people write the policies.
func newOPA(t testing.TB, rules []rule) func(question) func() bool {
	statements := make([]any, len(rules))
	for i, r := range rules {
		effect := "allow"
		if r.deny {
			effect = "deny"
		}
		actions := make([]any, len(r.actions))
		for j, a := range r.actions {
			actions[j] = a
		}
		statements[i] = map[string]any{"effect": effect, "bucket": r.bucket, "actions": actions, "tls": r.tls}
	}
	ctx := context.Background()
	query, err := rego.New(rego.Query("data.gate.allow"), rego.Module("gate.rego", module),
		rego.Store(inmem.NewFromObjectWithOpts(map[string]any{"statements": statements}, inmem.OptReturnASTValuesOnRead(true)))).PrepareForEval(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return func(q question) func() bool {
		input := rego.EvalInput(map[string]any{"user": q.user, "action": q.action, "resource": q.bucket + "/" + q.key, "tls": q.tls})
		return func() bool {
			result, err := query.Eval(ctx, input)
			return err == nil && result.Allowed()
		}
	}
}
