package userpool_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// members returns settings as a map from API members to their JSON.
func members(t testing.TB, settings any) map[string]string {
	t.Helper()
	data, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, value := range raw {
		out[name] = string(value)
	}
	return out
}

// richPool sets every member that an update may leave out to a value other than the default.
const richPool = `{
	"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
	"AcrConfiguration": {"Level1": {"AcrValue": "low"}},
	"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true, "InviteMessageTemplate": {"EmailMessage": "{username} {####}"}},
	"AutoVerifiedAttributes": ["email"],
	"DcrConfiguration": {"EnableStatus": "Disabled"},
	"DeletionProtection": "ACTIVE",
	"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true},
	"EmailConfiguration": {"ReplyToEmailAddress": "help@example.com"},
	"IssuerConfiguration": {"c": 1},
	"KeyConfiguration": {"d": 1},
	"Policies": {"PasswordPolicy": {"MinimumLength": 14, "RequireUppercase": true, "TemporaryPasswordValidityDays": 3},
		"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}},
	"SmsAuthenticationMessage": "sign in with {####}",
	"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"},
	"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
	"UserPoolAddOns": {"AdvancedSecurityMode": "OFF"},
	"UserPoolTags": {"team": "a"},
	"UserPoolTier": "PLUS",
	"VerificationMessageTemplate": {"EmailMessage": "{####} it is", "EmailSubject": "A code", "SmsMessage": "code {####}"}
}`

func TestAnUpdateKeepsOrResetsWhatItLeavesOutAsAWSDoes(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(settings(t, richPool))
	defaults := members(t, h.Pool(userpool.PoolSettings{}).Settings)
	before := members(t, p.Settings)
	// The attribute to verify before its update must be auto-verified, and AutoVerifiedAttributes is one of the members
	// that return to their defaults.
	wantFault(t, h.Pools.UpdateUserPool(t.Context(), p.ID, "", settings(t, `{}`)), fault.InvalidParameter,
		"All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes")
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", settings(t, `{"AutoVerifiedAttributes": ["email"]}`)); err != nil {
		t.Fatal(err)
	}
	got, err := h.Pools.DescribeUserPool(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	after := members(t, got.Settings)
	reset := []string{"AcrConfiguration", "AdminCreateUserConfig", "DcrConfiguration", "DeviceConfiguration",
		"SmsAuthenticationMessage", "SmsConfiguration", "UserPoolAddOns"}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		want, rule := before[name], "kept"
		if slices.Contains(reset, name) {
			want, rule = defaults[name], "reset"
		}
		if name == "AdminCreateUserConfig" {
			want = `{"AllowAdminCreateUserOnly":false,"UnusedAccountValidityDays":3}` // the days of the kept policy
		}
		if after[name] != want {
			t.Errorf("%s is to be %s: got %s, want %s", name, rule, after[name], want)
		}
	}
	if got.Name != p.Name {
		t.Errorf("the name is to be kept: %q", got.Name)
	}
}

func TestAnUpdateKeepsMFAWithItsFactorAndResetsTheTriggers(t *testing.T) {
	h := newHarness(t)
	const auto = `"AutoVerifiedAttributes": ["phone_number"]`
	p := h.Pool(settings(t, `{`+auto+`, "MfaConfiguration": "OPTIONAL", "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x"},
		"LambdaConfig": {"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:f"}}`))
	before, defaults := members(t, p.Settings), members(t, h.Pool(userpool.PoolSettings{}).Settings)
	if before["LambdaConfig"] == defaults["LambdaConfig"] {
		t.Fatal("the pool has no triggers")
	}
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", settings(t, `{`+auto+`}`)); err != nil {
		t.Fatal(err)
	}
	got, err := h.Pools.DescribeUserPool(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	after := members(t, got.Settings)
	for name, want := range map[string]string{"MfaConfiguration": `"OPTIONAL"`, "SmsConfiguration": before["SmsConfiguration"], "LambdaConfig": defaults["LambdaConfig"]} {
		if after[name] != want {
			t.Errorf("%s: %s, want %s", name, after[name], want)
		}
	}
}

func TestAnUpdateOfAutoVerifiedAttributesAloneClearsThem(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(settings(t, `{"AutoVerifiedAttributes": ["email"]}`))
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", settings(t, `{}`)); err != nil {
		t.Fatal(err)
	}
	got, err := h.Pools.DescribeUserPool(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Settings.AutoVerifiedAttributes) != 0 {
		t.Error(got.Settings.AutoVerifiedAttributes)
	}
}

func TestAnUpdateChangesPartsOfWhatItKeeps(t *testing.T) {
	h := newHarness(t)
	for name, tc := range map[string]struct {
		request string
		want    func(s userpool.PoolSettings) bool
	}{
		"a sign-in policy leaves the password policy": {`{"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}}`,
			func(s userpool.PoolSettings) bool { return s.Policies.PasswordPolicy.MinimumLength == 14 }},
		"a sign-in policy without factors is left out": {`{"Policies": {"SignInPolicy": {}}}`,
			func(s userpool.PoolSettings) bool { return len(s.Policies.SignInPolicy.AllowedFirstAuthFactors) == 1 }},
		"the older member for the days of temporary passwords": {`{"AdminCreateUserConfig": {"UnusedAccountValidityDays": 9}}`,
			func(s userpool.PoolSettings) bool {
				return s.Policies.PasswordPolicy.TemporaryPasswordValidityDays == 9 && s.Policies.PasswordPolicy.MinimumLength == 14
			}},
		"a password policy replaces the whole": {`{"Policies": {"PasswordPolicy": {"MinimumLength": 9}}}`,
			func(s userpool.PoolSettings) bool {
				return s.Policies.PasswordPolicy.MinimumLength == 9 && !s.Policies.PasswordPolicy.RequireUppercase
			}},
		"an older member changes one text of the template": {`{"EmailVerificationMessage": "new {####}"}`,
			func(s userpool.PoolSettings) bool {
				return s.VerificationMessageTemplate.EmailMessage == "new {####}" && s.VerificationMessageTemplate.EmailSubject == "A code"
			}},
		"a template replaces the whole": {`{"VerificationMessageTemplate": {"EmailSubject": "B"}}`,
			func(s userpool.PoolSettings) bool {
				return s.EmailVerificationMessage == "" && s.EmailVerificationSubject == "B"
			}},
		"no tags remove the tags": {`{"UserPoolTags": {}}`, func(s userpool.PoolSettings) bool { return len(s.UserPoolTags) == 0 }},
		"no attributes to verify before update remove those": {`{"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []}}`,
			func(s userpool.PoolSettings) bool {
				return len(s.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate) == 0
			}},
		"deletion protection ends when the update says so": {`{"DeletionProtection": "INACTIVE"}`,
			func(s userpool.PoolSettings) bool { return s.DeletionProtection == "INACTIVE" }},
	} {
		t.Run(name, func(t *testing.T) {
			p := h.Pool(settings(t, richPool))
			next := settings(t, tc.request)
			next.AutoVerifiedAttributes = []string{"email"}
			if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", next); err != nil {
				t.Fatal(err)
			}
			got, err := h.Pools.DescribeUserPool(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			if !tc.want(got.Settings) {
				t.Errorf("%v", members(t, got.Settings))
			}
		})
	}
}

func TestAnUpdateChangesNothingThatIsFixedAtCreation(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(settings(t, `{"AliasAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": false}, "Schema": [{"Name": "x", "AttributeDataType": "String"}]}`))
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", settings(t, `{"AliasAttributes": [], "UsernameConfiguration": {"CaseSensitive": true}}`)); err != nil {
		t.Fatal(err)
	}
	got, err := h.Pools.DescribeUserPool(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AliasAttributes", "UsernameConfiguration", "Schema"} {
		if was, is := members(t, p.Settings)[name], members(t, got.Settings)[name]; was != is {
			t.Errorf("%s: %s, was %s", name, is, was)
		}
	}
}

func TestAPoolOfAnOlderVersionKeepsOptionalMFAUntilAnUpdateNamesIt(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		rec, err := tx.Pools.Get(p.ID)
		if err != nil {
			return err
		}
		rec.Settings = []byte(strings.Replace(string(rec.Settings), `"MfaConfiguration":"OFF"`, `"MfaConfiguration":"OPTIONAL"`, 1))
		return tx.Pools.Update(rec)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "renamed", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	if err := h.Pools.TagPool(t.Context(), p.ID, map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Pools.DescribeUserPool(t.Context(), p.ID); err != nil || got.Settings.MfaConfiguration != "OPTIONAL" {
		t.Fatal(got, err)
	}
	wantFault(t, h.Pools.UpdateUserPool(t.Context(), p.ID, "", userpool.PoolSettings{MfaConfiguration: "OPTIONAL"}), fault.InvalidParameter, "*")
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", userpool.PoolSettings{MfaConfiguration: "OFF"}); err != nil {
		t.Fatal(err)
	}
}

// richClient sets every member that an update may leave out to a value other than the default.
const richClient = `{
	"AccessTokenValidity": 10,
	"AllowedOAuthFlows": ["code"],
	"AllowedOAuthFlowsUserPoolClient": true,
	"AllowedOAuthScopes": ["openid"],
	"AnalyticsConfiguration": {"ApplicationId": "a", "RoleArn": "arn:aws:iam::123456789012:role/r", "ExternalId": "e"},
	"AuthSessionValidity": 7,
	"CallbackURLs": ["https://app.example.com"],
	"DefaultRedirectURI": "https://app.example.com",
	"EnablePropagateAdditionalUserContextData": true,
	"EnableTokenRevocation": false,
	"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
	"IdTokenValidity": 20,
	"LogoutURLs": ["https://app.example.com/out"],
	"PreventUserExistenceErrors": "ENABLED",
	"ReadAttributes": ["email"],
	"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 5},
	"RefreshTokenValidity": 12,
	"SupportedIdentityProviders": ["COGNITO"],
	"TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
	"WriteAttributes": ["email"]
}`

// confidential creates a client with a secret.
func confidential(t testing.TB, h *harness, poolID, text string) *userpool.ClientDescription {
	t.Helper()
	c, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: poolID, Name: "app", GenerateSecret: true, Settings: clientSettings(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func clientSettings(t testing.TB, text string) userpool.ClientSettings {
	t.Helper()
	s, _, _, err := userpool.ParseClientSettings(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnUpdateOfAClientKeepsOrResetsWhatItLeavesOutAsAWSDoes(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := confidential(t, h, p.ID, richClient)
	defaults := members(t, h.Client(p.ID, userpool.ClientSettings{}).Settings)
	before := members(t, c.Settings)
	got, err := h.Pools.UpdateUserPoolClient(t.Context(), p.ID, c.ID, "", userpool.ClientSettings{})
	if err != nil {
		t.Fatal(err)
	}
	after := members(t, got.Settings)
	kept := map[string]string{"AuthSessionValidity": "7", "EnableTokenRevocation": "false", "RefreshTokenValidity": "12",
		"TokenValidityUnits": `{"RefreshToken":"hours"}`} // the unit of the kept lifetime
	for _, name := range slices.Sorted(maps.Keys(before)) {
		want, rule := defaults[name], "reset"
		if value, ok := kept[name]; ok {
			want, rule = value, "kept"
		}
		if after[name] != want {
			t.Errorf("%s is to be %s: got %s, want %s", name, rule, after[name], want)
		}
	}
	if got.Name != c.Name {
		t.Errorf("the name is to be kept: %q", got.Name)
	}
}

func TestAKeptRefreshTokenLifetimeNeverGetsAnotherUnit(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	for name, tc := range map[string]struct {
		request, unit string
		number        int
	}{
		"nothing said":        {`{}`, "hours", 12},
		"the same unit":       {`{"TokenValidityUnits": {"RefreshToken": "hours"}}`, "hours", 12},
		"another unit":        {`{"TokenValidityUnits": {"RefreshToken": "days"}}`, "days", 30},
		"a number":            {`{"RefreshTokenValidity": 3}`, "", 3},
		"zero":                {`{"RefreshTokenValidity": 0}`, "", 30},
		"zero in a unit":      {`{"RefreshTokenValidity": 0, "TokenValidityUnits": {"RefreshToken": "hours"}}`, "hours", 720},
		"a unit of another":   {`{"TokenValidityUnits": {"AccessToken": "hours"}}`, "hours", 12},
		"a number and a unit": {`{"RefreshTokenValidity": 90, "TokenValidityUnits": {"RefreshToken": "minutes"}}`, "minutes", 90},
	} {
		t.Run(name, func(t *testing.T) {
			c := confidential(t, h, p.ID, richClient)
			got, err := h.Pools.UpdateUserPoolClient(t.Context(), p.ID, c.ID, "", clientSettings(t, tc.request))
			if err != nil {
				t.Fatal(err)
			}
			unit := ""
			if u := got.Settings.TokenValidityUnits; u != nil {
				unit = u.RefreshToken
			}
			if got.Settings.RefreshTokenValidity != tc.number || unit != tc.unit {
				t.Errorf("%d %s, want %d %s", got.Settings.RefreshTokenValidity, unit, tc.number, tc.unit)
			}
		})
	}
}

func TestTheOrderOfRecoveryIsTheSettingsOrTheLegacyOne(t *testing.T) {
	h := newHarness(t)
	for name, tc := range map[string]struct {
		settings string
		want     []string
	}{
		"a new pool without recovery settings": {`{}`, []string{"email", "phone_number"}},
		"no mechanisms, as in older pools":     {`{"AccountRecoverySetting": {}}`, []string{"phone_number", "email"}},
		"mechanisms in another order":          {`{"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 2}, {"Name": "verified_phone_number", "Priority": 1}]}}`, []string{"phone_number", "email"}},
		"administrators only, kept as such":    {`{"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}}`, nil},
	} {
		made := h.Pool(settings(t, tc.settings))
		if err := h.Pools.UpdateUserPool(t.Context(), made.ID, "renamed", userpool.PoolSettings{}); err != nil {
			t.Fatal(err)
		}
		p, err := h.Pools.Pool(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Recovery, tc.want) {
			t.Errorf("%s: %q, want %q", name, p.Recovery, tc.want)
		}
	}
}
