// Package analytics is AnalyticsConfiguration of app clients: where AWS counts sign-ins with Amazon Pinpoint.
//
// What it does: it checks a configuration and fills in AWS's defaults.
//
// What it leaves to others: userpool keeps it with the client's settings. Nothing is counted.
package analytics

import (
	"encoding/json"
	"strings"

	"github.com/sluicegate/sluice/fault"
)

// configuration is AnalyticsConfiguration in the API's JSON.
type configuration struct {
	ApplicationArn string `json:",omitempty"`
	ApplicationID  string `json:"ApplicationId,omitempty"`
	ExternalID     string `json:"ExternalId,omitempty"`
	RoleArn        string `json:",omitempty"`
	UserDataShared bool
}

func parse(given json.RawMessage) (a configuration, none bool, err error) {
	if len(given) == 0 || string(given) == "null" {
		return a, true, nil
	}
	if err := json.Unmarshal(given, &a); err != nil {
		return a, false, fault.Wrap(fault.InvalidParameter, err, "Invalid AnalyticsConfiguration.")
	}
	return a, false, nil
}

// Check returns fault.InvalidParameter for a configuration that AWS refuses: it has an application's ARN, or its ID with a role and an
// external ID.
//
// Source: cdk-preflight, measured on AWS.
func Check(given json.RawMessage) error {
	a, none, err := parse(given)
	if none || err != nil {
		return err
	}
	byID := a.ApplicationID != "" && a.RoleArn != "" && a.ExternalID != ""
	switch {
	case a.ApplicationArn != "" && a.ApplicationID == "" && a.ExternalID == "": // RoleArn is in responses, which tools send back
	case a.ApplicationArn == "" && (byID || a == (configuration{UserDataShared: a.UserDataShared})):
	default:
		return fault.New(fault.InvalidParameter, "Invalid analytics configuration given, either <application arn> or <application id, role arn, external id> are valid")
	}
	return nil
}

// Complete returns the configuration with AWS's defaults: the service-linked role of the account that has the application, and that users'
// data are not shared. Nothing given stays as it is. The error is fault.InvalidParameter.
//
// Source: TestAccCognitoIDPUserPoolClient_analyticsWithARN of terraform-provider-aws.
func Complete(given json.RawMessage) (json.RawMessage, error) {
	a, none, err := parse(given)
	if none || err != nil {
		return given, err
	}
	if parts := strings.Split(a.ApplicationArn, ":"); a.RoleArn == "" && len(parts) > 4 {
		a.RoleArn = "arn:" + parts[1] + ":iam::" + parts[4] + ":role/aws-service-role/cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdp"
	}
	return json.Marshal(a)
}
