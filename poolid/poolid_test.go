package poolid_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/poolid"
)

func TestForms(t *testing.T) {
	const uuid = "12345678-1234-1234-1234-1234567890ab"
	for name, tc := range map[string]struct {
		is        func(string) bool
		good, bad []string
	}{
		"user pool": {poolid.IsUserPool, []string{"us-east-1_notes0001", "eu_A", strings.Repeat("a", 53) + "_b"},
			[]string{"", "us-east-1", "_a", "us-east-1_", "US-east-1_a", "us-east-1_a\n", "us east_1", "a_b_c", strings.Repeat("a", 54) + "_b"}},
		"client": {poolid.IsClient, []string{"a", "1h57kf5cpq17m0eml12ex", strings.Repeat("0", 128)},
			[]string{"", "A", "a b", "a\n", strings.Repeat("0", 129)}},
		"identity pool": {poolid.IsIdentityPool, []string{"us-east-1:" + uuid, "ap-southeast-1:" + uuid},
			[]string{"", uuid, ":" + uuid, "us-east-1:" + strings.ToUpper(uuid), "us-east-1:" + uuid + "0", "us_east:" + uuid, strings.Repeat("a", 19) + ":" + uuid}},
	} {
		for _, id := range tc.good {
			if !tc.is(id) {
				t.Errorf("%q is no id of a %s", id, name)
			}
		}
		for _, id := range tc.bad {
			if tc.is(id) {
				t.Errorf("%q is an id of a %s", id, name)
			}
		}
	}
}
