package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// The log group and the file that the scenarios' process has for it.
const (
	logGroup       = "arn:aws:logs:us-east-1:000000000000:log-group:/sluice/users"
	logFile        = "logs/users.jsonl"
	logDestination = "\n\t\tlog_destination " + logGroup + " file " + logFile
)

func userEvents() types.LogConfigurationType {
	return types.LogConfigurationType{EventSource: types.EventSourceNameUserAuthEvents, LogLevel: types.LogLevelInfo,
		CloudWatchLogsConfiguration: &types.CloudWatchLogsConfigurationType{LogGroupArn: new(logGroup)}}
}

func (userPools) SetLogDeliveryConfiguration(t *testing.T, c *sdk) {
	admin, ctx := c.users(harness.Admin), t.Context()
	pool, app := ownPool(t, c, types.UserPoolTierTypePlus, types.AdvancedSecurityModeTypeAudit)
	set, err := admin.SetLogDeliveryConfiguration(ctx, &cip.SetLogDeliveryConfigurationInput{UserPoolId: &pool, LogConfigurations: []types.LogConfigurationType{userEvents()}})
	ok(t, err)
	equal(t, "log group", *set.LogDeliveryConfiguration.LogConfigurations[0].CloudWatchLogsConfiguration.LogGroupArn, logGroup)
	signInTo(t, c, app)
	var record struct {
		EventTimestamp, EventSource, LogLevel string
		Message                               map[string]any
		LogSourceID                           struct{ UserPoolID string }
	}
	for deadline := time.Now().Add(harness.Patience); record.Message == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the sign-in is not in the file")
		}
		text, err := os.ReadFile(filepath.Join(c.Dir, logFile))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, pool) && strings.HasSuffix(line, "\n") {
				ok(t, json.Unmarshal([]byte(line), &record))
			}
		}
	}
	if record.EventSource != "USER_AUTH_EVENTS" || record.LogLevel != "INFO" || record.LogSourceID.UserPoolID != pool ||
		record.Message["eventType"] != "SignIn" || record.Message["eventResponse"] != "Pass" || record.Message["userName"] != c.name || record.Message["clientId"] != app {
		t.Errorf("record %+v", record)
	}
	_, err = admin.SetLogDeliveryConfiguration(ctx, &cip.SetLogDeliveryConfigurationInput{UserPoolId: &pool, LogConfigurations: []types.LogConfigurationType{userEvents(), userEvents()}})
	wantCode(t, "a source twice", err, "InvalidParameterException")
}

func (userPools) GetLogDeliveryConfiguration(t *testing.T, c *sdk) {
	admin, ctx := c.users(harness.Admin), t.Context()
	pool, _ := ownPool(t, c, types.UserPoolTierTypePlus, types.AdvancedSecurityModeTypeAudit)
	got, err := admin.GetLogDeliveryConfiguration(ctx, &cip.GetLogDeliveryConfigurationInput{UserPoolId: &pool})
	ok(t, err)
	equal(t, "configurations", len(got.LogDeliveryConfiguration.LogConfigurations), 0)
	_, err = admin.GetLogDeliveryConfiguration(ctx, &cip.GetLogDeliveryConfigurationInput{UserPoolId: new("us-east-1_nobody")})
	wantCode(t, "an unknown pool", err, "ResourceNotFoundException")
}

func limitOf(category string) fields {
	return fields{"LimitClass": "API_CATEGORY", "Attributes": fields{"Category": category}}
}

func (userPools) GetProvisionedLimit(t *testing.T, c *sdk) {
	out, err := c.newest(t, harness.Admin, "GetProvisionedLimit", fields{"LimitDefinition": limitOf("UserPoolClientRead")})
	ok(t, err)
	limit, _ := out["Limit"].(fields)
	equal(t, "free limit", limit["FreeLimitValue"], any(15.))
	_, err = c.newest(t, harness.Admin, "GetProvisionedLimit", fields{"LimitDefinition": limitOf("Nothing")})
	wantCode(t, "an unknown category", err, "ResourceNotFoundException")
}

func (userPools) UpdateProvisionedLimit(t *testing.T, c *sdk) {
	out, err := c.newest(t, harness.Admin, "UpdateProvisionedLimit", fields{"LimitDefinition": limitOf("ClientAuthentication"), "RequestedLimitValue": 100_000})
	ok(t, err)
	limit, _ := out["Limit"].(fields)
	equal(t, "limit", limit["ProvisionedLimitValue"], any(100_000.))
	_, err = c.newest(t, harness.Admin, "UpdateProvisionedLimit", fields{"LimitDefinition": limitOf("ClientAuthentication"), "RequestedLimitValue": 1})
	wantCode(t, "less than the free limit", err, "InvalidParameterException")
}

// replicated makes a pool that can have a replica, and the replica.
func replicated(t *testing.T, c *sdk) (pool string, replica fields) {
	t.Helper()
	made, err := c.newest(t, harness.Admin, "CreateUserPool", fields{"PoolName": c.name,
		"KeyConfiguration":    fields{"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/mrk-00000000000000000000000000000000"},
		"IssuerConfiguration": fields{"Type": "UPDATED"}})
	ok(t, err)
	pool, _ = made["UserPool"].(fields)["Id"].(string)
	out, err := c.newest(t, harness.Admin, "CreateUserPoolReplica", fields{"UserPoolId": pool, "RegionName": "us-west-2"})
	ok(t, err)
	replica, _ = out["UserPoolReplica"].(fields)
	return pool, replica
}

func (userPools) CreateUserPoolReplica(t *testing.T, c *sdk) {
	pool, replica := replicated(t, c)
	equal(t, "role", replica["Role"], any("SECONDARY"))
	equal(t, "ARN", replica["UserPoolArn"], any("arn:aws:cognito-idp:us-west-2:123456789012:userpool/"+pool))
	_, err := c.newest(t, harness.Admin, "CreateUserPoolReplica", fields{"UserPoolId": pool, "RegionName": "eu-west-1"})
	wantCode(t, "a second replica", err, "LimitExceededException")
	for page := (fields{"MaxResults": 60}); ; {
		out, err := c.newest(t, harness.Admin, "ListUserPools", page)
		ok(t, err)
		list, _ := out["UserPools"].([]any)
		if i := slices.IndexFunc(list, func(p any) bool { return p.(fields)["Id"] == pool }); i >= 0 {
			equal(t, "regions", fmt.Sprint(list[i].(fields)["ReplicaRegions"]), "[us-west-2]")
			return
		}
		if page["NextToken"] = out["NextToken"]; page["NextToken"] == nil {
			t.Fatal("the pool is not listed")
		}
	}
}

func (userPools) ListUserPoolReplicas(t *testing.T, c *sdk) {
	pool, _ := replicated(t, c)
	out, err := c.newest(t, harness.Admin, "ListUserPoolReplicas", fields{"UserPoolId": pool})
	ok(t, err)
	list, _ := out["UserPoolReplicas"].([]any)
	equal(t, "replicas with the pool itself", len(list), 2)
	_, err = c.newest(t, harness.Admin, "ListUserPoolReplicas", fields{"UserPoolId": "us-east-1_nobody"})
	wantCode(t, "an unknown pool", err, "ResourceNotFoundException")
}

func (userPools) UpdateUserPoolReplica(t *testing.T, c *sdk) {
	pool, _ := replicated(t, c)
	out, err := c.newest(t, harness.Admin, "UpdateUserPoolReplica", fields{"UserPoolId": pool, "RegionName": "us-west-2", "Status": "ACTIVE"})
	ok(t, err)
	equal(t, "status", out["UserPoolReplica"].(fields)["Status"], any("ACTIVE"))
	_, err = c.newest(t, harness.Admin, "UpdateUserPoolReplica", fields{"UserPoolId": pool, "RegionName": "eu-west-1", "Status": "ACTIVE"})
	wantCode(t, "no replica there", err, "ResourceNotFoundException")
}

func (userPools) DeleteUserPoolReplica(t *testing.T, c *sdk) {
	pool, _ := replicated(t, c)
	out, err := c.newest(t, harness.Admin, "DeleteUserPoolReplica", fields{"UserPoolId": pool, "RegionName": "us-west-2"})
	ok(t, err)
	equal(t, "status", out["UserPoolReplica"].(fields)["Status"], any("DELETING"))
	_, err = c.newest(t, harness.Admin, "DeleteUserPoolReplica", fields{"UserPoolId": pool, "RegionName": "us-west-2"})
	wantCode(t, "deleted before", err, "ResourceNotFoundException")
}
