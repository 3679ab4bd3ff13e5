package cognitoidp_test

import "time"

// threats plays the operations on threat protection, on a separate pool.
func threats(b *table) {
	b.play(step{"CreateUserPool", "threat protection of another tier", `{"PoolName": "lite", "UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}`, nil})
	b.play(step{"CreateUserPool", "threat protection", `{"PoolName": "watched", "UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}`,
		map[string]string{"watched": "UserPool.Id"}})
	b.play(step{"CreateUserPoolClient", "watched", `{"UserPoolId": "{watched}", "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`,
		map[string]string{"watcher": "UserPoolClient.ClientId"}})
	b.play(step{"DescribeRiskConfiguration", "not set", `{"UserPoolId": "{watched}"}`, nil})
	b.play(step{"SetRiskConfiguration", "set", `{"UserPoolId": "{watched}",
		"CompromisedCredentialsRiskConfiguration": {"EventFilter": ["SIGN_IN"], "Actions": {"EventAction": "BLOCK"}},
		"AccountTakeoverRiskConfiguration": {"Actions": {"HighAction": {"Notify": true, "EventAction": "BLOCK"}, "LowAction": {"Notify": false, "EventAction": "NO_ACTION"}},
			"NotifyConfiguration": {"SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/test.com", "From": "security@test.com",
				"BlockEmail": {"Subject": "blocked", "HtmlBody": "<p>{username}</p>", "TextBody": "{username}"}}},
		"RiskExceptionConfiguration": {"BlockedIPRangeList": ["198.51.100.0/24"], "SkippedIPRangeList": ["203.0.113.0/24"]}}`, nil})
	b.play(step{"DescribeRiskConfiguration", "set", `{"UserPoolId": "{watched}"}`, nil})
	b.play(step{"DescribeRiskConfiguration", "of a client", `{"UserPoolId": "{watched}", "ClientId": "{watcher}"}`, nil})
	b.play(step{"SetRiskConfiguration", "invalid range", `{"UserPoolId": "{watched}", "RiskExceptionConfiguration": {"BlockedIPRangeList": ["nonsense"]}}`, nil})
	b.play(step{"SetRiskConfiguration", "single address", `{"UserPoolId": "{watched}", "RiskExceptionConfiguration": {"SkippedIPRangeList": ["10.10.10.10"]}}`, nil})
	b.play(step{"SetRiskConfiguration", "invalid action", `{"UserPoolId": "{watched}", "CompromisedCredentialsRiskConfiguration": {"Actions": {"EventAction": "MAYBE"}}}`, nil})
	b.play(step{"SetRiskConfiguration", "without protection", `{"UserPoolId": "{pool}", "RiskExceptionConfiguration": {"BlockedIPRangeList": ["10.10.10.10/32"]}}`, nil})
	b.play(step{"DescribeRiskConfiguration", "without protection", `{"UserPoolId": "{pool}"}`, nil})
	b.play(step{"AdminCreateUser", "watched", `{"UserPoolId": "{watched}", "Username": "wendy", "MessageAction": "SUPPRESS"}`, nil})
	b.play(step{"AdminSetUserPassword", "watched", `{"UserPoolId": "{watched}", "Username": "wendy", "Password": "Correct-horse-1", "Permanent": true}`, nil})
	b.play(step{"InitiateAuth", "watched", `{"ClientId": "{watcher}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "wendy", "PASSWORD": "Correct-horse-1"}}`, nil})
	b.forward(time.Second)
	b.play(step{"InitiateAuth", "watched and wrong", `{"ClientId": "{watcher}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "wendy", "PASSWORD": "Incorrect-horse-1"}}`, nil})
	b.play(step{"AdminListUserAuthEvents", "first page", `{"UserPoolId": "{watched}", "Username": "wendy", "MaxResults": 1}`,
		map[string]string{"event": "AuthEvents.0.EventId", "events": "NextToken"}})
	b.play(step{"AdminListUserAuthEvents", "last page", `{"UserPoolId": "{watched}", "Username": "wendy", "MaxResults": 1, "NextToken": "{events}"}`, nil})
	b.play(step{"AdminListUserAuthEvents", "unknown user", `{"UserPoolId": "{watched}", "Username": "nobody"}`, nil})
	b.play(step{"AdminListUserAuthEvents", "not enabled", `{"UserPoolId": "{pool}", "Username": "alice"}`, nil})
	b.play(step{"AdminUpdateAuthEventFeedback", "given", `{"UserPoolId": "{watched}", "Username": "wendy", "EventId": "{event}", "FeedbackValue": "Invalid"}`, nil})
	b.play(step{"AdminListUserAuthEvents", "with feedback", `{"UserPoolId": "{watched}", "Username": "wendy", "MaxResults": 1}`, nil})
	b.play(step{"UpdateAuthEventFeedback", "invalid token", `{"UserPoolId": "{watched}", "Username": "wendy", "EventId": "{event}", "FeedbackToken": "nope", "FeedbackValue": "Valid"}`, nil})
	b.feedbackToken("feedback", "{watched}", "wendy", "{event}")
	b.play(step{"UpdateAuthEventFeedback", "given", `{"UserPoolId": "{watched}", "Username": "wendy", "EventId": "{event}", "FeedbackToken": "{feedback}", "FeedbackValue": "Valid"}`, nil})
}

// feedbackToken sets a value to the token that a message about an event would have.
func (b *table) feedbackToken(name, pool, user, event string) {
	b.t.Helper()
	pool, event = b.vars[pool[1:len(pool)-1]], b.vars[event[1:len(event)-1]]
	u, err := b.node.Services.Users.Users.AdminGetUser(b.t.Context(), pool, user)
	must(b.t, err)
	token, err := b.node.Services.Users.Threat.FeedbackToken(pool, u.Sub, event)
	must(b.t, err)
	b.learn(name, token)
}
