package policy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluicegate/sluice/authz/policy"
)

// FuzzParse checks that an accepted document marshals to the same document, and that Decide and Explain agree on every
// document that Load returns.
func FuzzParse(f *testing.F) {
	f.Add([]byte(allowAll), byte(0))
	f.Add([]byte(ownPhotos), byte(0))
	f.Add([]byte(statement(poolTrust)), byte(1))
	f.Add([]byte(everyOperator()), byte(0))
	f.Add([]byte(statement(`{"Effect":"Deny","Effect":"Allow","NotAction":[],"Resource":"arn:aws:s3:::${"}`)), byte(2))
	files, err := filepath.Glob("testdata/corpus/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var cases []testCase
		if err := json.Unmarshal(src, &cases); err != nil {
			f.Fatal(err)
		}
		for i := 0; i < len(cases); i += 10 {
			for _, p := range cases[i].Policies {
				f.Add([]byte(p), byte(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, kind byte) {
		k := policy.Kind(kind % 3)
		d, err := policy.Load(src, k)
		if strict, strictErr := policy.Parse(src, k); (strictErr == nil) != (err == nil) || (strict == nil) != (err != nil) {
			t.Fatalf("Parse returned %v, Load %v", strictErr, err)
		}
		problems, _ := policy.IsInvalid(err)
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || !utf8.ValidString(p.Message) {
				t.Fatalf("a problem without a position or a text: %+v", p)
			}
		}
		if d == nil {
			if err == nil {
				t.Fatal("neither a document nor a problem")
			}
			return
		}
		set := policy.Compile(policy.Source{Name: "fuzz", Document: d})
		l := &policy.Layers{Identity: []*policy.Set{set}}
		for _, resource := range []string{"arn:aws:s3:::photos/jo/cat.jpg", "*"} {
			checkAccount(t, l, &policy.Request{Action: "s3:GetObject", Resource: resource, Context: fixedContext{}})
		}
		r := &policy.TrustRequest{PrincipalType: "Federated", Principal: "cognito-identity.amazonaws.com", Action: "sts:AssumeRoleWithWebIdentity", Context: fixedContext{}}
		if a := set.ExplainTrust(r); a.Effect != set.DecideTrust(r).Effect {
			t.Fatalf("the account of the trust policy has %s", a.Effect)
		}
		if err != nil {
			return
		}
		out, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := policy.Parse(out, k)
		if err != nil {
			t.Fatalf("%s does not parse again: %v", out, err)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(twice) != string(out) {
			t.Fatalf("%s parses again as %s (%v)", out, twice, err)
		}
	})
}

// FuzzConditionValues checks that every operator agrees with the naive evaluator on any pair of values.
func FuzzConditionValues(f *testing.F) {
	for i, have := range texts {
		f.Add(byte(i), have, texts[(i*7+3)%len(texts)])
	}
	f.Add(byte(0), "a", "${aws:username, 'a'}")
	f.Add(byte(4), "a*", "${*}*?")
	f.Add(byte(23), "arn:aws:s3:::a:b", "arn:*:${aws:username}")
	for i := range bases {
		for _, date := range []string{"2026-01-01T0:00Z", "2026-01-01t10:00:00.5+01", "2026-01-01T10:00+01:30", "2026-01-01T1:2Z"} {
			f.Add(byte(i), "0", date)
			f.Add(byte(i), date, "2026-01-01T09:00Z")
		}
	}
	f.Fuzz(func(t *testing.T, operator byte, have, want string) {
		if !utf8.ValidString(have) || !utf8.ValidString(want) {
			return // JSON cannot represent either
		}
		name := bases[int(operator)%len(bases)]
		value, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		d := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{Effect: policy.Allow, Action: []string{"*"},
			Resource: []string{"*"}, Condition: []policy.Condition{{Operator: name, Key: "aws:key", Values: []string{want}}}}}}
		if d.Check(policy.Identity) != nil {
			return
		}
		context := map[string][]string{"aws:key": {have}, "aws:username": {have}}
		l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
		got := l.Decide(&policy.Request{Action: "s3:GetObject", Resource: "*", Context: policy.MapContext(context)}).Effect == policy.Allow
		s := naiveStatement{map[string]any{"Effect": "Allow"}, true}
		if naive := s.condition(name, "aws:key", []string{want}, naiveRequest{context: context}); got != naive {
			t.Fatalf("%s: %q with %s is %v, the naive evaluator says %v", name, have, value, got, naive)
		}
	})
}

func FuzzWildcard(f *testing.F) {
	f.Add("*a*b?", "xxaxxbc")
	f.Add("**??*", "日本")
	f.Add(strings.Repeat("*a", 50), strings.Repeat("a", 60))
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern)*len(s) > 1<<16 || !utf8.ValidString(pattern) || !utf8.ValidString(s) {
			return
		}
		if got, want := policy.MatchWildcard(pattern, s), naiveGlob(false, wildcards(pattern), s); got != want {
			t.Fatalf("MatchWildcard(%q, %q) = %v", pattern, s, got)
		}
	})
}

// FuzzARN checks that an ARN is the same after String and ParseARN, and that as a resource it covers only itself.
func FuzzARN(f *testing.F) {
	f.Add("arn:aws:s3:::b/k", "arn:aws:s3:::b/k2")
	f.Add("arn:aws:lambda:us-east-1:123456789012:function:f", "arn:aws:s3:::b")
	f.Fuzz(func(t *testing.T, text, other string) {
		arn, ok := policy.ParseARN(text)
		if !ok {
			return
		}
		if arn.String() != text {
			t.Fatalf("%q parses again as %q", text, arn.String())
		}
		if strings.ContainsAny(text, "*?$") || !utf8.ValidString(text) {
			return
		}
		d := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{Effect: policy.Allow, Action: []string{"*"}, Resource: []string{text}}}}
		if d.Check(policy.Identity) != nil {
			return
		}
		l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
		for _, resource := range []string{text, other} {
			if got := l.Decide(&policy.Request{Action: "s3:GetObject", Resource: resource}).Effect == policy.Allow; got != (resource == text) {
				t.Fatalf("%q covers %q: %v", text, resource, got)
			}
		}
	})
}
