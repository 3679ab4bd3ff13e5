package api_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/awsjson"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/api/sts"
)

func validate(t testing.TB, service *api.Service, operation, input string) string {
	t.Helper()
	op := service.Operation(operation)
	if op == nil {
		t.Fatalf("no operation %s", operation)
	}
	in := op.NewInput()
	if err := awsjson.Decode([]byte(input), op.Input, in); err != nil {
		t.Fatalf("decoding: %v", err)
	}
	if err := api.Validate(op.Input, in); err != nil {
		return err.Error()
	}
	return ""
}

func TestValidationErrorsHaveAWSsText(t *testing.T) {
	const userPool = `[\w-]+_[0-9a-zA-Z]+`
	for name, tc := range map[string]struct {
		service   *api.Service
		operation string
		input     string
		want      string
	}{
		"a good input has nothing to say": {&cognitoidp.API, "AdminGetUser",
			`{"UserPoolId":"us-east-1_Ab3","Username":"jane"}`, ""},
		"what is required and left out is null": {&cognitoidp.API, "ConfirmSignUp",
			`{"ClientId":"abc","Username":"jane"}`,
			"1 validation error detected: Value null at 'confirmationCode' failed to satisfy constraint: Member must not be null"},
		"null is left out": {&cognitoidp.API, "AdminGetUser", `{"UserPoolId":null,"Username":"jane"}`,
			"1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null"},
		"an empty string is there, and too short, and does not fit": {&cognitoidp.API, "AdminGetUser",
			`{"UserPoolId":"","Username":"jane"}`,
			"2 validation errors detected: " +
				"Value '' at 'userPoolId' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				"Value '' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: " + userPool},
		"members come in alphabetical order, and sensitive values are not shown": {&cognitoidp.API, "SignUp",
			`{"Username":"with space","Password":"no good ","ClientId":"a-b"}`,
			"3 validation errors detected: " +
				`Value at 'clientId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+]+; ` +
				`Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$; ` +
				`Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		"an enumeration lists its values": {&cognitoidp.API, "UpdateUserPool",
			`{"UserPoolId":"us-east-1_Ab3","MfaConfiguration":"MAYBE"}`,
			"1 validation error detected: Value 'MAYBE' at 'mfaConfiguration' failed to satisfy constraint: " +
				"Member must satisfy enum value set: [OFF, ON, OPTIONAL]"},
		"a number has a value, not a length": {&cognitoidp.API, "ListUserPools", `{"MaxResults":61}`,
			"1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: " +
				"Member must have value less than or equal to 60"},
		"zero is not left out": {&cognitoidp.API, "ListUserPools", `{"MaxResults":0}`,
			"1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: " +
				"Member must have value greater than or equal to 1"},
		"an element of a list of strings speaks through the list": {&cognitoidp.API, "CreateUserPoolClient",
			`{"UserPoolId":"us-east-1_Ab3","ClientName":"web","AllowedOAuthFlows":["code","magic","wand"]}`,
			"1 validation error detected: Value '[code, magic, wand]' at 'allowedOAuthFlows' failed to satisfy constraint: " +
				"Member must satisfy constraint: [Member must satisfy enum value set: [code, implicit, client_credentials]]"},
		"an element of a list of structures has a path": {&cognitoidp.API, "UpdateUserAttributes",
			`{"AccessToken":"a.b.c","UserAttributes":[{"Name":"email","Value":"x"},{"Value":"y"}]}`,
			"1 validation error detected: Value null at 'userAttributes.2.member.name' failed to satisfy constraint: Member must not be null"},
		"a structure inside a structure has a path": {&cognitoidp.API, "CreateUserPool",
			`{"PoolName":"p","Policies":{"PasswordPolicy":{"MinimumLength":5}}}`,
			"1 validation error detected: Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: " +
				"Member must have value greater than or equal to 6"},
		"the values of a sensitive map are not shown": {&cognitoidentity.API, "GetId",
			`{"IdentityPoolId":"us-east-1:00000000-0000-0000-0000-000000000000","Logins":{"graph.facebook.com":""}}`,
			"1 validation error detected: Value at 'logins' failed to satisfy constraint: " +
				"Map value must satisfy constraint: [Member must have length greater than or equal to 1]"},
		"the keys of a map are checked": {&cognitoidentity.API, "SetIdentityPoolRoles",
			`{"IdentityPoolId":"us-east-1:0","Roles":{"guest":"arn:aws:iam::123456789012:role/r"}}`,
			"1 validation error detected: Value '{guest=arn:aws:iam::123456789012:role/r}' at 'roles' failed to satisfy constraint: " +
				"Map keys must satisfy constraint: [Member must satisfy regular expression pattern: (un)?authenticated]"},
		"upper case is no identity pool": {&cognitoidentity.API, "DescribeIdentityPool",
			`{"IdentityPoolId":"us-east-1:ABC"}`,
			"1 validation error detected: Value 'us-east-1:ABC' at 'identityPoolId' failed to satisfy constraint: " +
				`Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`},
		"lengths count characters, not bytes": {&cognitoidp.API, "AdminGetUser",
			`{"UserPoolId":"us-east-1_Ab3","Username":"` + strings.Repeat("é", 128) + `"}`, ""},
		"a value of more characters than it may have": {&cognitoidp.API, "AdminGetUser",
			`{"UserPoolId":"us-east-1_Ab3","Username":"` + strings.Repeat("é", 129) + `"}`,
			"1 validation error detected: Value at 'username' failed to satisfy constraint: " +
				"Member must have length less than or equal to 128"},
		"a pattern matches the whole value": {&cognitoidp.API, "DescribeUserPool", `{"UserPoolId":"us-east-1_Ab3\n"}`,
			"1 validation error detected: Value 'us-east-1_Ab3\n' at 'userPoolId' failed to satisfy constraint: " +
				"Member must satisfy regular expression pattern: " + userPool},
		"only the first letter of a path becomes small": {&sts.API, "AssumeRoleWithSAML",
			`{"RoleArn":"arn:aws:iam::123456789012:role/r","PrincipalArn":"arn:aws:iam::123456789012:saml-provider/p"}`,
			"1 validation error detected: Value null at 'sAMLAssertion' failed to satisfy constraint: Member must not be null"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := validate(t, tc.service, tc.operation, tc.input); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestTheNumberOfViolationsIsBounded(t *testing.T) {
	input := `{"AccessToken":"a","UserAttributes":[` + strings.TrimSuffix(strings.Repeat("{},", 19_000), ",") + `]}`
	got := validate(t, &cognitoidp.API, "UpdateUserAttributes", input)
	if !strings.HasPrefix(got, "100 validation errors detected: ") || len(got) > 20_000 {
		t.Errorf("%d bytes, beginning %.60s", len(got), got)
	}
}

func BenchmarkValidateAdminCreateUser(b *testing.B) {
	op := cognitoidp.API.Operation("AdminCreateUser")
	in := op.NewInput()
	body := `{"UserPoolId":"us-east-1_Ab3","Username":"jane","TemporaryPassword":"Correct-Horse-7",` +
		`"UserAttributes":[{"Name":"email","Value":"jane@example.com"},{"Name":"email_verified","Value":"true"}]}`
	if err := awsjson.Decode([]byte(body), op.Input, in); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := api.Validate(op.Input, in); err != nil {
			b.Fatal(err)
		}
	}
}
