package pull

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/relay"
)

func TestUsersKeepWhatTheOldPoolShows(t *testing.T) {
	at := time.Date(2026, 11, 1, 2, 3, 4, 567_891_000, time.FixedZone("", 3600))
	attribute := func(name, v string) types.AttributeType { return types.AttributeType{Name: &name, Value: &v} }
	for status, want := range map[types.UserStatusType]struct {
		status    string
		elsewhere bool
	}{
		"CONFIRMED":             {"CONFIRMED", true},
		"UNCONFIRMED":           {"UNCONFIRMED", true},
		"FORCE_CHANGE_PASSWORD": {"FORCE_CHANGE_PASSWORD", true},
		"RESET_REQUIRED":        {"RESET_REQUIRED", false},
		"EXTERNAL_PROVIDER":     {"EXTERNAL_PROVIDER", false},
		"COMPROMISED":           {"RESET_REQUIRED", false},
		"UNKNOWN":               {"RESET_REQUIRED", false},
	} {
		u := newPulled(&types.UserType{Username: new("alice"), UserStatus: status, Enabled: true, UserCreateDate: &at, UserLastModifiedDate: &at,
			Attributes: []types.AttributeType{attribute("sub", "0b9f1e5c-0000-4000-8000-000000000001"), attribute("email", "a@example.com"),
				attribute("identities", `[{"userId":"123","providerName":"Google","providerType":"Google","issuer":null,"primary":true,"dateCreated":1793588645678}]`),
				attribute("cognito:mfa_enabled", "")}})
		e := u.entry
		if e.Status != want.status || e.Elsewhere != want.elsewhere || e.Disabled || e.Sub != "0b9f1e5c-0000-4000-8000-000000000001" || len(e.Attributes) != 1 ||
			e.Created.Nanosecond() != 567_000_000 || e.Created.Location() != time.UTC {
			t.Errorf("%s: %+v", status, e)
		}
		if len(u.identities) != 1 || u.identities[0].UserID != "123" || !u.identities[0].Primary {
			t.Errorf("%s: %+v", status, u.identities)
		}
	}
}

func TestTagsThatOnlyAWSMaySetAreLeftOut(t *testing.T) {
	s, err := poolSettings(json.RawMessage(`{"UserPoolTags": {"aws:cloudformation:stack-name": "x", "AWS:a": "b", "awsome": "c", "team": "d"}}`))
	if err != nil || len(s.UserPoolTags) != 2 || s.UserPoolTags["team"] != "d" || s.UserPoolTags["awsome"] != "c" {
		t.Error(s.UserPoolTags, err)
	}
}

func TestASchemaIsWhatCreateUserPoolTakes(t *testing.T) {
	var list any
	if err := json.Unmarshal([]byte(`[{"Name": "sub", "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Required": true},
		{"Name": "identities", "AttributeDataType": "String"}, {"Name": "custom:team", "AttributeDataType": "String", "StringAttributeConstraints": {}},
		{"Name": "dev:custom:level", "AttributeDataType": "Number", "DeveloperOnlyAttribute": true, "Mutable": true}]`), &list); err != nil {
		t.Fatal(err)
	}
	settings, err := parsed(map[string]any{"Schema": schema(list), "Policies": nil, "Name": ""}, func(data json.RawMessage) (userpool.PoolSettings, error) {
		s, _, err := userpool.ParsePoolSettings(data)
		return s, err
	})
	if err == nil {
		err = settings.Complete(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"sub": true, "custom:team": true, "dev:custom:level": true, "identities": false, "team": false} {
		if settings.Has(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestTheBestClientIsAsked(t *testing.T) {
	key := &relay.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "s"}
	for name, tc := range map[string]struct {
		flows []types.ExplicitAuthFlowsType
		key   *relay.Credentials
		want  string
	}{
		"password":                  {[]types.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"}, nil, relay.PasswordFlow},
		"the old name of password":  {[]types.ExplicitAuthFlowsType{"USER_PASSWORD_AUTH"}, nil, relay.PasswordFlow},
		"SRP":                       {[]types.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"}, nil, relay.SRPFlow},
		"SRP, by default":           {nil, nil, relay.SRPFlow},
		"admin without a key":       {[]types.ExplicitAuthFlowsType{"ALLOW_ADMIN_USER_PASSWORD_AUTH"}, nil, ""},
		"admin":                     {[]types.ExplicitAuthFlowsType{"ADMIN_NO_SRP_AUTH"}, key, relay.AdminFlow},
		"choice, without passwords": {[]types.ExplicitAuthFlowsType{"ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH"}, nil, ""},
	} {
		s := &Service{in: Request{Credentials: tc.key}}
		got := ""
		if list := s.flows(tc.flows); len(list) > 0 {
			got = list[0]
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
