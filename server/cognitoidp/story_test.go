package cognitoidp_test

import (
	"maps"
	"testing"
	"time"

	"github.com/sluicegate/sluice/server/cognitoidp"
)

// TestOperationsOnTheWire runs the operations on one pool. The request and answer of each call are in
// testdata/<Operation>/.
func TestOperationsOnTheWire(t *testing.T) {
	b := newTable(t)
	pools(b)
	clients(b)
	people(b)
	signIns(b)
	self(b)
	recovery(b)
	groups(b)
	trackedDevices(b)
	secondFactors(b)
	sessions(b)
	ends(b)
	threats(b)
	for _, play := range []func(*table){passkeys, choices, branded, domains, providers, imports, outside} {
		other := newTable(t)
		play(other)
		maps.Copy(b.played, other.played)
	}
	for _, op := range cognitoidp.Operations() {
		if b.played[op] == 0 {
			t.Errorf("%s has no golden file", op)
		}
	}
}

func pools(b *table) {
	b.play(step{"CreateUserPool", "defaults", `{"PoolName": "plain"}`, map[string]string{"plain": "UserPool.Id"}})
	b.play(step{"CreateUserPool", "rich", `{"PoolName": "notes", "AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"],
		"UsernameConfiguration": {"CaseSensitive": false}, "UserPoolTags": {"team": "a"},
		"Policies": {"PasswordPolicy": {"MinimumLength": 10, "RequireUppercase": true}},
		"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
		"VerificationMessageTemplate": {"EmailMessage": "Hello {username}, {####} it is", "EmailSubject": "A code"},
		"Schema": [{"Name": "email", "Required": true, "Mutable": true}, {"Name": "team", "AttributeDataType": "String",
			"StringAttributeConstraints": {"MaxLength": "20"}}]}`, map[string]string{"pool": "UserPool.Id"}})
	b.play(step{"CreateUserPool", "no name", `{}`, nil})
	poolsThatRequestsCannotMake(b)
	b.play(step{"CreateUserPool", "custom attribute without a type", `{"PoolName": "x", "Schema": [{"Name": "team"}]}`, nil})
	b.play(step{"CreateUserPool", "triggers", `{"PoolName": "x", "LambdaConfig": {"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:f",
		"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:g"}}}`, map[string]string{"triggers": "UserPool.Id"}})
	b.play(step{"CreateUserPool", "access tokens of the tier LITE", `{"PoolName": "x", "UserPoolTier": "LITE", "LambdaConfig": {
		"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:g"}}}`, nil})
	b.play(step{"DeleteUserPool", "with triggers", `{"UserPoolId": "{triggers}"}`, nil})
	b.play(step{"DescribeUserPool", "found", `{"UserPoolId": "{pool}"}`, nil})
	b.play(step{"DescribeUserPool", "unknown", `{"UserPoolId": "us-east-1_doesNotEx"}`, nil})
	b.play(step{"DescribeUserPool", "not an id", `{"UserPoolId": "nonsense"}`, nil})
	b.play(step{"AddCustomAttributes", "added", `{"UserPoolId": "{pool}", "CustomAttributes": [{"Name": "level", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false}]}`, nil})
	b.play(step{"AddCustomAttributes", "twice", `{"UserPoolId": "{pool}", "CustomAttributes": [{"Name": "level", "AttributeDataType": "Number"}]}`, nil})
	b.play(step{"GetUserPoolMfaConfig", "off", `{"UserPoolId": "{pool}"}`, nil})
	b.play(step{"GetUserPoolMfaConfig", "unknown", `{"UserPoolId": "us-east-1_doesNotEx"}`, nil})
	b.play(step{"UpdateUserPool", "keeps or resets what is left out", `{"UserPoolId": "{plain}", "DeletionProtection": "ACTIVE"}`, nil})
	b.play(step{"DescribeUserPool", "after update", `{"UserPoolId": "{plain}"}`, nil})
	b.play(step{"ListTagsForResource", "without tags", `{"ResourceArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{plain}"}`, nil})
	b.play(step{"DeleteUserPool", "protected", `{"UserPoolId": "{plain}"}`, nil})
	b.play(step{"UpdateUserPool", "unprotect", `{"UserPoolId": "{plain}", "DeletionProtection": "INACTIVE"}`, nil})
	b.play(step{"DeleteUserPool", "deleted", `{"UserPoolId": "{plain}"}`, nil})
	b.play(step{"DeleteUserPool", "unknown", `{"UserPoolId": "{plain}"}`, nil})
	b.play(step{"ListUserPools", "last page", `{"MaxResults": 1}`, nil})
	b.play(step{"ListUserPools", "no size", `{}`, nil})
	b.play(step{"ListUserPools", "foreign token", `{"MaxResults": 1, "NextToken": "AAAA"}`, nil})
	b.play(step{"TagResource", "tagged", `{"ResourceArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}", "Tags": {"cost": "7"}}`, nil})
	b.play(step{"TagResource", "a tag of AWS", `{"ResourceArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}", "Tags": {"AWS:cost": "7"}}`, nil})
	b.play(step{"CreateUserPool", "a tag of AWS", `{"PoolName": "x", "UserPoolTags": {"aws:cloudformation:stack-name": "x"}}`, nil})
	b.play(step{"UntagResource", "untagged", `{"ResourceArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}", "TagKeys": ["team"]}`, nil})
	b.play(step{"ListTagsForResource", "listed", `{"ResourceArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}"}`, nil})
	b.play(step{"ListTagsForResource", "another account", `{"ResourceArn": "arn:aws:cognito-idp:us-east-1:210987654321:userpool/{pool}"}`, nil})
}

func clients(b *table) {
	b.play(step{"CreateUserPoolClient", "all flows", `{"UserPoolId": "{pool}", "ClientName": "web", "PreventUserExistenceErrors": "ENABLED",
		"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`,
		map[string]string{"client": "UserPoolClient.ClientId"}})
	b.play(step{"CreateUserPoolClient", "with a secret", `{"UserPoolId": "{pool}", "ClientName": "server", "GenerateSecret": true}`,
		map[string]string{"confidential": "UserPoolClient.ClientId"}})
	b.play(step{"CreateUserPoolClient", "mixed flows", `{"UserPoolId": "{pool}", "ClientName": "x", "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"]}`, nil})
	b.play(step{"CreateUserPoolClient", "lifetime out of range", `{"UserPoolId": "{pool}", "ClientName": "x", "AccessTokenValidity": 2, "TokenValidityUnits": {"AccessToken": "days"}}`, nil})
	b.play(step{"CreateUserPoolClient", "unknown attribute", `{"UserPoolId": "{pool}", "ClientName": "x", "ReadAttributes": ["custom:nothing"]}`, nil})
	b.play(step{"DescribeUserPoolClient", "found", `{"UserPoolId": "{pool}", "ClientId": "{client}"}`, nil})
	b.play(step{"DescribeUserPoolClient", "unknown", `{"UserPoolId": "{pool}", "ClientId": "0nobody0"}`, nil})
	b.play(step{"UpdateUserPoolClient", "secret stays", `{"UserPoolId": "{pool}", "ClientId": "{confidential}", "ClientName": "server2", "AuthSessionValidity": 5}`, nil})
	b.play(step{"ListUserPoolClients", "last page", `{"UserPoolId": "{pool}", "MaxResults": 60}`, nil})
	b.play(step{"DeleteUserPoolClient", "deleted", `{"UserPoolId": "{pool}", "ClientId": "{confidential}"}`, nil})
	b.play(step{"DeleteUserPoolClient", "unknown", `{"UserPoolId": "{pool}", "ClientId": "{confidential}"}`, nil})
}

func people(b *table) {
	b.play(step{"SignUp", "code sent", `{"ClientId": "{client}", "Username": "alice", "Password": "Correct-horse", "UserAttributes": [{"Name": "email", "Value": "test@test.com"}]}`,
		map[string]string{"alice": "UserSub"}})
	b.play(step{"SignUp", "exists", `{"ClientId": "{client}", "Username": "Alice", "Password": "Correct-horse", "UserAttributes": [{"Name": "email", "Value": "x@test.com"}]}`, nil})
	b.play(step{"SignUp", "weak password", `{"ClientId": "{client}", "Username": "bob", "Password": "short", "UserAttributes": [{"Name": "email", "Value": "x@test.com"}]}`, nil})
	b.play(step{"SignUp", "no email", `{"ClientId": "{client}", "Username": "bob", "Password": "Correct-horse"}`, nil})
	b.play(step{"SignUp", "unwritable attribute", `{"ClientId": "{client}", "Username": "bob", "Password": "Correct-horse", "UserAttributes": [{"Name": "email", "Value": "x@test.com"}, {"Name": "email_verified", "Value": "true"}]}`, nil})
	b.play(step{"SignUp", "unknown attribute", `{"ClientId": "{client}", "Username": "bob", "Password": "Correct-horse", "UserAttributes": [{"Name": "custom:foo", "Value": "x"}]}`, nil})
	b.play(step{"SignUp", "undefined attribute", `{"ClientId": "{client}", "Username": "bob", "Password": "Correct-horse", "UserAttributes": [{"Name": "first_name", "Value": "x"}]}`, nil})
	b.play(step{"SignUp", "attribute too short", `{"ClientId": "{client}", "Username": "bob", "Password": "Correct-horse", "UserAttributes": [{"Name": "email", "Value": "x@test.com"}, {"Name": "birthdate", "Value": "1990"}]}`, nil})
	b.play(step{"SignUp", "null", `{"ClientId": "{client}", "Username": "bob", "Password": "Correct-horse", "UserAttributes": [{"Name": "email", "Value": null}]}`, nil})
	b.play(step{"SignUp", "name like an alias", `{"ClientId": "{client}", "Username": "bob@test.com", "Password": "Correct-horse", "UserAttributes": [{"Name": "email", "Value": "x@test.com"}]}`, nil})
	b.play(step{"SignUp", "unknown client", `{"ClientId": "0nobody0", "Username": "bob", "Password": "Correct-horse"}`, nil})
	b.play(step{"ResendConfirmationCode", "sent", `{"ClientId": "{client}", "Username": "alice"}`, nil})
	b.code("signup")
	b.play(step{"ResendConfirmationCode", "unknown user looks alike", `{"ClientId": "{client}", "Username": "t_nobody"}`, nil})
	b.play(step{"ConfirmSignUp", "wrong code", `{"ClientId": "{client}", "Username": "alice", "ConfirmationCode": "nope"}`, nil})
	b.play(step{"ConfirmSignUp", "confirmed", `{"ClientId": "{client}", "Username": "alice", "ConfirmationCode": "{signup}"}`, nil})
	b.play(step{"ConfirmSignUp", "confirmed already", `{"ClientId": "{client}", "Username": "alice", "ConfirmationCode": "{signup}"}`, nil})
	b.play(step{"AdminCreateUser", "invited", `{"UserPoolId": "{pool}", "Username": "bob", "TemporaryPassword": "Temporary-1", "UserAttributes": [{"Name": "email", "Value": "bob@test.com"}, {"Name": "custom:level", "Value": "3"}]}`, nil})
	b.play(step{"AdminCreateUser", "exists", `{"UserPoolId": "{pool}", "Username": "bob", "UserAttributes": [{"Name": "email", "Value": "bob@test.com"}]}`, nil})
	b.play(step{"AdminCreateUser", "resend to nobody", `{"UserPoolId": "{pool}", "Username": "nobody", "MessageAction": "RESEND"}`, nil})
	b.play(step{"AdminCreateUser", "resend to one who has come", `{"UserPoolId": "{pool}", "Username": "alice", "MessageAction": "RESEND"}`, nil})
	b.play(step{"AdminGetUser", "found by name", `{"UserPoolId": "{pool}", "Username": "ALICE"}`, nil})
	b.play(step{"AdminGetUser", "found by alias", `{"UserPoolId": "{pool}", "Username": "test@test.com"}`, nil})
	b.play(step{"AdminGetUser", "unverified address is no alias", `{"UserPoolId": "{pool}", "Username": "bob@test.com"}`, nil})
	b.play(step{"AdminSetUserPassword", "temporary", `{"UserPoolId": "{pool}", "Username": "bob", "Password": "Temporary-2", "Permanent": false}`, nil})
	b.play(step{"AdminSetUserPassword", "weak", `{"UserPoolId": "{pool}", "Username": "bob", "Password": "lowercase-only", "Permanent": true}`, nil})
	b.play(step{"AdminCreateUser", "null", `{"UserPoolId": "{pool}", "Username": "bea", "UserAttributes": [{"Name": "picture"}]}`, nil})
	b.play(step{"AdminCreateUser", "without the address for the message", `{"UserPoolId": "{pool}", "Username": "bea", "DesiredDeliveryMediums": ["EMAIL"]}`, nil})
	b.play(step{"AdminCreateUser", "without the address that is marked", `{"UserPoolId": "{pool}", "Username": "bea", "UserAttributes": [{"Name": "email_verified", "Value": "True"}]}`, nil})
	b.play(step{"AdminUpdateUserAttributes", "null", `{"UserPoolId": "{pool}", "Username": "bob", "UserAttributes": [{"Name": "name", "Value": null}]}`, nil})
	b.play(step{"AdminUpdateUserAttributes", "updated", `{"UserPoolId": "{pool}", "Username": "bob", "UserAttributes": [{"Name": "email_verified", "Value": "True"}, {"Name": "name", "Value": "Bob"}]}`, nil})
	b.play(step{"AdminDeleteUserAttributes", "deleted", `{"UserPoolId": "{pool}", "Username": "bob", "UserAttributeNames": ["name"]}`, nil})
	b.play(step{"AdminDeleteUserAttributes", "unknown", `{"UserPoolId": "{pool}", "Username": "bob", "UserAttributeNames": ["custom:foo", "custom:bar"]}`, nil})
	b.play(step{"AdminConfirmSignUp", "not one who signed up", `{"UserPoolId": "{pool}", "Username": "bob"}`, nil})
	b.play(step{"AdminResetUserPassword", "not in this state", `{"UserPoolId": "{pool}", "Username": "bob"}`, nil})
	b.play(step{"ListUsers", "filtered", `{"UserPoolId": "{pool}", "Filter": "email ^= \"bob\"", "AttributesToGet": ["email"]}`, nil})
	b.play(step{"ListUsers", "bad filter", `{"UserPoolId": "{pool}", "Filter": "email bob"}`, nil})
	b.play(step{"ListUsers", "custom attribute", `{"UserPoolId": "{pool}", "Filter": "custom:level = \"3\""}`, nil})
	b.play(step{"ListUsers", "nobody", `{"UserPoolId": "{pool}", "Filter": "status = \"Disabled\""}`, nil})
}

func signIns(b *table) {
	b.play(step{"InitiateAuth", "new password required", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "bob", "PASSWORD": "Temporary-2"}}`,
		map[string]string{"session": "Session"}})
	b.play(step{"RespondToAuthChallenge", "weak password", `{"ClientId": "{client}", "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "{session}", "ChallengeResponses": {"USERNAME": "bob", "NEW_PASSWORD": "weak"}}`, nil})
	b.play(step{"RespondToAuthChallenge", "tokens", `{"ClientId": "{client}", "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "{session}", "ChallengeResponses": {"USERNAME": "bob", "NEW_PASSWORD": "Own-password"}}`, nil})
	b.play(step{"RespondToAuthChallenge", "session used", `{"ClientId": "{client}", "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "{session}", "ChallengeResponses": {"USERNAME": "bob", "NEW_PASSWORD": "Own-password"}}`, nil})
	b.play(step{"RespondToAuthChallenge", "session forged", `{"ClientId": "{client}", "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "AYABeBBBBBBBBBBBBBBBBBBBBBBBB", "ChallengeResponses": {"USERNAME": "bob", "NEW_PASSWORD": "Own-password"}}`, nil})
	b.play(step{"RespondToAuthChallenge", "challenge that is not there", `{"ClientId": "{client}", "ChallengeName": "SMS_MFA", "Session": "AYABeBBBBBBBBBBBBBBBBBBBBBBBB", "ChallengeResponses": {"USERNAME": "bob"}}`, nil})
	b.play(step{"AdminSetUserPassword", "temporary again", `{"UserPoolId": "{pool}", "Username": "bob", "Password": "Temporary-3", "Permanent": false}`, nil})
	b.play(step{"AdminInitiateAuth", "new password required", `{"UserPoolId": "{pool}", "ClientId": "{client}", "AuthFlow": "ADMIN_NO_SRP_AUTH", "AuthParameters": {"USERNAME": "bob", "PASSWORD": "Temporary-3"}}`,
		map[string]string{"session2": "Session"}})
	b.play(step{"AdminRespondToAuthChallenge", "tokens", `{"UserPoolId": "{pool}", "ClientId": "{client}", "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "{session2}", "ChallengeResponses": {"USERNAME": "bob", "NEW_PASSWORD": "Temporary-3"}}`, nil})
	b.play(step{"AdminInitiateAuth", "tokens", `{"UserPoolId": "{pool}", "ClientId": "{client}", "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "bob", "PASSWORD": "Temporary-3"}}`, nil})
	b.play(step{"AdminInitiateAuth", "a user's flow", `{"UserPoolId": "{pool}", "ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "bob", "PASSWORD": "Temporary-3"}}`, nil})
	b.play(step{"InitiateAuth", "tokens", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "test@test.com", "PASSWORD": "Correct-horse"}}`,
		map[string]string{"access": "AuthenticationResult.AccessToken", "refresh": "AuthenticationResult.RefreshToken"}})
	b.play(step{"InitiateAuth", "SRP challenge", `{"ClientId": "{client}", "AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "test@test.com", "SRP_A": "abcdef"}}`, nil})
	b.play(step{"InitiateAuth", "wrong password", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "alice", "PASSWORD": "Incorrect-horse"}}`, nil})
	b.play(step{"InitiateAuth", "unknown user", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "nobody", "PASSWORD": "Incorrect-horse"}}`, nil})
	b.play(step{"InitiateAuth", "not a flow", `{"ClientId": "{client}", "AuthFlow": "TRUST_ME"}`, nil})
	b.play(step{"InitiateAuth", "refreshed", `{"ClientId": "{client}", "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "{refresh}"}}`, nil})
	b.play(step{"InitiateAuth", "refresh token forged", `{"ClientId": "{client}", "AuthFlow": "REFRESH_TOKEN", "AuthParameters": {"REFRESH_TOKEN": "garbage"}}`, nil})
	b.play(step{"GetTokensFromRefreshToken", "refreshed", `{"ClientId": "{client}", "RefreshToken": "{refresh}"}`, nil})
	b.play(step{"GetTokensFromRefreshToken", "forged", `{"ClientId": "{client}", "RefreshToken": "garbage"}`, nil})
}

func self(b *table) {
	b.play(step{"GetUser", "found", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"GetUser", "forged", `{"AccessToken": "a.b.c"}`, nil})
	b.play(step{"UpdateUserAttributes", "code sent", `{"AccessToken": "{access}", "UserAttributes": [{"Name": "email", "Value": "new@test.com"}, {"Name": "nickname", "Value": "al"}]}`, nil})
	b.code("proof")
	b.play(step{"UpdateUserAttributes", "null", `{"AccessToken": "{access}", "UserAttributes": [{"Name": "nickname"}]}`, nil})
	b.play(step{"UpdateUserAttributes", "attribute too short", `{"AccessToken": "{access}", "UserAttributes": [{"Name": "birthdate", "Value": "1990"}, {"Name": "custom:foo", "Value": "x"}]}`, nil})
	b.play(step{"UpdateUserAttributes", "required", `{"AccessToken": "{access}", "UserAttributes": [{"Name": "email", "Value": ""}]}`, nil})
	b.play(step{"UpdateUserAttributes", "unwritable", `{"AccessToken": "{access}", "UserAttributes": [{"Name": "custom:level", "Value": "9"}]}`, nil})
	b.play(step{"VerifyUserAttribute", "wrong code", `{"AccessToken": "{access}", "AttributeName": "email", "Code": "nope"}`, nil})
	b.play(step{"VerifyUserAttribute", "no such address", `{"AccessToken": "{access}", "AttributeName": "phone_number", "Code": "123456"}`, nil})
	b.play(step{"VerifyUserAttribute", "no address", `{"AccessToken": "{access}", "AttributeName": "nickname", "Code": "123456"}`, nil})
	b.play(step{"VerifyUserAttribute", "verified", `{"AccessToken": "{access}", "AttributeName": "email", "Code": "{proof}"}`, nil})
	b.play(step{"GetUserAttributeVerificationCode", "sent", `{"AccessToken": "{access}", "AttributeName": "email"}`, nil})
	b.play(step{"GetUserAttributeVerificationCode", "no such address", `{"AccessToken": "{access}", "AttributeName": "phone_number"}`, nil})
	b.play(step{"GetUserAttributeVerificationCode", "no address", `{"AccessToken": "{access}", "AttributeName": "nickname"}`, nil})
	b.play(step{"DeleteUserAttributes", "deleted", `{"AccessToken": "{access}", "UserAttributeNames": ["nickname"]}`, nil})
	b.play(step{"DeleteUserAttributes", "required", `{"AccessToken": "{access}", "UserAttributeNames": ["email"]}`, nil})
	b.play(step{"ChangePassword", "wrong", `{"AccessToken": "{access}", "PreviousPassword": "Incorrect-horse", "ProposedPassword": "Another-horse"}`, nil})
	b.play(step{"ChangePassword", "changed", `{"AccessToken": "{access}", "PreviousPassword": "Correct-horse", "ProposedPassword": "Another-horse"}`, nil})
}

func recovery(b *table) {
	b.play(step{"ForgotPassword", "sent", `{"ClientId": "{client}", "Username": "alice"}`, nil})
	b.play(step{"ForgotPassword", "unknown user looks alike", `{"ClientId": "{client}", "Username": "nobody@test.com"}`, nil})
	b.code("forgot")
	b.play(step{"ConfirmForgotPassword", "wrong code", `{"ClientId": "{client}", "Username": "alice", "ConfirmationCode": "nope", "Password": "Third-horse"}`, nil})
	b.play(step{"ConfirmForgotPassword", "changed", `{"ClientId": "{client}", "Username": "alice", "ConfirmationCode": "{forgot}", "Password": "Third-horse"}`, nil})
	b.play(step{"ConfirmForgotPassword", "code used", `{"ClientId": "{client}", "Username": "alice", "ConfirmationCode": "{forgot}", "Password": "Third-horse"}`, nil})
	b.play(step{"AdminResetUserPassword", "reset", `{"UserPoolId": "{pool}", "Username": "alice"}`, nil})
	b.play(step{"InitiateAuth", "reset required", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "alice", "PASSWORD": "Third-horse"}}`, nil})
	b.play(step{"AdminSetUserPassword", "permanent", `{"UserPoolId": "{pool}", "Username": "alice", "Password": "Correct-horse", "Permanent": true}`, nil})
}

func groups(b *table) {
	b.play(step{"CreateGroup", "created", `{"UserPoolId": "{pool}", "GroupName": "editors", "Precedence": 0, "RoleArn": "arn:aws:iam::123456789012:role/notes-editor", "Description": "may write"}`, nil})
	b.play(step{"CreateGroup", "plain", `{"UserPoolId": "{pool}", "GroupName": "readers"}`, nil})
	b.play(step{"CreateGroup", "exists", `{"UserPoolId": "{pool}", "GroupName": "readers"}`, nil})
	b.play(step{"GetGroup", "found", `{"UserPoolId": "{pool}", "GroupName": "editors"}`, nil})
	b.play(step{"GetGroup", "unknown", `{"UserPoolId": "{pool}", "GroupName": "nobodies"}`, nil})
	b.forward(time.Minute)
	b.play(step{"UpdateGroup", "updated", `{"UserPoolId": "{pool}", "GroupName": "readers", "Precedence": 7}`, nil})
	b.play(step{"AdminAddUserToGroup", "added", `{"UserPoolId": "{pool}", "GroupName": "readers", "Username": "alice"}`, nil})
	b.play(step{"AdminAddUserToGroup", "twice", `{"UserPoolId": "{pool}", "GroupName": "readers", "Username": "alice"}`, nil})
	b.play(step{"AdminAddUserToGroup", "unknown group", `{"UserPoolId": "{pool}", "GroupName": "nobodies", "Username": "alice"}`, nil})
	b.play(step{"AdminAddUserToGroup", "unknown user", `{"UserPoolId": "{pool}", "GroupName": "readers", "Username": "nobody"}`, nil})
	b.play(step{"AdminListGroupsForUser", "listed", `{"UserPoolId": "{pool}", "Username": "alice"}`, nil})
	b.play(step{"ListUsersInGroup", "listed", `{"UserPoolId": "{pool}", "GroupName": "readers"}`, nil})
	b.play(step{"ListGroups", "first page", `{"UserPoolId": "{pool}", "Limit": 1}`, map[string]string{"page": "NextToken"}})
	b.play(step{"ListGroups", "last page", `{"UserPoolId": "{pool}", "Limit": 1, "NextToken": "{page}"}`, nil})
	b.play(step{"ListUserPoolClients", "foreign token", `{"UserPoolId": "{pool}", "MaxResults": 1, "NextToken": "{page}"}`, nil})
	b.play(step{"AdminRemoveUserFromGroup", "removed", `{"UserPoolId": "{pool}", "GroupName": "readers", "Username": "alice"}`, nil})
	b.play(step{"DeleteGroup", "deleted", `{"UserPoolId": "{pool}", "GroupName": "readers"}`, nil})
	b.play(step{"DeleteGroup", "unknown", `{"UserPoolId": "{pool}", "GroupName": "readers"}`, nil})
}

func ends(b *table) {
	tokens := step{"InitiateAuth", "tokens again", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "alice", "PASSWORD": "Correct-horse"}}`,
		map[string]string{"access": "AuthenticationResult.AccessToken", "refresh": "AuthenticationResult.RefreshToken"}}
	b.play(tokens)
	b.play(step{"RevokeToken", "revoked", `{"ClientId": "{client}", "Token": "{refresh}"}`, nil})
	b.play(step{"RevokeToken", "twice", `{"ClientId": "{client}", "Token": "{refresh}"}`, nil})
	b.play(step{"RevokeToken", "an access token", `{"ClientId": "{client}", "Token": "{access}"}`, nil})
	b.play(step{"CreateUserPoolClient", "for GetClientToken", `{"UserPoolId": "{pool}", "ClientName": "machine", "GenerateSecret": true, "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"], "AllowedOAuthScopes": ["aws.cognito/dcr/register"]}`,
		map[string]string{"machine": "UserPoolClient.ClientId", "machineSecret": "UserPoolClient.ClientSecret"}})
	b.play(step{"GetClientToken", "tokens", `{"ClientId": "{machine}", "Secret": "{machineSecret}"}`, map[string]string{"machineToken": "ClientAuthenticationResult.AccessToken"}})
	b.play(step{"GetClientToken", "unknown scope", `{"ClientId": "{machine}", "Secret": "{machineSecret}", "Scopes": ["a/b"]}`, nil})
	b.play(step{"GetClientToken", "wrong secret", `{"ClientId": "{machine}", "Secret": "0000000000000000000000000000000000000000"}`, nil})
	b.play(step{"GetClientToken", "client without the flow", `{"ClientId": "{client}", "Secret": "0000000000000000000000000000000000000000"}`, nil})
	b.play(step{"RevokeToken", "unknown client", `{"ClientId": "0nobody0", "Token": "{refresh}"}`, nil})
	b.play(step{"GetUser", "revoked", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"InitiateAuth", "refresh token revoked", `{"ClientId": "{client}", "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "{refresh}"}}`, nil})
	b.play(tokens)
	b.play(step{"GlobalSignOut", "signed out", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"GlobalSignOut", "twice", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"AdminUserGlobalSignOut", "signed out", `{"UserPoolId": "{pool}", "Username": "alice"}`, nil})
	b.play(step{"AdminDisableUser", "disabled", `{"UserPoolId": "{pool}", "Username": "alice"}`, nil})
	b.play(step{"GetUser", "disabled", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"InitiateAuth", "disabled", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "alice", "PASSWORD": "Correct-horse"}}`, nil})
	b.play(step{"AdminEnableUser", "enabled", `{"UserPoolId": "{pool}", "Username": "alice"}`, nil})
	b.play(step{"SignUp", "to be confirmed by an administrator", `{"ClientId": "{client}", "Username": "carol", "Password": "Correct-horse", "UserAttributes": [{"Name": "email", "Value": "carol@test.com"}]}`, nil})
	b.play(step{"InitiateAuth", "not confirmed", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "carol", "PASSWORD": "Correct-horse"}}`, nil})
	b.play(step{"AdminConfirmSignUp", "confirmed", `{"UserPoolId": "{pool}", "Username": "carol"}`, nil})
	b.play(tokens)
	b.play(step{"DeleteUser", "deleted", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"GetUser", "deleted", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"AdminDeleteUser", "deleted", `{"UserPoolId": "{pool}", "Username": "bob"}`, nil})
	b.play(step{"AdminDeleteUser", "unknown", `{"UserPoolId": "{pool}", "Username": "bob"}`, nil})
}

// poolsThatRequestsCannotMake plays what is refused in requests only.
func poolsThatRequestsCannotMake(b *table) {
	for name, settings := range map[string]string{
		"password policy without a length":   `"Policies": {"PasswordPolicy": {"RequireUppercase": true}}`,
		"first factors without a password":   `"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["EMAIL_OTP"]}}`,
		"sender that is no address":          `"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "From": "not an address", "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/a.test"}`,
		"invitation without a password":      `"AdminCreateUserConfig": {"InviteMessageTemplate": {"EmailMessage": "Welcome {username}."}}`,
		"recovery by one address twice":      `"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}, {"Name": "verified_email", "Priority": 2}]}`,
		"invitation by SMS without password": `"AdminCreateUserConfig": {"InviteMessageTemplate": {"SMSMessage": "Welcome {username}."}}`,
	} {
		b.play(step{"CreateUserPool", name, `{"PoolName": "x", ` + settings + `}`, nil})
	}
	b.play(step{"CreateUserPoolClient", "addresses of users without a secret", `{"UserPoolId": "{plain}", "ClientName": "c", "EnablePropagateAdditionalUserContextData": true}`, nil})
	b.play(step{"CreateUserPoolClient", "application without a role", `{"UserPoolId": "{plain}", "ClientName": "c", "AnalyticsConfiguration": {"ApplicationId": "a"}}`, nil})
	b.play(step{"UpdateUserPool", "invitation without a password", `{"UserPoolId": "{plain}", "AdminCreateUserConfig": {"InviteMessageTemplate": {"EmailMessage": "Welcome {username}."}}}`, nil})
	b.play(step{"UpdateUserPool", "password policy without a length", `{"UserPoolId": "{plain}", "Policies": {"PasswordPolicy": {"RequireSymbols": true}}}`, nil})
}
