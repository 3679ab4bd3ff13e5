package policy_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

var update = flag.Bool("update", false, "write the golden files")

func parse(t testing.TB, src string) *policy.Document {
	t.Helper()
	d, err := policy.Parse([]byte(src), policy.Identity)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const ownPhotos = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OwnPhotos",
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject"],
      "Resource": "arn:aws:s3:::photos/${aws:username}/*",
      "Condition": {"Bool": {"aws:SecureTransport": "true"}}
    },
    {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
  ]
}`

// AWS has no key aws:username for role sessions, so a role policy with ${aws:username} never applies.
func TestADenialReportsAVariableWithoutAValue(t *testing.T) {
	t.Parallel()
	s := policy.Compile(policy.Source{Name: "role notes-user, policies/notes-user.json", Document: parse(t, ownPhotos)})
	l := &policy.Layers{Identity: []*policy.Set{s}}
	a := l.Explain(&policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/jo/cat.jpg",
		Context: policy.MapContext{"aws:SecureTransport": {"true"}, "aws:SourceIp": {"203.0.113.9"}}})
	if a.Effect != policy.ImplicitDeny || !strings.Contains(a.Summary, "the variable ${aws:username} has no value") {
		t.Errorf("%s: %s", a.Effect, a.Summary)
	}
	e := a.Statements[0].Elements[1]
	if e.Matches || len(e.Variables) != 1 || e.Variables[0].Present || e.Variables[0].Name != "aws:username" {
		t.Errorf("the resource's account is %+v", e)
	}
}

func TestAccountsMatchTheGoldenFiles(t *testing.T) {
	t.Parallel()
	own := policy.Compile(policy.Source{Name: "role notes-user, policies/notes-user.json", Document: parse(t, ownPhotos)})
	boundary := policy.Compile(policy.Source{Name: "boundary s3-only", Document: parse(t, statement(`{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`))})
	session := policy.Compile(policy.Source{Name: "session policy", Document: parse(t, statement(
		`{"Effect":"Allow","NotAction":"s3:DeleteObject","NotResource":"arn:aws:s3:::photos/${aws:PrincipalTag/team, 'none'}/*","Condition":{"ForAnyValue:StringLike":{"aws:TagKeys":["a*","b*"]},"NumericLessThan":{"s3:max-keys":"10"}}}`))})
	full := policy.MapContext{"aws:SecureTransport": {"true"}, "aws:SourceIp": {"203.0.113.9"}, "aws:username": {"jo"}, "aws:TagKeys": {"x", "\nforged line"}, "s3:max-keys": {"ten"}}
	elsewhere := policy.MapContext{"aws:SecureTransport": {"true"}, "aws:SourceIp": {"198.51.100.1"}, "aws:username": {"jo"}}
	get := policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/jo/cat.jpg", Context: full}
	for name, tc := range map[string]struct {
		layers  policy.Layers
		request policy.Request
	}{
		"allowed":             {policy.Layers{Identity: []*policy.Set{own}, Boundary: boundary}, get},
		"denied":              {policy.Layers{Identity: []*policy.Set{own}}, policy.Request{Action: get.Action, Resource: get.Resource, Context: elsewhere}},
		"variable":            {policy.Layers{Identity: []*policy.Set{own}}, policy.Request{Action: get.Action, Resource: get.Resource}},
		"silent-boundary":     {policy.Layers{Identity: []*policy.Set{own}, Boundary: boundary}, policy.Request{Action: "s3:PutObject", Resource: get.Resource, Context: full}},
		"silent-session":      {policy.Layers{Identity: []*policy.Set{own}, Session: session}, get},
		"nothing-to-consider": {policy.Layers{}, get},
	} {
		t.Run(name, func(t *testing.T) {
			a := tc.layers.Explain(&tc.request)
			var text bytes.Buffer
			if err := a.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			src, err := json.MarshalIndent(a, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", text.Bytes())
			golden(t, name+".json", append(src, '\n'))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "account", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

func TestASummaryNamesTheNearestReason(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		statements, action, resource string
		context                      policy.MapContext
		want                         string
	}{
		"another action":    {`{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}`, "s3:GetObject", "arn:aws:s3:::b/k", nil, `its Action "s3:PutObject" does not cover "s3:GetObject"`},
		"another resource":  {`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::c/*"}`, "s3:GetObject", "arn:aws:s3:::b/k", nil, `its Resource "arn:aws:s3:::c/*" does not cover`},
		"an excluded one":   {`{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::b/*"}`, "s3:GetObject", "arn:aws:s3:::b/k", nil, `its NotResource "arn:aws:s3:::b/*" excludes`},
		"a failing value":   {`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:username":"jo"}}}`, "s3:GetObject", "arn:aws:s3:::b/k", policy.MapContext{"aws:username": {"al"}}, `the condition StringEquals aws:username "jo" does not hold: aws:username is "al"`},
		"an absent key":     {`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:username":"jo"}}}`, "s3:GetObject", "arn:aws:s3:::b/k", nil, `aws:username is absent`},
		"a value of a kind": {`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericLessThan":{"s3:max-keys":"5"}}}`, "s3:ListBucket", "arn:aws:s3:::b", policy.MapContext{"s3:max-keys": {"many"}}, `cannot be compared`},
		"several values":    {`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:TagKeys}"}`, "s3:GetObject", "arn:aws:s3:::b/k", policy.MapContext{"aws:TagKeys": {"k", "l"}}, `${aws:TagKeys} has several values`},
		"the nearer of two": {`{"Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Sid":"Near","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::c/*"}`, "s3:GetObject", "arn:aws:s3:::b/k", nil, `the nearest is Statement[1] "Near"`},
	} {
		t.Run(name, func(t *testing.T) {
			l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: parse(t, statement(tc.statements))})}}
			a := l.Explain(&policy.Request{Action: tc.action, Resource: tc.resource, Context: tc.context})
			if !strings.Contains(a.Summary, tc.want) {
				t.Errorf("the summary is %q, want in it %q", a.Summary, tc.want)
			}
		})
	}
}

// A condition that is invalid affects the decision and must be in the account.
func TestAnAccountReportsInvalidConditions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ block, note string }{
		"an unknown operator": {`{"StringIs":{"aws:username":["al"]},"StringEquals":{"aws:userid":"u"}}`, "the operator is unknown"},
		"no values":           {`{"StringEquals":{"aws:username":[]},"Bool":{"aws:SecureTransport":"true"}}`, "there is no value to compare with"},
	} {
		t.Run(name, func(t *testing.T) {
			for effect, want := range map[string]bool{"Allow": false, "Deny": true} {
				d, _ := policy.Load([]byte(statement(`{"Effect":"`+effect+`","Action":"*","Resource":"*","Condition":`+tc.block+`}`)), policy.Identity)
				l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
				r := &policy.Request{Action: "s3:GetObject", Resource: "*", Context: policy.MapContext{"aws:username": {"jo"},
					"aws:userid": {"u"}, "aws:SecureTransport": {"true"}}}
				got := l.Explain(r).Statements[0]
				if got.Applies != want || len(got.Conditions) != 2 {
					t.Fatalf("%s: applies %v with %d conditions", effect, got.Applies, len(got.Conditions))
				}
				if c := got.Conditions[0]; c.Key != "aws:username" || c.Actual[0] != "jo" || c.Note != tc.note || c.Matches != want {
					t.Errorf("%s: the account of the condition is %+v", effect, c)
				}
				checkAccount(t, l, r)
			}
		})
	}
}

// Programs read the account, so an empty list must be a list and not null.
func TestAnAccountHasNoNull(t *testing.T) {
	t.Parallel()
	d, _ := policy.Load([]byte(statement(`{"Effect":"Deny","Condition":{"StringIs":{"aws:username":[]}}},{"Effect":"Allow","NotPrincipal":"*"}`)), policy.Trust)
	set := policy.Compile(policy.Source{Document: d})
	r := &policy.TrustRequest{PrincipalType: "AWS", Principal: "arn:aws:iam::123456789012:user/jo", Action: "sts:AssumeRole"}
	for name, a := range map[string]*policy.Account{
		"of a decision":      (&policy.Layers{Identity: []*policy.Set{set}}).Explain(&policy.Request{Action: "s3:GetObject", Resource: "*"}),
		"of a trust":         set.ExplainTrust(r),
		"without statements": (&policy.Layers{}).Explain(&policy.Request{Action: "s3:GetObject", Resource: "*"}),
		"of no trust":        policy.Compile().ExplainTrust(r),
	} {
		src, err := json.Marshal(a)
		if err != nil || bytes.Contains(src, []byte("null")) {
			t.Errorf("%s (%v): %s", name, err, src)
		}
	}
}
