package cognitoidp_test

// secondFactors plays MFA in a pool of its own.
func secondFactors(b *table) {
	b.play(step{"CreateUserPool", "for second factors", `{"PoolName": "mfa"}`, map[string]string{"mfaPool": "UserPool.Id"}})
	b.play(step{"SetUserPoolMfaConfig", "off with a factor", `{"UserPoolId": "{mfaPool}", "MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": true}}`, nil})
	b.play(step{"SetUserPoolMfaConfig", "optional without a factor", `{"UserPoolId": "{mfaPool}", "MfaConfiguration": "OPTIONAL"}`, nil})
	b.play(step{"SetUserPoolMfaConfig", "every factor", `{"UserPoolId": "{mfaPool}", "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true},
		"EmailMfaConfiguration": {"Message": "Code {####}", "Subject": "Code"},
		"SmsMfaConfiguration": {"SmsAuthenticationMessage": "Code {####}", "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x"}}}`, nil})
	b.play(step{"GetUserPoolMfaConfig", "every factor", `{"UserPoolId": "{mfaPool}"}`, nil})
}
