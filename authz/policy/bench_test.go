package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

// benchmarkSet returns n statements: for each bucket, what a user may do below the user's own prefix. Every tenth is a
// Deny.
func benchmarkSet(n int) *policy.Set {
	d := &policy.Document{Version: policy.Version2012}
	for i := range n {
		s := policy.Statement{Effect: policy.Allow, Action: []string{"s3:GetObject", "s3:PutObject"},
			Resource: []string{fmt.Sprintf("arn:aws:s3:::bucket-%05d/users/${aws:username}/*", i)}}
		if i%10 == 9 {
			s.Effect, s.Action = policy.Deny, []string{"s3:Delete*"}
		}
		if i%3 == 0 {
			s.Condition = []policy.Condition{{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}}}
		}
		d.Statements = append(d.Statements, s)
	}
	return policy.Compile(policy.Source{Name: "benchmark", Document: d})
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := &policy.Layers{Identity: []*policy.Set{benchmarkSet(n)}}
			ctx := policy.Context(fixedContext{})
			// The requests are spread over the set, so that branches and cache lines vary.
			var questions []*policy.Request
			for i := range 64 {
				bucket := i * 7919 % n
				if bucket%10 == 9 {
					bucket--
				}
				questions = append(questions, &policy.Request{Action: "s3:GetObject", Context: ctx,
					Resource: fmt.Sprintf("arn:aws:s3:::bucket-%05d/users/jo/photo.jpg", bucket)})
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if l.Decide(questions[i&63]).Effect != policy.Allow {
					b.Fatal("denied")
				}
				i++
			}
		})
	}
}

// BenchmarkDecideWithBoundaryAndSession decides with three layers: identity policies, a boundary and a session policy.
func BenchmarkDecideWithBoundaryAndSession(b *testing.B) {
	set := benchmarkSet(100)
	l := &policy.Layers{Identity: []*policy.Set{set}, Boundary: set, Session: set}
	r := &policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket-00050/users/jo/photo.jpg", Context: fixedContext{}}
	b.ReportAllocs()
	for b.Loop() {
		l.Decide(r)
	}
}

// Each must take less than 50 ms: the time must be linear in the input for every pattern.
func BenchmarkWildcard64KiB(b *testing.B) {
	const size = 64 << 10
	as := strings.Repeat("a", size)
	for name, pattern := range map[string]string{
		"star-letter":             strings.Repeat("*a", size/2),
		"star-letter-mismatch":    strings.Repeat("*a", size/2) + "b",
		"long-middle":             "*" + strings.Repeat("a", size/2) + "b*",
		"middles-of-600":          strings.Repeat("*"+strings.Repeat("a", 600)+"b", 100),
		"question-marks":          "*" + strings.Repeat("a?", size/4) + "b*",
		"middles-of-600-question": strings.Repeat("*"+strings.Repeat("a?", 300)+"b", 100),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				policy.MatchWildcard(pattern, as)
			}
		})
	}
}

func BenchmarkParseAndCompile(b *testing.B) {
	src := []byte(ownPhotos)
	b.ReportAllocs()
	for b.Loop() {
		d, err := policy.Parse(src, policy.Identity)
		if err != nil {
			b.Fatal(err)
		}
		policy.Compile(policy.Source{Document: d})
	}
}

// The index cannot distinguish these statements: they have the same action and resources with a common prefix, or the
// same resource and different conditions. All 1,000 are evaluated.
func BenchmarkDecideAmongAlike(b *testing.B) {
	for name, make := range map[string]func(i int) policy.Statement{
		"conditions": func(i int) policy.Statement {
			return policy.Statement{Effect: policy.Allow, Action: []string{"s3:GetObject"}, Resource: []string{"*"},
				Condition: []policy.Condition{{Operator: "StringEquals", Key: "aws:username", Values: []string{fmt.Sprintf("user-%d", i)}}}}
		},
		"wildcards": func(i int) policy.Statement {
			return policy.Statement{Effect: policy.Allow, Action: []string{"s3:GetObject"}, Resource: []string{fmt.Sprintf("arn:aws:s3:::*/dir-%d/*", i)}}
		},
	} {
		b.Run(name, func(b *testing.B) {
			d := &policy.Document{Version: policy.Version2012}
			for i := range 1000 {
				d.Statements = append(d.Statements, make(i))
			}
			l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
			r := &policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket-00050/users/jo/photo.jpg", Context: fixedContext{}}
			b.ReportAllocs()
			for b.Loop() {
				l.Decide(r)
			}
		})
	}
}
