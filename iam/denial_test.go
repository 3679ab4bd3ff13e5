package iam_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
)

func TestADenialIsSealedAndBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	caller := &iam.Caller{Principal: w.Root("AKIAROOT")}
	many := policy.MapContext{}
	for i := range 500 {
		many["aws:requesttag/"+strings.Repeat("k", 40)+string(rune('a'+i%26))+strings.Repeat("x", i)] = []string{strings.Repeat(string(rune('a'+i%26)), 100), "v"}
	}
	for name, d := range map[string]iam.Denial{
		"an implicit deny": {Action: "iam:GetRole", Resource: "*", Decision: policy.Decision{Effect: policy.ImplicitDeny}},
		"many keys":        {Action: "iam:GetRole", Resource: "*", Keys: many, Decision: policy.Decision{Effect: policy.ImplicitDeny}},
		"a long statement": {Action: "iam:GetRole", Resource: "*", Decision: policy.Decision{Effect: policy.ExplicitDeny, Statement: &policy.Statement{
			Sid: "x", Action: strings.Split(strings.Repeat("s3:Get*,", 10_000), ",")}}},
	} {
		encoded, err := w.EncodeDenial(caller, d)
		must(t, err)
		if len(encoded) == 0 || len(encoded) > 10_240 {
			t.Errorf("%s: %d characters", name, len(encoded))
		}
		text, err := w.DecodeDenial(encoded)
		must(t, err)
		var out struct {
			Allowed bool
			Context struct{ Action string }
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil || out.Allowed || out.Context.Action != "iam:GetRole" {
			t.Errorf("%s: %v %s", name, err, text[:min(len(text), 300)])
		}
		for _, changed := range []string{"", encoded[1:], encoded + "A", "A" + encoded[1:], strings.Repeat("A", 20_000)} {
			if changed == encoded {
				continue
			}
			_, err := w.DecodeDenial(changed)
			wantFault(t, err, fault.InvalidAuthorizationMessage)
		}
	}
}

// The caller sees how long a message is, and chooses a part of it (CRIME).
func TestTheLengthOfADenialDoesNotTellWhatAStatementSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	caller := &iam.Caller{Principal: w.Root("AKIAROOT")}
	d := iam.Denial{Action: "s3:GetObject", Resource: "*", Decision: policy.Decision{Effect: policy.ExplicitDeny, Statement: &policy.Statement{
		Sid: "NoPayroll", Action: []string{"s3:*"}, Resource: []string{"arn:aws:s3:::payroll-of-the-board-2026/*"}}}}
	length := func(guess string) int {
		caller.Env.UserAgent = guess
		encoded, err := w.EncodeDenial(caller, d)
		must(t, err)
		return len(encoded)
	}
	right, wrong := "payroll-of-the-board-2026", "qzxkvjwmyhgubfdtplcnsrieo"
	if a, b := length(right), length(wrong); a != b {
		t.Errorf("%d characters if the guess %s is right, %d if it is wrong", a, right, b)
	}
}
