package awsauth_test

import (
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/server/awsauth"
)

func TestAWrongRegionIsNamedByTheServicesOfTheQueryProtocol(t *testing.T) {
	for _, tc := range []struct{ service, named, want string }{
		{"sts", "ap-southeast-1", "Credential should be scoped to a valid region, not 'ap-southeast-1'. "},
		{"iam", "ap-southeast-1", "Credential should be scoped to a valid region, not 'ap-southeast-1'. "},
		{"sts", "", "Credential should be scoped to a valid region. "},
		{"cognito-idp", "ap-southeast-1", "Credential should be scoped to a valid region. "},
		{"execute-api", "ap-southeast-1", "Credential should be scoped to a valid region. "},
	} {
		refused := &sigv4.Error{Reason: sigv4.WrongScope, Facts: sigv4.Facts{Region: "us-east-1", Named: tc.named}}
		if got := awsauth.Fault(refused, tc.service).Message; got != tc.want {
			t.Errorf("%s, %q: %q, want %q", tc.service, tc.named, got, tc.want)
		}
	}
}
