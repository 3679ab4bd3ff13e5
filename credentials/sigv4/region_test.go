package sigv4_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

func TestASignatureHoldsForItsRegionOnly(t *testing.T) {
	o := options()
	o.OtherRegion = func(name string) bool { return strings.HasPrefix(name, "ap-") }
	for name, tc := range map[string]struct {
		signedFor, sentFor string
		want               sigv4.Reason // 0 for none
	}{
		"a region by name":                  {"eu-west-2", "eu-west-2", 0},
		"one of the others":                 {"ap-south-1", "ap-south-1", 0},
		"none of them":                      {"us-east-1", "us-east-1", sigv4.WrongScope},
		"another of the regions":            {"eu-west-1", "eu-west-2", sigv4.Mismatch},
		"another that is not listed":        {"ap-south-1", "ap-south-2", sigv4.Mismatch},
		"from one that is not accepted":     {"us-east-1", "eu-west-1", sigv4.Mismatch},
		"to one that is accepted only here": {"eu-west-1", "ap-south-1", sigv4.Mismatch},
	} {
		t.Run(name, func(t *testing.T) {
			so := signOptions()
			so.Region = tc.signedFor
			r := signed(t, newRequest(), so)
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/"+tc.signedFor+"/", "/"+tc.sentFor+"/", 1))
			_, err := verify(r, o)
			if tc.want == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantReason(t, err, tc.want, false)
		})
	}
}
