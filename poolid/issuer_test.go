package poolid_test

import (
	"testing"

	"github.com/sluicegate/sluice/poolid"
)

func TestPoolsAreTheLastPartOfTheirIssuers(t *testing.T) {
	for issuer, pool := range map[string]string{
		"https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI": "us-east-1_AbCdEfGhI",
		"http://localhost:8080/us-east-1_notes0001":                       "us-east-1_notes0001",
		"https://idp.example.com":                                         "", "https://idp.example.com/tenant_a": "", "https://idp.example.com/x-y_z?a": "",
	} {
		if got := poolid.OfIssuer(issuer); got != pool {
			t.Errorf("%s: %q", issuer, got)
		}
	}
}
