package cognitoidp_test

// outside plays the operations on what AWS has outside of a user pool: logs, limits and replicas.
func outside(b *table) {
	b.play(step{"CreateUserPool", "of tier plus", `{"PoolName": "plus", "UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"},
		"KeyConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/mrk-00000000000000000000000000000000"},
		"IssuerConfiguration": {"Type": "UPDATED"}}`, map[string]string{"pool": "UserPool.Id"}})
	b.play(step{"CreateUserPool", "without replicas", `{"PoolName": "plain", "UserPoolTier": "LITE"}`, map[string]string{"lite": "UserPool.Id"}})
	loggings(b)
	limitations(b)
	b.play(step{"CreateUserPoolReplica", "made", `{"UserPoolId": "{pool}", "RegionName": "us-west-2", "UserPoolTags": {"a": "1"}}`, nil})
	replicaTags(b)
	b.play(step{"CreateUserPoolReplica", "second", `{"UserPoolId": "{pool}", "RegionName": "eu-west-1"}`, nil})
	b.play(step{"CreateUserPoolReplica", "own region", `{"UserPoolId": "{pool}", "RegionName": "us-east-1"}`, nil})
	b.play(step{"CreateUserPoolReplica", "no region", `{"UserPoolId": "{pool}", "RegionName": "nowhere"}`, nil})
	b.play(step{"CreateUserPoolReplica", "tier lite", `{"UserPoolId": "{lite}", "RegionName": "us-west-2"}`, nil})
	b.play(step{"ListUserPoolReplicas", "two", `{"UserPoolId": "{pool}"}`, nil})
	b.play(step{"ListUserPoolReplicas", "bad token", `{"UserPoolId": "{pool}", "NextToken": "x"}`, nil})
	b.play(step{"UpdateUserPoolReplica", "active", `{"UserPoolId": "{pool}", "RegionName": "us-west-2", "Status": "ACTIVE"}`, nil})
	b.play(step{"UpdateUserPoolReplica", "unknown", `{"UserPoolId": "{pool}", "RegionName": "eu-west-1", "Status": "ACTIVE"}`, nil})
	b.play(step{"DeleteUserPoolReplica", "active", `{"UserPoolId": "{pool}", "RegionName": "us-west-2"}`, nil})
	b.play(step{"UpdateUserPoolReplica", "inactive", `{"UserPoolId": "{pool}", "RegionName": "us-west-2", "Status": "INACTIVE"}`, nil})
	b.play(step{"DeleteUserPoolReplica", "deleted", `{"UserPoolId": "{pool}", "RegionName": "us-west-2"}`, nil})
	b.play(step{"DeleteUserPoolReplica", "unknown", `{"UserPoolId": "{pool}", "RegionName": "us-west-2"}`, nil})
}

// replicaTags plays the operations on the tags of a replica, which its own ARN names in the pool's region.
func replicaTags(b *table) {
	const replica = `"ResourceArn": "arn:aws:cognito-idp:us-west-2:123456789012:userpool/{pool}"`
	b.play(step{"ListTagsForResource", "of a replica", `{` + replica + `}`, nil})
	b.play(step{"TagResource", "of a replica", `{` + replica + `, "Tags": {"b": "2"}}`, nil})
	b.play(step{"UntagResource", "of a replica", `{` + replica + `, "TagKeys": ["a"]}`, nil})
	b.play(step{"ListTagsForResource", "of a changed replica", `{` + replica + `}`, nil})
	b.play(step{"ListTagsForResource", "of the pool of a replica", `{"ResourceArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}"}`, nil})
	b.play(step{"ListTagsForResource", "of no replica", `{"ResourceArn": "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/{pool}"}`, nil})
}

func loggings(b *table) {
	const group = `"CloudWatchLogsConfiguration": {"LogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:/notes"}`
	const stream = `"FirehoseConfiguration": {"StreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/notes"}`
	set := func(name, pool, list string) {
		b.play(step{"SetLogDeliveryConfiguration", name, `{"UserPoolId": "` + pool + `", "LogConfigurations": [` + list + `]}`, nil})
	}
	b.play(step{"GetLogDeliveryConfiguration", "none", `{"UserPoolId": "{pool}"}`, nil})
	set("both", "{pool}", `{"EventSource": "userNotification", "LogLevel": "ERROR", `+group+`}, {"EventSource": "userAuthEvents", "LogLevel": "INFO", `+stream+`}`)
	b.play(step{"GetLogDeliveryConfiguration", "both", `{"UserPoolId": "{pool}"}`, nil})
	set("wrong level", "{pool}", `{"EventSource": "userNotification", "LogLevel": "INFO", `+group+`}`)
	set("errors to a stream", "{pool}", `{"EventSource": "userNotification", "LogLevel": "ERROR", `+stream+`}`)
	set("events to nowhere", "{pool}", `{"EventSource": "userAuthEvents", "LogLevel": "INFO"}`)
	set("events to two", "{pool}", `{"EventSource": "userAuthEvents", "LogLevel": "INFO", `+group+`, `+stream+`}`)
	set("twice", "{pool}", `{"EventSource": "userNotification", "LogLevel": "ERROR", `+group+`}, {"EventSource": "userNotification", "LogLevel": "ERROR", `+group+`}`)
	set("tier lite", "{lite}", `{"EventSource": "userAuthEvents", "LogLevel": "INFO", `+stream+`}`)
	set("unknown pool", "us-east-1_none", ``)
	set("cleared", "{pool}", ``)
	b.play(step{"GetLogDeliveryConfiguration", "cleared", `{"UserPoolId": "{pool}"}`, nil})
}

func limitations(b *table) {
	const users = `"LimitDefinition": {"LimitClass": "API_CATEGORY", "Attributes": {"Category": "UserList"}}`
	b.play(step{"GetProvisionedLimit", "free", `{` + users + `}`, nil})
	b.play(step{"GetProvisionedLimit", "unknown", `{"LimitDefinition": {"LimitClass": "API_CATEGORY", "Attributes": {"Category": "Nothing"}}}`, nil})
	b.play(step{"GetProvisionedLimit", "without category", `{"LimitDefinition": {"LimitClass": "API_CATEGORY", "Attributes": {}}}`, nil})
	b.play(step{"UpdateProvisionedLimit", "too low", `{` + users + `, "RequestedLimitValue": 29}`, nil})
	b.play(step{"UpdateProvisionedLimit", "too high", `{` + users + `, "RequestedLimitValue": 1000001}`, nil})
	b.play(step{"UpdateProvisionedLimit", "set", `{` + users + `, "RequestedLimitValue": 31}`, nil})
	b.play(step{"GetProvisionedLimit", "provisioned", `{` + users + `}`, nil})
}
