package cognitoidp_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// change is an update that leaves members out, and what they are afterwards. docs/updates.md has a row for each.
type change struct {
	name            string
	op, request     string
	read, described string            // the call that shows the result
	want            map[string]string // dotted path in the answer → its JSON, "" if it is absent
}

// TestWhatOtherUpdatesLeaveOutIsKeptOrResetAsAWSDoes is about all operations but UpdateUserPool and UpdateUserPoolClient, which
// package userpool tests.
func TestWhatOtherUpdatesLeaveOutIsKeptOrResetAsAWSDoes(t *testing.T) {
	b := newTable(t)
	for _, call := range []struct{ op, request, learn, path string }{
		{"CreateUserPool", `{"PoolName": "p", "UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}`, "pool", "UserPool.Id"},
		{"CreateUserPoolClient", `{"UserPoolId": "{pool}", "ClientName": "c"}`, "client", "UserPoolClient.ClientId"},
		{"CreateIdentityProvider", `{"UserPoolId": "{pool}", "ProviderName": "Corp", "ProviderType": "OIDC", "IdpIdentifiers": ["corp.test"], "AttributeMapping": {"email": "email"},
			"ProviderDetails": {"client_id": "app", "client_secret": "wonderland", "authorize_scopes": "openid email", "attributes_request_method": "GET", "oidc_issuer": "https://corp.test"}}`, "", ""},
		{"CreateResourceServer", `{"UserPoolId": "{pool}", "Identifier": "api", "Name": "A", "Scopes": [{"ScopeName": "read", "ScopeDescription": "may read"}]}`, "", ""},
		{"CreateUserPoolDomain", `{"UserPoolId": "{pool}", "Domain": "auth.shop.test", "ManagedLoginVersion": 2,
			"CustomDomainConfig": {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, "", ""},
		{"CreateTerms", `{"UserPoolId": "{pool}", "ClientId": "{client}", "TermsName": "terms-of-use", "TermsSource": "LINK", "Enforcement": "NONE",
			"Links": {"cognito:default": "https://example.com/terms"}}`, "terms", "Terms.TermsId"},
		{"CreateManagedLoginBranding", `{"UserPoolId": "{pool}", "ClientId": "{client}", "Settings": {"components": {"form": {"borderRadius": 4.0}}},
			"Assets": [{"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "SVG", "Bytes": "` + drawing + `"}]}`, "look", "ManagedLoginBranding.ManagedLoginBrandingId"},
		{"SetRiskConfiguration", `{"UserPoolId": "{pool}", "CompromisedCredentialsRiskConfiguration": {"Actions": {"EventAction": "BLOCK"}},
			"RiskExceptionConfiguration": {"BlockedIPRangeList": ["198.51.100.0/24"]}}`, "", ""},
		{"SetUICustomization", `{"UserPoolId": "{pool}", "CSS": ".banner-customizable { background-color: #123456; }", "ImageFile": "iVBORw0KGgo="}`, "", ""},
		{"SetLogDeliveryConfiguration", `{"UserPoolId": "{pool}", "LogConfigurations": [{"EventSource": "userNotification", "LogLevel": "ERROR",
			"CloudWatchLogsConfiguration": {"LogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:a"}}]}`, "", ""},
		{"CreateGroup", `{"UserPoolId": "{pool}", "GroupName": "g", "Description": "d", "Precedence": 5}`, "", ""},
	} {
		w := b.send(call.op, call.request)
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", call.op, w.Code, w.Body)
		}
		if call.learn != "" {
			b.learn(call.learn, strings.Trim(part(t, w.Body.Bytes(), call.path), `"`))
		}
	}
	for _, c := range updates {
		if w := b.send(c.op, c.request); w.Code != 200 {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			continue
		}
		body := b.send(c.read, c.described).Body.Bytes()
		for path, want := range c.want {
			if got := part(t, body, path); got != want {
				t.Errorf("%s: %s is %s, want %s", c.name, path, got, want)
			}
		}
	}
}

// part returns the JSON at a dotted path of an object, "" if there is none.
func part(t *testing.T, body []byte, path string) string {
	t.Helper()
	var at any
	if err := json.Unmarshal(body, &at); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for _, name := range strings.Split(path, ".") {
		in, ok := at.(map[string]any)
		if !ok || in[name] == nil {
			return ""
		}
		at = in[name]
	}
	out, err := json.Marshal(at)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

const ofPool = `{"UserPoolId": "{pool}"}`

var updates = []change{
	{"a provider's mapping alone", "UpdateIdentityProvider", `{"UserPoolId": "{pool}", "ProviderName": "Corp", "AttributeMapping": {"name": "name"}}`,
		"DescribeIdentityProvider", `{"UserPoolId": "{pool}", "ProviderName": "Corp"}`, map[string]string{
			"IdentityProvider.AttributeMapping": `{"name":"name","username":"sub"}`, "IdentityProvider.IdpIdentifiers": `["corp.test"]`,
			"IdentityProvider.ProviderDetails.client_id": `"app"`}},
	{"a provider's identifiers alone", "UpdateIdentityProvider", `{"UserPoolId": "{pool}", "ProviderName": "Corp", "IdpIdentifiers": []}`,
		"DescribeIdentityProvider", `{"UserPoolId": "{pool}", "ProviderName": "Corp"}`, map[string]string{
			"IdentityProvider.AttributeMapping": `{"name":"name","username":"sub"}`, "IdentityProvider.ProviderDetails.client_id": `"app"`}},
	{"a resource server's name alone", "UpdateResourceServer", `{"UserPoolId": "{pool}", "Identifier": "api", "Name": "B"}`,
		"DescribeResourceServer", `{"UserPoolId": "{pool}", "Identifier": "api"}`, map[string]string{"ResourceServer.Name": `"B"`, "ResourceServer.Scopes": ""}},
	{"nothing of a domain", "UpdateUserPoolDomain", `{"UserPoolId": "{pool}", "Domain": "auth.shop.test"}`,
		"DescribeUserPoolDomain", `{"Domain": "auth.shop.test"}`, map[string]string{"DomainDescription.ManagedLoginVersion": "2",
			"DomainDescription.CustomDomainConfig.CertificateArn": `"arn:aws:acm:us-east-1:123456789012:certificate/a"`}},
	{"a document's links alone", "UpdateTerms", `{"UserPoolId": "{pool}", "TermsId": "{terms}", "Links": {"cognito:default": "https://example.com/2"}}`,
		"DescribeTerms", `{"UserPoolId": "{pool}", "TermsId": "{terms}"}`, map[string]string{"Terms.TermsName": `"terms-of-use"`, "Terms.Enforcement": `"NONE"`, "Terms.TermsSource": `"LINK"`}},
	{"nothing of a document", "UpdateTerms", `{"UserPoolId": "{pool}", "TermsId": "{terms}"}`,
		"DescribeTerms", `{"UserPoolId": "{pool}", "TermsId": "{terms}"}`, map[string]string{"Terms.Links": `{"cognito:default":"https://example.com/2"}`}},
	{"another setting of a style", "UpdateManagedLoginBranding", `{"UserPoolId": "{pool}", "ManagedLoginBrandingId": "{look}",
		"Settings": {"categories": {"global": {"colorSchemeMode": "DYNAMIC"}}}}`,
		"DescribeManagedLoginBranding", `{"UserPoolId": "{pool}", "ManagedLoginBrandingId": "{look}"}`, map[string]string{
			"ManagedLoginBranding.Settings": `{"categories":{"global":{"colorSchemeMode":"DYNAMIC"}},"components":{"form":{"borderRadius":4}}}`,
			"ManagedLoginBranding.Assets":   `[{"Bytes":"` + drawing + `","Category":"FORM_LOGO","ColorMode":"LIGHT","Extension":"SVG"}]`}},
	{"a risk configuration without passwords", "SetRiskConfiguration", `{"UserPoolId": "{pool}", "RiskExceptionConfiguration": {"SkippedIPRangeList": ["203.0.113.0/24"]}}`,
		"DescribeRiskConfiguration", ofPool, map[string]string{"RiskConfiguration.CompromisedCredentialsRiskConfiguration": "",
			"RiskConfiguration.RiskExceptionConfiguration": `{"SkippedIPRangeList":["203.0.113.0/24"]}`}},
	{"nothing of a risk configuration", "SetRiskConfiguration", ofPool, "DescribeRiskConfiguration", ofPool, map[string]string{"RiskConfiguration.RiskExceptionConfiguration": ""}},
	{"classic pages without an image", "SetUICustomization", `{"UserPoolId": "{pool}", "CSS": ".banner-customizable { background-color: #654321; }"}`,
		"GetUICustomization", ofPool, map[string]string{"UICustomization.ImageUrl": ""}},
	{"no log configurations", "SetLogDeliveryConfiguration", `{"UserPoolId": "{pool}", "LogConfigurations": []}`,
		"GetLogDeliveryConfiguration", ofPool, map[string]string{"LogDeliveryConfiguration.LogConfigurations": "[]"}},
	{"a group's precedence alone", "UpdateGroup", `{"UserPoolId": "{pool}", "GroupName": "g", "Precedence": 7}`,
		"GetGroup", `{"UserPoolId": "{pool}", "GroupName": "g"}`, map[string]string{"Group.Description": `"d"`, "Group.Precedence": "7"}},
}
