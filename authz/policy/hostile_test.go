package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/sluicegate/sluice/authz/policy"
)

// hostile returns texts of nearly size bytes, each of which attacks one loop of the parser. A million dollar signs once
// took two minutes, because each was appended to a growing string, and statements on one line took quadratic time.
func hostile(size int) map[string]string {
	fill := func(piece string) string { return strings.TrimSuffix(strings.Repeat(piece, size/len(piece)), ",") }
	numbered := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len()+64 < size; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	resource := func(text string) string {
		return statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + text + `"}`)
	}
	return map[string]string{
		"dollars":                resource(fill("$")),
		"variables":              resource(fill("${a:b}")),
		"stars without meaning":  condition(`{"StringEquals":{"aws:a":"` + fill("*") + `"}}`),
		"statements on one line": `{"Statement":[` + fill(`{"Effect":"Deny","Action":"*","Resource":"*"},`) + `]}`,
		"flawed statements":      `{"Statement":[` + fill(`{"Sid":"a-b"},`) + `]}`,
		"repeated elements":      `{` + fill(`"Statement":{},`) + `}`,
		"unknown elements":       statement(`{` + numbered(`"Resource%08d":1,`) + `}`),
		"unknown operators":      condition(`{` + numbered(`"StringEquals%08d":{},`) + `}`),
		"keys without a prefix":  condition(`{"StringEquals":{` + numbered(`"awsusername%08d":"x",`) + `}}`),
	}
}

// Each text must take a similar time: milliseconds if it is refused, less than a second for the statements.
func BenchmarkParseHostile(b *testing.B) {
	for name, src := range hostile(policy.MaxSource - 1<<10) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			for b.Loop() {
				if d, _ := policy.Load([]byte(src), policy.Identity); d != nil {
					policy.Compile(policy.Source{Document: d})
				}
			}
		})
	}
}

// A refusal quotes text from the author of a policy, and appears in logs and on terminals.
func TestRefusalsAreShortAndHoldNoControlCharacters(t *testing.T) {
	t.Parallel()
	const forged = `x\nnotes.json: good\u001b[2J\u0085`
	size := policy.MaxSource / 8
	if long() {
		size = policy.MaxSource - 1<<10
	}
	sources := hostile(size)
	for name, src := range map[string]string{
		"an element":  statement(`{"` + forged + `":1}`),
		"a colon":     `{"` + forged + `" 1}`,
		"an action":   statement(`{"Effect":"Allow","Action":"` + forged + `","Resource":"*"}`),
		"a resource":  statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:` + forged + `"}`),
		"a key":       condition(`{"StringEquals":{"` + forged + `":"x"}}`),
		"an operator": condition(`{"` + forged + `":{"aws:a":"x"}}`),
		"a variable":  condition(`{"StringEquals":{"aws:a":"${aws:` + forged + `,'x'}"}}`),
		"long name":   condition(`{"StringEquals":{"aws:a":"${aws:` + strings.Repeat("x", 1<<16) + `,'x'}"}}`),
		"long colon":  `{"` + strings.Repeat("x", 1<<16) + `" 1}`,
		"long ARN":    statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:` + strings.Repeat("x", 1<<16) + `:"}`),
	} {
		sources[name] = src
	}
	for name, src := range sources {
		_, err := policy.Parse([]byte(src), policy.Identity)
		problems, _ := policy.IsInvalid(err)
		for _, p := range problems {
			if line := p.String(); len(line) > 1000 || strings.ContainsFunc(line, unicode.IsControl) {
				t.Errorf("%s: %d bytes: %.200q", name, len(line), line)
			}
		}
	}
}
