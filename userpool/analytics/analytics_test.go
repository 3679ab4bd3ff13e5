package analytics_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/analytics"
)

func TestAnApplicationIsNamedByItsARNOrByItsIDWithARole(t *testing.T) {
	const arn = `"ApplicationArn": "arn:aws:mobiletargeting:us-east-1:123456789012:apps/a"`
	const role = "arn:aws:iam::123456789012:role/aws-service-role/cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdp"
	for given, want := range map[string]string{
		`null`:                          `null`,
		`{}`:                            `{"UserDataShared":false}`,
		`{` + arn + `}`:                 `{"ApplicationArn":"arn:aws:mobiletargeting:us-east-1:123456789012:apps/a","RoleArn":"` + role + `","UserDataShared":false}`,
		`{` + arn + `, "RoleArn": "r"}`: `{"ApplicationArn":"arn:aws:mobiletargeting:us-east-1:123456789012:apps/a","RoleArn":"r","UserDataShared":false}`,
		`{"ApplicationId": "i", "RoleArn": "r", "ExternalId": "e", "UserDataShared": true}`: `{"ApplicationId":"i","ExternalId":"e","RoleArn":"r","UserDataShared":true}`,
		`{"ApplicationId": "i"}`:                                  "",
		`{"ApplicationId": "i", "ExternalId": "e"}`:               "",
		`{"RoleArn": "r"}`:                                        "",
		`{` + arn + `, "ApplicationId": "i"}`:                     "",
		`{` + arn + `, "RoleArn": "r", "ExternalId": "e"}`:        "",
		`{"ApplicationId": "i", "RoleArn": "r", "ExternalId": 1}`: "",
	} {
		err := analytics.Check([]byte(given))
		if (want == "") != fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: %v", given, err)
		}
		if got, err := analytics.Complete([]byte(given)); want != "" && (string(got) != want || err != nil) {
			t.Errorf("%s: %s, %v", given, got, err)
		}
	}
}
