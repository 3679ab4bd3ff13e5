package cognitoidp_test

import (
	"encoding/base32"
	"time"

	"github.com/sluicegate/sluice/userpool/totp"
)

// secondFactors plays MFA in a separate pool.
func secondFactors(b *table) {
	b.play(step{"CreateUserPool", "for second factors", `{"PoolName": "mfa"}`, map[string]string{"mfaPool": "UserPool.Id"}})
	b.play(step{"SetUserPoolMfaConfig", "off with a factor", `{"UserPoolId": "{mfaPool}", "MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": true}}`, nil})
	b.play(step{"SetUserPoolMfaConfig", "optional without a factor", `{"UserPoolId": "{mfaPool}", "MfaConfiguration": "OPTIONAL"}`, nil})
	b.play(step{"SetUserPoolMfaConfig", "every factor", `{"UserPoolId": "{mfaPool}", "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true},
		"EmailMfaConfiguration": {"Message": "Code {####}", "Subject": "Code"},
		"SmsMfaConfiguration": {"SmsAuthenticationMessage": "Code {####}", "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x"}}}`, nil})
	b.play(step{"GetUserPoolMfaConfig", "every factor", `{"UserPoolId": "{mfaPool}"}`, nil})
	b.play(step{"CreateUserPoolClient", "for second factors", `{"UserPoolId": "{mfaPool}", "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`,
		map[string]string{"mfaClient": "UserPoolClient.ClientId"}})
	b.play(step{"AdminCreateUser", "with a phone", `{"UserPoolId": "{mfaPool}", "Username": "dora", "MessageAction": "SUPPRESS", "UserAttributes": [{"Name": "phone_number", "Value": "+15550009878"}]}`, nil})
	b.play(step{"AdminSetUserPassword", "for second factors", `{"UserPoolId": "{mfaPool}", "Username": "dora", "Password": "Correct-horse-1", "Permanent": true}`, nil})
	b.play(step{"InitiateAuth", "no factor is turned on", `{"ClientId": "{mfaClient}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "dora", "PASSWORD": "Correct-horse-1"}}`,
		map[string]string{"mfaAccess": "AuthenticationResult.AccessToken"}})
	b.play(step{"SetUserMFAPreference", "TOTP that is not verified", `{"AccessToken": "{mfaAccess}", "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}}`, nil})
	b.play(step{"AssociateSoftwareToken", "by access token", `{"AccessToken": "{mfaAccess}"}`, map[string]string{"secret": "SecretCode"}})
	b.play(step{"AssociateSoftwareToken", "by nothing", `{}`, nil})
	b.play(step{"VerifySoftwareToken", "wrong code", `{"AccessToken": "{mfaAccess}", "UserCode": "000000"}`, nil})
	b.totp("mfaCode")
	b.play(step{"VerifySoftwareToken", "by access token", `{"AccessToken": "{mfaAccess}", "UserCode": "{mfaCode}", "FriendlyDeviceName": "phone"}`, nil})
	b.play(step{"SetUserMFAPreference", "TOTP preferred", `{"AccessToken": "{mfaAccess}", "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}}`, nil})
	b.play(step{"SetUserSettings", "SMS", `{"AccessToken": "{mfaAccess}", "MFAOptions": [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]}`, nil})
	b.play(step{"GetUser", "with second factors", `{"AccessToken": "{mfaAccess}"}`, nil})
	b.play(step{"InitiateAuth", "TOTP", `{"ClientId": "{mfaClient}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "dora", "PASSWORD": "Correct-horse-1"}}`, map[string]string{"mfaSession": "Session"}})
	b.play(step{"RespondToAuthChallenge", "TOTP wrong", `{"ClientId": "{mfaClient}", "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "{mfaSession}", "ChallengeResponses": {"USERNAME": "dora", "SOFTWARE_TOKEN_MFA_CODE": "000000"}}`, nil})
	b.play(step{"RespondToAuthChallenge", "TOTP used", `{"ClientId": "{mfaClient}", "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "{mfaSession}", "ChallengeResponses": {"USERNAME": "dora", "SOFTWARE_TOKEN_MFA_CODE": "{mfaCode}"}}`, nil})
	b.forward(time.Minute)
	b.totp("mfaCode")
	b.play(step{"RespondToAuthChallenge", "TOTP right", `{"ClientId": "{mfaClient}", "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "{mfaSession}", "ChallengeResponses": {"USERNAME": "dora", "SOFTWARE_TOKEN_MFA_CODE": "{mfaCode}"}}`, nil})
	b.play(step{"AdminSetUserMFAPreference", "SMS preferred", `{"UserPoolId": "{mfaPool}", "Username": "dora", "SMSMfaSettings": {"Enabled": true, "PreferredMfa": true}}`, nil})
	b.play(step{"AdminSetUserMFAPreference", "two preferred", `{"UserPoolId": "{mfaPool}", "Username": "dora", "SMSMfaSettings": {"Enabled": true, "PreferredMfa": true}, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}}`, nil})
	b.play(step{"AdminGetUser", "with second factors", `{"UserPoolId": "{mfaPool}", "Username": "dora"}`, nil})
	b.play(step{"InitiateAuth", "code by SMS", `{"ClientId": "{mfaClient}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "dora", "PASSWORD": "Correct-horse-1"}}`, map[string]string{"smsSession": "Session"}})
	b.code("smsCode")
	b.play(step{"RespondToAuthChallenge", "code by SMS", `{"ClientId": "{mfaClient}", "ChallengeName": "SMS_MFA", "Session": "{smsSession}", "ChallengeResponses": {"USERNAME": "dora", "SMS_MFA_CODE": "{smsCode}"}}`, nil})
	b.play(step{"AdminSetUserSettings", "nothing", `{"UserPoolId": "{mfaPool}", "Username": "dora", "MFAOptions": []}`, nil})
	b.play(step{"AdminDeleteSoftwareToken", "deleted", `{"UserPoolId": "{mfaPool}", "Username": "dora"}`, nil})
	b.play(step{"AdminDeleteSoftwareToken", "twice", `{"UserPoolId": "{mfaPool}", "Username": "dora"}`, nil})
	b.play(step{"SetUserPoolMfaConfig", "required", `{"UserPoolId": "{mfaPool}", "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}}`, nil})
	b.play(step{"AdminCreateUser", "without a factor", `{"UserPoolId": "{mfaPool}", "Username": "eve", "MessageAction": "SUPPRESS"}`, nil})
	b.play(step{"AdminSetUserPassword", "without a factor", `{"UserPoolId": "{mfaPool}", "Username": "eve", "Password": "Correct-horse-1", "Permanent": true}`, nil})
	b.play(step{"InitiateAuth", "MFA to be set up", `{"ClientId": "{mfaClient}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "eve", "PASSWORD": "Correct-horse-1"}}`, map[string]string{"setup": "Session"}})
	b.play(step{"AssociateSoftwareToken", "by session", `{"Session": "{setup}"}`, map[string]string{"secret": "SecretCode", "setup": "Session"}})
	b.totp("mfaCode")
	b.play(step{"VerifySoftwareToken", "by session", `{"Session": "{setup}", "UserCode": "{mfaCode}"}`, map[string]string{"setup": "Session"}})
	b.play(step{"RespondToAuthChallenge", "MFA set up", `{"ClientId": "{mfaClient}", "ChallengeName": "MFA_SETUP", "Session": "{setup}", "ChallengeResponses": {"USERNAME": "eve"}}`, nil})
}

// totp sets a value to the code that an authenticator app with the secret shows.
func (b *table) totp(name string) {
	b.t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(b.vars["secret"])
	must(b.t, err)
	code, err := totp.Code(secret, b.now())
	must(b.t, err)
	b.learn(name, code)
}
