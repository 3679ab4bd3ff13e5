package cognitoidp_test

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/credentials/sigv4"
	dispatch "github.com/sluicegate/sluice/server/awsjson"
)

const (
	function = `"arn:aws:lambda:us-east-1:123456789012:function:f"`
	senders  = `{"LambdaArn": ` + function + `, "LambdaVersion": "V1_0"}`
	smsRole  = `{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "e", "SnsRegion": "us-west-2"}`
)

// poolMembers has values for every member of CreateUserPool but the name. Schema comes back as SchemaAttributes.
var poolMembers = map[string][]string{
	"Policies": {`{"PasswordPolicy": {"MinimumLength": 7, "RequireLowercase": true, "RequireNumbers": false, "RequireSymbols": true,
		"RequireUppercase": false, "TemporaryPasswordValidityDays": 3, "PasswordHistorySize": 5}}`,
		`{"SignInPolicy": {"AllowedFirstAuthFactors": ["WEB_AUTHN", "PASSWORD", "EMAIL_OTP"]}}`},
	"DeletionProtection": {`"ACTIVE"`, `"INACTIVE"`},
	"LambdaConfig": {`{"PreSignUp": ` + function + `, "CustomMessage": ` + function + `, "PostConfirmation": ` + function + `, "PreAuthentication": ` + function + `,
		"PostAuthentication": ` + function + `, "DefineAuthChallenge": ` + function + `, "CreateAuthChallenge": ` + function + `, "VerifyAuthChallengeResponse": ` + function + `,
		"PreTokenGeneration": ` + function + `, "UserMigration": ` + function + `}`,
		`{"PreTokenGenerationConfig": {"LambdaArn": ` + function + `, "LambdaVersion": "V2_0"}, "CustomSMSSender": ` + senders + `, "CustomEmailSender": ` + senders + `,
		"InboundFederation": ` + senders + `, "KMSKeyID": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"}`},
	"AutoVerifiedAttributes":   {`["phone_number", "email"]`, `["email"]`},
	"AliasAttributes":          {`["preferred_username", "email"]`},
	"UsernameAttributes":       {`["email", "phone_number"]`},
	"SmsVerificationMessage":   {`"code {####}"`, `"two\nlines {####}\n"`},
	"EmailVerificationMessage": {`"code {####}"`},
	"EmailVerificationSubject": {`"subject"`},
	"VerificationMessageTemplate": {`{"SmsMessage": "s {####}", "EmailMessage": "e {####}", "EmailSubject": "es", "EmailMessageByLink": "l {##here##}",
		"EmailSubjectByLink": "ls", "DefaultEmailOption": "CONFIRM_WITH_LINK"}`},
	"SmsAuthenticationMessage":    {`"auth {####}"`},
	"UserAttributeUpdateSettings": {`{"AttributesRequireVerificationBeforeUpdate": []}`},
	"MfaConfiguration":            {`"OFF"`},
	"DeviceConfiguration":         {`{"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false}`},
	"EmailConfiguration": {`{"EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
		"From": "Me <me@example.com>", "ReplyToEmailAddress": "r@example.com", "ConfigurationSet": "set"}`, `{"ReplyToEmailAddress": "r@example.com"}`},
	"SmsConfiguration": {smsRole, `{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}`},
	"UserPoolTags":     {`{"a": "b", "c": ""}`},
	"AdminCreateUserConfig": {`{"AllowAdminCreateUserOnly": true, "InviteMessageTemplate": {"EmailMessage": "{username} {####}", "EmailSubject": "s",
		"SMSMessage": "{username} {####}"}}`, `{"AllowAdminCreateUserOnly": true, "UnusedAccountValidityDays": 6}`},
	"Schema": {`[{"Name": "email", "AttributeDataType": "String", "Required": true, "Mutable": false, "DeveloperOnlyAttribute": false,
		"StringAttributeConstraints": {"MinLength": "5", "MaxLength": "10"}}]`},
	"UserPoolAddOns":         {`{"AdvancedSecurityMode": "OFF"}`},
	"UsernameConfiguration":  {`{"CaseSensitive": false}`, `{"CaseSensitive": true}`},
	"AccountRecoverySetting": {`{"RecoveryMechanisms": [{"Name": "verified_phone_number", "Priority": 2}, {"Name": "verified_email", "Priority": 1}]}`, `{"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}`},
	"UserPoolTier":           {`"LITE"`, `"PLUS"`},
	"KeyConfiguration":       nil, // see the tests of package userpool
	"IssuerConfiguration":    nil,
	"AcrConfiguration":       nil,
	"DcrConfiguration":       nil,
}

// clientMembers has values for every member of CreateUserPoolClient but pool, name and secret.
var clientMembers = map[string][]string{
	"RefreshTokenValidity":                     {`60`},
	"AccessTokenValidity":                      {`2`},
	"IdTokenValidity":                          {`3`},
	"TokenValidityUnits":                       {`{"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"}`},
	"ReadAttributes":                           {`["email", "address"]`},
	"WriteAttributes":                          {`["email", "name"]`},
	"ExplicitAuthFlows":                        {`["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]`, `["USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"]`},
	"SupportedIdentityProviders":               {`["COGNITO"]`},
	"CallbackURLs":                             {`["https://www.example.com/redirect", "https://a.example.com/", "myapp://x"]`},
	"LogoutURLs":                               {`["https://www.example.com/logout", "https://a.example.com/"]`},
	"DefaultRedirectURI":                       {`"https://www.example.com/redirect"`},
	"AllowedOAuthFlows":                        {`["implicit", "code"]`},
	"AllowedOAuthScopes":                       {`["phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"]`},
	"AllowedOAuthFlowsUserPoolClient":          {`true`},
	"AnalyticsConfiguration":                   {`{"ApplicationId": "abc", "ExternalId": "x", "RoleArn": "arn:aws:iam::123456789012:role/x", "UserDataShared": true}`},
	"PreventUserExistenceErrors":               {`"LEGACY"`, `"ENABLED"`},
	"EnableTokenRevocation":                    {`false`, `true`},
	"EnablePropagateAdditionalUserContextData": {`false`},
	"AuthSessionValidity":                      {`15`},
	"RefreshTokenRotation":                     {`{"Feature": "DISABLED"}`, `{"Feature": "ENABLED", "RetryGracePeriodSeconds": 10}`},
}

// needed are members without which others are refused.
var needed = map[string]string{
	"Policies": `"UserPoolTier": "PLUS"`, "AutoVerifiedAttributes": `"SmsConfiguration": ` + smsRole,
	"DefaultRedirectURI": `"CallbackURLs": ["https://www.example.com/redirect"]`, "AllowedOAuthFlows": `"CallbackURLs": ["https://www.example.com/redirect"]`,
	"AllowedOAuthFlowsUserPoolClient": `"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"], "CallbackURLs": ["https://www.example.com/redirect"]`,
}

// ask makes a call and returns its answer.
func (b *table) ask(op, request string) map[string]any {
	b.t.Helper()
	r := httptest.NewRequest("POST", "/", strings.NewReader(request))
	r.Header.Set("Content-Type", dispatch.ContentType)
	r.Header.Set("X-Amz-Target", wire.API.TargetPrefix+"."+op)
	must(b.t, sigv4.Sign(sigv4.FromHTTP(r), root, sigv4.SignOptions{Time: b.now(), Region: "us-east-1", Service: "cognito-idp",
		PayloadHash: sigv4.HashPayload([]byte(request))}))
	w := httptest.NewRecorder()
	b.node.ServeHTTP(w, r)
	out := map[string]any{}
	if w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &out) != nil {
		b.t.Fatalf("%s %s: %d %s", op, request, w.Code, w.Body)
	}
	return out
}

// members returns the names of a request's members.
func members(request any) []string {
	var names []string
	for f := range reflect.TypeOf(request).Fields() {
		names = append(names, f.Name)
	}
	return names
}

// holds reports whether got has everything that want has, in the same order.
func holds(got, want any) bool {
	w, isMap := want.(map[string]any)
	if !isMap {
		return reflect.DeepEqual(got, want)
	}
	g, _ := got.(map[string]any)
	for name, value := range w {
		if have, there := g[name]; !there || !holds(have, value) {
			return false
		}
	}
	return true
}

// Infrastructure tools send settings, read them back, and send them again if they differ. So everything that is sent comes back
// as it was, and what was read can be sent without a change.
func TestEverySettingComesBackAsItWasSent(t *testing.T) {
	b := newTable(t)
	pool := b.ask("CreateUserPool", `{"PoolName": "of clients"}`)["UserPool"].(map[string]any)["Id"].(string)
	for _, kind := range []struct {
		name, member, ids string
		values            map[string][]string
		create, update    any
		others            []string
	}{
		{"UserPool", "UserPool", `"PoolName": "p"`, poolMembers, wire.CreateUserPoolRequest{}, wire.UpdateUserPoolRequest{}, []string{"PoolName"}},
		{"UserPoolClient", "UserPoolClient", `"ClientName": "c", "UserPoolId": "` + pool + `"`, clientMembers, wire.CreateUserPoolClientRequest{}, wire.UpdateUserPoolClientRequest{},
			[]string{"UserPoolId", "ClientName", "GenerateSecret", "ClientSecret"}},
	} {
		for _, name := range members(kind.create) {
			if _, there := kind.values[wireName(kind.create, name)]; !there && !slices.Contains(kind.others, wireName(kind.create, name)) {
				t.Errorf("the table has no value for %s of Create%s", name, kind.name)
			}
		}
		updatable := map[string]bool{}
		for _, name := range members(kind.update) {
			updatable[wireName(kind.update, name)] = true
		}
		for _, name := range slices.Sorted(maps.Keys(kind.values)) {
			for _, value := range kind.values[name] {
				request := `{` + kind.ids + `, "` + name + `": ` + value
				if also := needed[name]; also != "" {
					request += ", " + also
				}
				b.comesBack(kind.name, request+"}", name, value, updatable)
			}
		}
	}
}

// comesBack creates a pool or client, reads it, and sends what it read.
func (b *table) comesBack(kind, request, name, value string, updatable map[string]bool) {
	b.t.Helper()
	made := b.ask("Create"+kind, request)[kind].(map[string]any)
	ids := map[string]any{"UserPoolId": made["Id"]}
	if kind == "UserPoolClient" {
		ids = map[string]any{"UserPoolId": made["UserPoolId"], "ClientId": made["ClientId"]}
	}
	describe := func() map[string]any {
		id, err := json.Marshal(ids)
		must(b.t, err)
		return b.ask("Describe"+kind, string(id))[kind].(map[string]any)
	}
	var want any
	must(b.t, json.Unmarshal([]byte(value), &want))
	read := describe()
	if name == "Schema" {
		read[name] = slices.DeleteFunc(slices.Clone(read["SchemaAttributes"].([]any)), func(a any) bool { return a.(map[string]any)["Name"] != "email" })
	}
	if !holds(read[name], want) {
		b.t.Errorf("%s of a %s is %v, not %v", name, kind, read[name], want)
	}
	again := maps.Clone(ids)
	for member, value := range read {
		if updatable[member] {
			again[member] = value
		}
	}
	text, err := json.Marshal(again)
	must(b.t, err)
	b.ask("Update"+kind, string(text))
	after := describe()
	delete(read, "Schema")
	for _, member := range slices.Sorted(maps.Keys(read)) {
		if member != "LastModifiedDate" && !reflect.DeepEqual(after[member], read[member]) {
			b.t.Errorf("after an update with what was read, with %s: %s is %v, not %v", name, member, after[member], read[member])
		}
	}
}

// wireName returns the name of a member as requests have it.
func wireName(request any, field string) string {
	f, _ := reflect.TypeOf(request).FieldByName(field)
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
