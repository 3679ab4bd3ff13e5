package userpool_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func settings(t testing.TB, text string) userpool.PoolSettings {
	t.Helper()
	s, _, err := userpool.ParsePoolSettings(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPoolSettingsThatContradictThemselvesAreRefused(t *testing.T) {
	h := newHarness(t)
	for name, tc := range map[string]struct {
		text    string
		kind    fault.Kind
		message string
	}{
		"aliases and addresses as user names": {`{"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}`, fault.InvalidParameter,
			"Only one of the aliasAttributes or usernameAttributes can be set in a User pool."},
		"an attribute that cannot be an alias":  {`{"AliasAttributes": ["name"]}`, fault.InvalidParameter, "Invalid value in AliasAttributes."},
		"a custom attribute without a type":     {`{"Schema": [{"Name": "x"}]}`, fault.InvalidParameter, "Invalid AttributeDataType input, consider using the provided AttributeDataType enum."},
		"a required custom attribute":           {`{"Schema": [{"Name": "x", "AttributeDataType": "String", "Required": true}]}`, fault.InvalidParameter, "Required custom attributes are not supported currently."},
		"another type for a standard attribute": {`{"Schema": [{"Name": "email", "AttributeDataType": "Number"}]}`, fault.InvalidParameter, "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email"},
		"a bound that is not a number": {`{"Schema": [{"Name": "x", "AttributeDataType": "String", "StringAttributeConstraints": {"MinLength": "two"}}]}`,
			fault.InvalidParameter, "Invalid StringAttributeConstraints for schema attribute x"},
		"a text that may be too long": {`{"Schema": [{"Name": "x", "AttributeDataType": "String", "StringAttributeConstraints": {"MaxLength": "2049"}}]}`,
			fault.InvalidParameter, "user.custom:x: String attributes cannot have a length of more than 2048"},
		"a minimum above the maximum": {`{"Schema": [{"Name": "x", "AttributeDataType": "String", "StringAttributeConstraints": {"MinLength": "3", "MaxLength": "2"}}]}`,
			fault.InvalidParameter, "Attribute custom:x cannot have a max length shorter than it's min length"},
		"a minimum value above the maximum value": {`{"Schema": [{"Name": "x", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "3", "MaxValue": "2"}}]}`,
			fault.InvalidParameter, "Attribute custom:x cannot have a max value smaller than it's min value"},
		"an attribute twice": {`{"Schema": [{"Name": "x", "AttributeDataType": "String"}, {"Name": "x", "AttributeDataType": "String"}]}`,
			fault.InvalidParameter, "Duplicate custom attribute names custom:x are not allowed in a user pool schema."},
		"two different lifetimes of unused accounts": {`{"Policies": {"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 3}}, "AdminCreateUserConfig": {"UnusedAccountValidityDays": 5}}`,
			fault.InvalidParameter, "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"},
		"an administrator and an address to recover by": {`{"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}, {"Name": "verified_email", "Priority": 2}]}}`,
			fault.InvalidParameter, "Invalid account recovery setting parameter. Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms."},
		"a priority twice": {`{"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}, {"Name": "verified_phone_number", "Priority": 1}]}}`,
			fault.InvalidParameter, "Invalid account recovery setting parameter. Account Recovery Setting cannot have duplicate priorities or recovery mechanisms."},
		"a message without its code": {`{"EmailVerificationMessage": "hello there"}`, fault.InvalidParameter, "EmailVerificationMessage must contain {####}."},
		"a second factor that is demanded without a way to send it": {`{"MfaConfiguration": "ON"}`, fault.InvalidParameter,
			"SMS configuration and Auto verification for phone_number are required when MFA is required/optional"},
		"an optional second factor without a way to send it": {`{"MfaConfiguration": "OPTIONAL"}`, fault.InvalidParameter,
			"SMS configuration and Auto verification for phone_number are required when MFA is required/optional"},
		"tokens from two functions": {`{"LambdaConfig": {"PreTokenGeneration": "arn:aws:lambda:us-east-1:123456789012:function:f", "PreTokenGenerationConfig": {"LambdaVersion": "V1_0",
			"LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:g"}}}`, fault.InvalidParameter, "Cannot use PreTokenGenerationLambda and PreTokenGeneration with different Lambda function ARN's"},
		"names of levels in the tier LITE": {`{"UserPoolTier": "LITE", "AcrConfiguration": {"Level2": {"AcrValue": "mfa"}}}`, fault.FeatureUnavailableInTier, "*"},
		"access tokens of the tier LITE": {`{"UserPoolTier": "LITE", "LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V3_0",
			"LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:g"}}}`, fault.FeatureUnavailableInTier,
			"The following features need to be disabled for the LITE pricing tier configured: Token Customization with Pre-Token Generation Lambda V3_0"},
		"a sender without a key": {`{"LambdaConfig": {"CustomSMSSender": {"LambdaVersion": "V1_0",
			"LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:g"}}}`, fault.InvalidParameter, "KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used."},
		"threat protection in another tier": {`{"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}`, fault.FeatureUnavailableInTier, "*"},
		"an unverifiable address before update": {`{"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}}`, fault.InvalidParameter,
			"All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Pools.CreateUserPool(t.Context(), "x", settings(t, tc.text))
			wantFault(t, err, tc.kind, tc.message)
		})
	}
}

func TestClientSettingsThatContradictThemselvesAreRefused(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(settings(t, `{"Schema": [{"Name": "email", "Required": true}]}`))
	for name, tc := range map[string]struct {
		text    string
		kind    fault.Kind
		message string
	}{
		"legacy and current flows together":              {`{"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"]}`, fault.InvalidParameter, "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names."},
		"an access token of four minutes":                {`{"AccessTokenValidity": 4, "TokenValidityUnits": {"AccessToken": "minutes"}}`, fault.InvalidParameter, "*"},
		"an ID token of two days":                        {`{"IdTokenValidity": 2, "TokenValidityUnits": {"IdToken": "days"}}`, fault.InvalidParameter, "*"},
		"a refresh token of eleven years":                {`{"RefreshTokenValidity": 4015}`, fault.InvalidParameter, "*"},
		"days that overflow to thirty":                   {`{"RefreshTokenValidity": 213534}`, fault.InvalidParameter, "*"},
		"hours that overflow to thirty days":             {`{"RefreshTokenValidity": 5124816, "TokenValidityUnits": {"RefreshToken": "hours"}}`, fault.InvalidParameter, "*"},
		"minutes that overflow to thirty days":           {`{"RefreshTokenValidity": 307488934, "TokenValidityUnits": {"RefreshToken": "minutes"}}`, fault.InvalidParameter, "*"},
		"seconds that overflow to thirty days":           {`{"RefreshTokenValidity": 18449336074, "TokenValidityUnits": {"RefreshToken": "seconds"}}`, fault.InvalidParameter, "*"},
		"seconds of an ID token that overflow":           {`{"IdTokenValidity": 18446747674, "TokenValidityUnits": {"IdToken": "seconds"}}`, fault.InvalidParameter, "*"},
		"minutes of an access token that overflow":       {`{"AccessTokenValidity": 307445795, "TokenValidityUnits": {"AccessToken": "minutes"}}`, fault.InvalidParameter, "*"},
		"a refresh token of ten years and a second":      {`{"RefreshTokenValidity": 315360001, "TokenValidityUnits": {"RefreshToken": "seconds"}}`, fault.InvalidParameter, "*"},
		"a negative number of seconds":                   {`{"RefreshTokenValidity": -1}`, fault.InvalidParameter, "*"},
		"an unknown unit":                                {`{"RefreshTokenValidity": 30, "TokenValidityUnits": {"RefreshToken": "weeks"}}`, fault.InvalidParameter, "*"},
		"an access token that outlives the refresh":      {`{"AccessTokenValidity": 2, "RefreshTokenValidity": 1, "TokenValidityUnits": {"RefreshToken": "hours"}}`, fault.InvalidParameter, "Access and Id Token expiration times must be less than or equal to refresh token expiration times."},
		"a session of two minutes":                       {`{"AuthSessionValidity": 2}`, fault.InvalidParameter, "*"},
		"a grace period of two minutes":                  {`{"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 120}}`, fault.InvalidParameter, "*"},
		"a readable attribute that does not exist":       {`{"ReadAttributes": ["custom:x"]}`, fault.InvalidParameter, "*"},
		"the verified mark among those to write":         {`{"WriteAttributes": ["email", "email_verified"]}`, fault.InvalidParameter, "*"},
		"a required attribute that is not writable":      {`{"WriteAttributes": ["name"]}`, fault.InvalidParameter, "*"},
		"client credentials together with the code flow": {`{"AllowedOAuthFlows": ["client_credentials", "code"]}`, fault.InvalidOAuthFlow, "*"},
		"client credentials without a secret":            {`{"AllowedOAuthFlows": ["client_credentials"]}`, fault.InvalidOAuthFlow, "*"},
		"a redirect that is not among the callbacks":     {`{"DefaultRedirectURI": "https://x.example", "CallbackURLs": ["https://y.example"]}`, fault.InvalidParameter, "The default redirect URI https://x.example is not in the callback URIs list."},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _, err := userpool.ParseClientSettings(json.RawMessage(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "x", Settings: s})
			wantFault(t, err, tc.kind, tc.message)
		})
	}
}

func TestTokenLifetimesFollowTheClient(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	s := allFlows
	s.AccessTokenValidity, s.IDTokenValidity, s.RefreshTokenValidity = 10, 2, 7200
	s.TokenValidityUnits = &userpool.ValidityUnits{AccessToken: "minutes", RefreshToken: "seconds"}
	c := h.Client(p.ID, s)
	h.User(p.ID, "alice")
	out := h.MustSignIn(c.ID, "alice")
	for raw, want := range map[string]float64{out.AccessToken: 600, out.IDToken: 7200} {
		if m := claims(t, raw); m["exp"].(float64)-m["iat"].(float64) != want {
			t.Errorf("the lifetime of %v is %v s, want %v", m["token_use"], m["exp"].(float64)-m["iat"].(float64), want)
		}
	}
	if out.ExpiresIn != 600 {
		t.Error(out.ExpiresIn)
	}
	h.Clock.Forward(7199e9)
	if _, err := h.Refresh(c.ID, out.RefreshToken); err != nil {
		t.Error(err)
	}
	h.Clock.Forward(1e9)
	_, err := h.Refresh(c.ID, out.RefreshToken)
	wantFault(t, err, fault.NotAuthorized, "Refresh Token has expired")
}

func TestLegacyClientsAlsoDoSRPAndRefresh(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpool.ClientSettings{ExplicitAuthFlows: []string{"USER_PASSWORD_AUTH"}})
	h.User(p.ID, "alice")
	if _, err := h.SRPSignIn(p.ID, c.ID, "alice", password); err != nil {
		t.Error(err)
	}
	if _, err := h.Refresh(c.ID, h.MustSignIn(c.ID, "alice").RefreshToken); err != nil {
		t.Error(err)
	}
}

func TestPasswordPolicies(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	lax := h.Pool(settings(t, `{"Policies": {"PasswordPolicy": {"MinimumLength": 6}}}`))
	h.User(p.ID, "alice")
	if err := h.Users.AdminSetUserPassword(t.Context(), lax.ID, "x", "a", true); !fault.Is(err, fault.UserNotFound) {
		t.Error(err)
	}
	for pass, text := range map[string]string{
		"Aa1!":         "Password not long enough",
		"alllower-1":   "Password must have uppercase characters",
		"ALLUPPER-1":   "Password must have lowercase characters",
		"No-numbers":   "Password must have numeric characters",
		"NoSymbols1":   "Password must have symbol characters",
		" Leading-1":   `Password must satisfy regular expression pattern: ^\S.*\S$`,
		"Ünicöde-1A😀x": "",
		"in Side-1":    "",
		"in\t Side-1":  "",
		"in\nSide-1":   `Password must satisfy regular expression pattern: ^\S.*\S$`,
		"in\rSide-1":   `Password must satisfy regular expression pattern: ^\S.*\S$`,
		"Trailing-1\v": `Password must satisfy regular expression pattern: ^\S.*\S$`,
	} {
		err := h.Users.AdminSetUserPassword(t.Context(), p.ID, "alice", pass, true)
		if text == "" && err != nil {
			t.Errorf("%q: %v", pass, err)
		} else if text != "" {
			wantFault(t, err, fault.InvalidPassword, "Password does not conform to policy: "+text)
		}
	}
	_, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "bob", TemporaryPassword: "Aa1!"})
	wantFault(t, err, fault.InvalidPassword, "Password did not conform with password policy: Password not long enough")
	c := h.Client(p.ID, userpool.ClientSettings{})
	_, err = h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: c.ID, Username: "bob", Password: "Aa1!"})
	wantFault(t, err, fault.InvalidPassword, "Password did not conform with policy: Password not long enough")
}

func FuzzSettings(f *testing.F) {
	f.Add(`{"PoolName": "x", "Schema": [{"Name": "a", "AttributeDataType": "String"}]}`)
	f.Add(`{"Policies": {"PasswordPolicy": {"MinimumLength": 8}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, name, err := userpool.ParsePoolSettings(json.RawMessage(text))
		if err != nil {
			return
		}
		data, err := json.Marshal(struct {
			userpool.PoolSettings
			PoolName string
		}{s, name})
		if err != nil {
			t.Fatal(err)
		}
		again, name2, err := userpool.ParsePoolSettings(data)
		if err != nil || name2 != name {
			t.Fatalf("%s: %v", data, err)
		}
		one, _ := json.Marshal(s)
		two, err := json.Marshal(again)
		if err != nil || string(one) != string(two) {
			t.Fatalf("%s\n%s", one, two)
		}
	})
}

// As in AWS, DescribeUserPool returns the functions in both members for PreTokenGeneration.
func TestPoolsKeepTheirFunctions(t *testing.T) {
	h := newHarness(t)
	const f = "arn:aws:lambda:us-east-1:123456789012:function:f"
	p := h.Pool(settings(t, `{"LambdaConfig": {"PreTokenGeneration": "`+f+`", "CustomMessage": "`+f+`"}}`))
	c := p.Settings.LambdaConfig
	if c.CustomMessage != f || *c.PreTokenGenerationConfig != (userpool.LambdaFunction{LambdaVersion: "V1_0", LambdaArn: f}) {
		t.Errorf("%+v", c)
	}
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", settings(t, `{"LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "`+f+`"}}}`)); err != nil {
		t.Fatal(err)
	}
	after, err := h.Pools.Pool(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := after.Settings.LambdaConfig.ARNs(); len(got) != 1 || got["PreTokenGeneration"] != f {
		t.Error(got)
	}
}

// A pool may name a function that nothing is mapped to yet. The log says so.
func TestUnmappedFunctionsAreLogged(t *testing.T) {
	var log bytes.Buffer
	h := newHarness(t, func(o *idp.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	h.Lambda(nil)
	h.Pool(settings(t, `{"LambdaConfig": {"PreSignUp": "`+userpooltest.ARN+`", "CustomMessage": "arn:aws:lambda:us-east-1:123456789012:function:missing"}}`))
	if got := log.String(); !strings.Contains(got, "trigger=CustomMessage arn=arn:aws:lambda:us-east-1:123456789012:function:missing") || strings.Contains(got, "PreSignUp") {
		t.Error(got)
	}
}

// Source: TestAccCognitoIDPUserPoolClient_analyticsApplicationID and _analyticsWithARN of terraform-provider-aws.
func TestTheAnalyticsOfAClientHaveAWSsDefaults(t *testing.T) {
	h := newHarness(t)
	pool := h.Pool(userpool.PoolSettings{}).ID
	const app, linked = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123", "arn:aws:iam::123456789012:role/aws-service-role/cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdp"
	for given, want := range map[string]string{
		`{"ApplicationId": "a", "ExternalId": "x", "RoleArn": "arn:aws:iam::123456789012:role/r"}`: `{"ApplicationId":"a","ExternalId":"x","RoleArn":"arn:aws:iam::123456789012:role/r","UserDataShared":false}`,
		`{"ApplicationArn": "` + app + `"}`:                         `{"ApplicationArn":"` + app + `","RoleArn":"` + linked + `","UserDataShared":false}`,
		`{"ApplicationArn": "` + app + `", "UserDataShared": true}`: `{"ApplicationArn":"` + app + `","RoleArn":"` + linked + `","UserDataShared":true}`,
	} {
		c := h.Client(pool, clientSettings(t, `{"AnalyticsConfiguration": `+given+`}`))
		got, err := h.Pools.DescribeUserPoolClient(t.Context(), pool, c.ID)
		if err != nil || string(got.Settings.AnalyticsConfiguration) != want {
			t.Errorf("%s: %s, %v", given, got.Settings.AnalyticsConfiguration, err)
		}
	}
}
