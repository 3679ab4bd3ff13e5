package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

func TestSizesAreCountedAsAWSCounts(t *testing.T) {
	t.Parallel()
	full := func(n int) []byte { return []byte(strings.Repeat("é", n)) }
	for name, tc := range map[string]struct {
		limit     policy.Limit
		documents [][]byte
		actual    int // 0: within the limit
	}{
		"a managed policy at its limit":            {policy.ManagedPolicy, [][]byte{full(6144)}, 0},
		"a managed policy beyond its limit":        {policy.ManagedPolicy, [][]byte{full(6145)}, 6145},
		"white space does not count":               {policy.ManagedPolicy, [][]byte{full(6144), []byte(" \t\r\n")}, 0},
		"a role's inline policies together":        {policy.InlineOfRole, [][]byte{full(10000), full(240)}, 0},
		"a role's inline policies beyond together": {policy.InlineOfRole, [][]byte{full(10000), full(241)}, 10241},
		"a user's inline policies":                 {policy.InlineOfUser, [][]byte{full(2049)}, 2049},
		"a group's inline policies":                {policy.InlineOfGroup, [][]byte{full(5121)}, 5121},
		"a trust policy":                           {policy.TrustPolicy, [][]byte{full(2049)}, 2049},
		"a trust policy as far as AWS raises it":   {policy.TrustPolicyMax, [][]byte{full(4096)}, 0},
		"white space counts in session policies":   {policy.SessionPolicy, [][]byte{full(2047), []byte("  ")}, 2049},
		"session policies at their limit":          {policy.SessionPolicy, [][]byte{full(2047), []byte(" ")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := policy.CheckSize(tc.limit, tc.documents...)
			size, ok := errors.AsType[*policy.SizeError](err)
			if ok != (tc.actual > 0) || ok && (size.Actual != tc.actual || size.Error() == "") {
				t.Errorf("CheckSize = %v, want %d characters", err, tc.actual)
			}
		})
	}
}
