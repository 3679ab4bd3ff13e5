package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

// The generator uses small alphabets, so that patterns, variables and values match often.

type generator struct {
	*rand.Rand
	flaws bool // also generate documents that Parse refuses
}

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// some returns one to n results of f, as one value or a list.
func (g generator) some(n int, f func() string) any {
	count := 1 + g.IntN(n)
	if count == 1 && g.IntN(2) == 0 {
		return f()
	}
	out := make([]string, count)
	for i := range out {
		out[i] = f()
	}
	return out
}

func (g generator) action() string {
	if g.flaws && g.IntN(6) == 0 {
		return g.pick("s3*:Get*", "*:Get*", "s?:GetObject", "?*:*", "GetObject", "**", "s3", ":", "s3:", "*s3:*", "s3:Get*:*", "")
	}
	return g.pick("s3:GetObject", "s3:Get*", "s3:*", "*", "S3:getobject", "s3:?etObject", "sqs:*", "s3:PutObject", "s3:*Object",
		"s3express:*", "*:*", "s3:*Object*", "s3:Get*A*l", "sqs:SendMessage", "s3:GetObject?cl", "s3:**", "s3:?*", "S3:GET*T",
		"s3:GetObject"+strings.Repeat("?", g.IntN(4)), "s3:"+strings.Repeat("Get", 50)+"*")
}

func (g generator) requestAction() string {
	return g.pick("s3:GetObject", "s3:GetObject", "s3:PutObject", "s3:GetObjectAcl", "s3express:CreateSession", "sqs:SendMessage", "S3:GETOBJECT",
		"s3:"+strings.Repeat("get", 50))
}

func (g generator) word(pieces []string, most int) string {
	var b strings.Builder
	for range g.IntN(most + 1) {
		b.WriteString(g.pick(pieces...))
	}
	return b.String()
}

var (
	stretch       = strings.Repeat("ab/", 30)
	patternPieces = []string{"a", "b", "ab", "/", "*", "?", "é", ":", "${aws:username}", "${aws:PrincipalTag/T}",
		"${aws:PrincipalTag/t, 'a'}", "${aws:PrincipalTag/u, 'b*'}", "${*}", "${?}", "${$}", "$", "**", stretch}
	textPieces = []string{"a", "b", "ab", "/", "*", "?", "é", ":", "a", "b", stretch}
)

func (g generator) resource() string {
	if g.IntN(12) == 0 {
		return "*"
	}
	if g.flaws && g.IntN(10) == 0 {
		return g.pick("arn:aws:${aws:username}:::a", "a", "", "arn:aws:s3:a", "**", "arn:aws:s3:::${aws:username", "arn:aws:s3:::${}*", "arn:aws:*:::a*", "ARN:aws:s3:::a")
	}
	head := g.pick("arn:aws:s3:::", "arn:aws:s3:::", "arn:aws:s3:::", "arn:aws:sqs:*:12:", "arn:*:s3:::", "arn:aws:sqs:r?:*:", "arn:aws:sqs:r1:12:", "arn:aws:s3:*:*:")
	return head + g.pick("a", "b", "*", "${aws:username}") + g.word(patternPieces, 5)
}

func (g generator) requestResource() string {
	if g.IntN(30) == 0 {
		return g.pick("*", "a", "arn:aws:s3", "arn:aws:s3:::")
	}
	return g.pick("arn:aws:s3:::", "arn:aws:s3:::", "arn:aws:sqs:r1:12:", "arn:aws:sqs:r1:a:12:", "arn:aws-cn:s3:::") + g.pick("a", "b") + g.word(textPieces, 5)
}

var keys = []string{"aws:username", "aws:PrincipalTag/t", "aws:PrincipalTag/u", "aws:TagKeys", "AWS:UserName", "aws:SourceIp"}

// values of policies by family; each is valid for its operator.
var operandPools = map[string][]string{
	"Numeric": {"0", "1", "-1", "1.0", "10", "9.5", "007"},
	"Date":    {"2026", "2026-01", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "1767225600", "1767225601"},
	"Bool":    {"true", "false", "True"},
	"Null":    {"true", "false"},
	"Binary":  {"AAE=", "AAI=", ""},
	"Ip":      {"10.0.0.0/8", "10.1.2.3", "::/0", "2001:db8::/32", "0.0.0.0/0", "10.1.0.1/16"},
	"Arn": {"arn:aws:s3:::a*", "arn:aws:s3:::${aws:username}", "arn:*:*:*:*:*", "${aws:username}", "${aws:username}*", "arn:aws:s3:r?::b",
		"arn:aws:s3:::a:${aws:PrincipalTag/t}", "arn:aws:${aws:PrincipalTag/t, 's3'}:::a"},
}

// texts are values of requests, valid and invalid for each family.
var texts = []string{"a", "b", "A", "ab", "", "*", "a/b", "0", "1", "-1.00", "10", "9.5", "2026-01-01", "2026", "1767225600",
	"2026-01-01T00:00:00Z", "true", "false", "TRUE", "AAE=", "AAI=", "10.1.2.3", "10.2.2.3", "2001:db8::1", "::1", "junk",
	"arn:aws:s3:::a", "arn:aws:s3:::ab", "arn:aws:s3:::a:b", "arn:aws:s3:r1::b"}

var bases = []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
	"StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
	"NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
	"DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals",
	"ArnNotLike", "Null", "StringEquals", "StringLike", "StringNotEquals"}

func (g generator) operand(base string) string {
	for family, pool := range operandPools {
		if strings.Contains(base, family) && !strings.HasPrefix(base, "String") {
			return g.pick(pool...)
		}
	}
	if g.IntN(3) == 0 {
		return g.pick(texts...)
	}
	return g.word(patternPieces, 3)
}

func (g generator) condition() map[string]any {
	block := map[string]any{}
	if g.flaws && g.IntN(6) == 0 {
		block[g.pick("StringIs", "stringequals", "NullIfExists", "ForAllValues:Null", "StringEquals")] = map[string]any{"aws:username": g.flawedValues()}
	}
	for range g.IntN(3) {
		base := g.pick(bases...)
		name := base
		if base != "Null" {
			name = g.pick("", "", "", "ForAllValues:", "ForAnyValue:") + base + g.pick("", "", "", "IfExists")
		}
		block[name] = map[string]any{g.pick(keys...): g.some(3, func() string { return g.operand(base) })}
	}
	return block
}

func (g generator) statement() map[string]any {
	s := map[string]any{"Effect": g.pick("Allow", "Allow", "Allow", "Deny")}
	s[g.pick("Action", "Action", "Action", "NotAction")] = g.some(3, g.action)
	s[g.pick("Resource", "Resource", "Resource", "NotResource")] = g.some(3, g.resource)
	if g.IntN(2) == 0 {
		s["Condition"] = g.condition()
	}
	if g.flaws && g.IntN(8) == 0 {
		switch flaw := g.pick("When", "Action", "NotAction", "Resource", "NotResource"); flaw {
		case "When":
			s[flaw] = "always"
		default:
			s[flaw] = []string{"*"}
		}
	}
	if g.flaws && g.IntN(12) == 0 {
		delete(s, g.pick("Action", "NotAction", "Resource", "NotResource"))
	}
	return s
}

func (g generator) flawedValues() any {
	switch g.IntN(4) {
	case 0:
		return []string{}
	case 1:
		return []any{"a", nil}
	}
	return g.pick(texts...)
}

func (g generator) document() json.RawMessage {
	count := 1 + g.IntN(4)
	if g.IntN(40) == 0 {
		count += 30 // the index has branches only for many statements
	}
	statements := make([]any, count)
	for i := range statements {
		statements[i] = g.statement()
	}
	src, err := json.Marshal(map[string]any{"Version": g.pick(policy.Version2012, policy.Version2012, policy.Version2012, policy.Version2008), "Statement": statements})
	if err != nil {
		panic(err)
	}
	return src
}

func (g generator) policies() testCase {
	c := testCase{Name: g.pick("a", "bb")}
	for range 1 + g.IntN(3) {
		c.Policies = append(c.Policies, g.document())
	}
	if g.IntN(4) == 0 {
		c.Boundary = g.document()
	}
	if g.IntN(4) == 0 {
		c.SessionPolicy = g.document()
	}
	return c
}

func (g generator) ask(c *testCase) {
	c.Request.Action, c.Request.Resource = g.requestAction(), g.requestResource()
	c.Request.Context = map[string][]string{}
	for _, key := range []string{"aws:username", "aws:principaltag/t", "aws:PrincipalTag/U", "aws:TagKeys", "aws:SourceIp"} {
		switch g.IntN(5) {
		case 0:
		case 1:
			list := []string{}
			for range g.IntN(4) {
				list = append(list, g.pick(texts...))
			}
			c.Request.Context[key] = list
		default:
			c.Request.Context[key] = []string{g.pick(texts...)}
		}
	}
}

// inForce loads a generated document. In old versions a value may be "${aws:username}", which is not an ARN: Parse
// refuses it, and in a loaded document it matches nothing.
func inForce(src []byte, kind policy.Kind) (*policy.Document, error) {
	d, err := policy.Load(src, kind)
	problems, _ := policy.IsInvalid(err)
	for _, p := range problems {
		if !strings.Contains(p.Path, "Arn") {
			return nil, err
		}
	}
	return d, nil
}

// long reports whether the tests are a long run (make long).
func long() bool { return os.Getenv("SLUICE_LONG") != "" }

// pairs returns the number of policies and requests for the property tests: SLUICE_POLICY_PAIRS, or else 50,000 in a
// long run and 5,000 otherwise.
func pairs(t *testing.T) int {
	text := os.Getenv("SLUICE_POLICY_PAIRS")
	switch {
	case text == "" && long():
		return 50_000
	case text == "":
		return 5_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal("SLUICE_POLICY_PAIRS:", err)
	}
	return n
}

func TestRandomPoliciesAgreeWithTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	decideAlike(t, pairs(t), false, inForce)
}

// The same for documents that Parse refuses: wildcards in a service, values that are not ARNs, unknown elements and
// operators.
func TestRandomFlawedPoliciesAgreeWithTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	decideAlike(t, pairs(t)/5, true, func(src []byte, kind policy.Kind) (*policy.Document, error) {
		d, err := policy.Load(src, kind)
		if d == nil {
			return nil, err
		}
		return d, nil
	})
}

func decideAlike(t *testing.T, pairs int, flaws bool, read func([]byte, policy.Kind) (*policy.Document, error)) {
	const requests = 10
	counts := map[string]int{}
	for seed := range uint64(pairs / requests) {
		g := generator{rand.New(rand.NewPCG(seed, 20260101)), flaws}
		c := g.policies()
		l, err := c.layers(read)
		if err != nil {
			t.Fatalf("seed %d: the generator made a policy that is refused: %v", seed, err)
		}
		naive := newNaive(c)
		for range requests {
			g.ask(&c)
			got, want := verdict(l.Decide(c.request())), naiveDecide(naive, c)
			counts[got.effect]++
			if got != want {
				src, _ := json.MarshalIndent(c, "", "  ")
				t.Fatalf("seed %d: decided %v, the naive evaluator %v:\n%s", seed, got, want, src)
			}
			if seed%20 == 0 {
				checkAccount(t, l, c.request())
			}
		}
	}
	for _, effect := range []string{"allow", "implicitDeny", "explicitDeny"} {
		if counts[effect]*20 < pairs {
			t.Errorf("only %d of %d decisions are %s: the generator is not varied enough", counts[effect], pairs, effect)
		}
	}
	t.Log(counts)
}

// A credential can do exactly what every layer allows.
func TestLimitsIntersect(t *testing.T) {
	t.Parallel()
	for seed := range uint64(pairs(t) / 20) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 20260102))}
		c := testCase{Name: "limits", Policies: []json.RawMessage{g.document()}, Boundary: g.document(), SessionPolicy: g.document()}
		full, err := c.layers(inForce)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			g.ask(&c)
			allows := func(s ...*policy.Set) bool {
				for _, one := range s {
					if (&policy.Layers{Identity: []*policy.Set{one}}).Decide(c.request()).Effect != policy.Allow {
						return false
					}
				}
				return true
			}
			want := allows(full.Identity[0], full.Boundary, full.Session)
			if got := full.Decide(c.request()).Effect == policy.Allow; got != want {
				t.Fatalf("seed %d: allowed %v, the layers by themselves %v", seed, got, want)
			}
			// A session obtained with this session has at most its permissions: chaining only adds limits.
			narrower := *full
			narrower.Identity = []*policy.Set{full.Identity[0]}
			for _, drop := range []func(){func() { narrower.Session = nil }, func() { narrower.Boundary = nil }} {
				before := narrower.Decide(c.request()).Effect == policy.Allow
				drop()
				if before && narrower.Decide(c.request()).Effect != policy.Allow {
					t.Fatalf("seed %d: a limit allowed what is denied without it", seed)
				}
			}
		}
	}
}

func TestTheOrderOfStatementsDoesNotChangeTheEffect(t *testing.T) {
	t.Parallel()
	for seed := range uint64(pairs(t) / 50) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 20260103))}
		var sources, reversed []policy.Source
		for i := range 4 {
			d, err := inForce(g.document(), policy.Identity)
			if err != nil {
				t.Fatal(err)
			}
			s := policy.Source{Name: fmt.Sprint(i), Document: d}
			sources, reversed = append(sources, s), append([]policy.Source{s}, reversed...)
		}
		one, other := policy.Compile(sources...), policy.Compile(reversed...)
		var c testCase
		for range 5 {
			g.ask(&c)
			a := (&policy.Layers{Identity: []*policy.Set{one}}).Decide(c.request()).Effect
			b := (&policy.Layers{Identity: []*policy.Set{other}}).Decide(c.request()).Effect
			if a != b {
				t.Fatalf("seed %d: %s and reversed %s", seed, a, b)
			}
		}
	}
}
