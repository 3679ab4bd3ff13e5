package limits

// category is a category of operations with AWS's limit, in calls per second.
type category struct {
	free       int
	operations []string
}

// categories are AWS's categories of the operations that an API call reaches. UserFederation has none: federated sign-ins come
// through the endpoints of pools.
var categories = map[string]category{
	"UserAuthentication":  {120, []string{"AdminInitiateAuth", "AdminRespondToAuthChallenge", "InitiateAuth", "RespondToAuthChallenge"}},
	"UserCreation":        {50, []string{"AdminConfirmSignUp", "AdminCreateUser", "ConfirmSignUp", "SignUp"}},
	"UserAccountRecovery": {30, []string{"AdminResetUserPassword", "AdminSetUserPassword", "ChangePassword", "ConfirmForgotPassword", "ForgotPassword"}},
	"UserRead":            {120, []string{"AdminGetUser", "GetUser"}},
	"UserUpdate": {25, []string{"AdminAddUserToGroup", "AdminDeleteUser", "AdminDeleteUserAttributes", "AdminDisableProviderForUser", "AdminDisableUser",
		"AdminEnableUser", "AdminLinkProviderForUser", "AdminRemoveUserFromGroup", "AdminUpdateUserAttributes", "AdminUserGlobalSignOut", "DeleteUser",
		"DeleteUserAttributes", "GlobalSignOut", "UpdateUserAttributes", "VerifyUserAttribute"}},
	"UserToken": {120, []string{"GetTokensFromRefreshToken", "RevokeToken"}},
	"UserResourceRead": {50, []string{"AdminGetDevice", "AdminListDevices", "AdminListGroupsForUser", "AdminListUserAuthEvents", "GetDevice",
		"GetUserAttributeVerificationCode", "ListDevices", "ResendConfirmationCode"}},
	"UserResourceUpdate": {25, []string{"AdminForgetDevice", "AdminSetUserMFAPreference", "AdminSetUserSettings", "AdminUpdateAuthEventFeedback",
		"AdminUpdateDeviceStatus", "AssociateSoftwareToken", "ConfirmDevice", "ForgetDevice", "SetUserMFAPreference", "SetUserSettings",
		"UpdateAuthEventFeedback", "UpdateDeviceStatus", "VerifySoftwareToken"}},
	"UserList":       {30, []string{"ListUsers", "ListUsersInGroup"}},
	"UserPoolRead":   {15, []string{"DescribeUserPool", "ListUserPools"}},
	"UserPoolUpdate": {15, []string{"CreateUserPool", "DeleteUserPool", "UpdateUserPool"}},
	"UserPoolResourceRead": {20, []string{"DescribeIdentityProvider", "DescribeResourceServer", "DescribeRiskConfiguration", "DescribeUserImportJob",
		"DescribeUserPoolDomain", "GetCSVHeader", "GetGroup", "GetIdentityProviderByIdentifier", "GetSigningCertificate", "GetUICustomization",
		"GetUserPoolMfaConfig", "ListGroups", "ListIdentityProviders", "ListResourceServers", "ListTagsForResource", "ListUserImportJobs"}},
	"UserPoolResourceUpdate": {15, []string{"AddCustomAttributes", "CreateGroup", "CreateIdentityProvider", "CreateResourceServer", "CreateUserImportJob",
		"CreateUserPoolDomain", "DeleteGroup", "DeleteIdentityProvider", "DeleteResourceServer", "DeleteUserPoolDomain", "SetRiskConfiguration",
		"SetUICustomization", "SetUserPoolMfaConfig", "StartUserImportJob", "StopUserImportJob", "TagResource", "UntagResource", "UpdateGroup",
		"UpdateIdentityProvider", "UpdateResourceServer", "UpdateUserPoolDomain"}},
	"UserPoolClientRead":   {15, []string{"DescribeUserPoolClient", "ListUserPoolClients"}},
	"UserPoolClientUpdate": {15, []string{"CreateUserPoolClient", "DeleteUserPoolClient", "UpdateUserPoolClient"}},
	"ClientAuthentication": {150, []string{"GetClientToken"}},
}

// categoryOf has the category of each operation.
var categoryOf = func() map[string]string {
	m := map[string]string{}
	for name, c := range categories {
		for _, operation := range c.operations {
			m[operation] = name
		}
	}
	return m
}()
