package cognitoidp

import (
	"net/http"
	"net/netip"

	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Options are what Registry needs.
type Options struct {
	Provider *idp.Provider                    // nil if only the names of the operations are wanted
	ClientIP func(r *http.Request) netip.Addr // returns where a request comes from; nil if that is not known
}

// server holds the services behind the operations.
type server struct {
	pools    *userpool.Service
	tokens   *tokens.Service
	users    *directory.Service
	signIns  *signin.Machine
	clientIP func(*http.Request) netip.Addr
}

// Registry returns the functions of the API.
func Registry(o Options) rpc.Registry {
	s := &server{clientIP: o.ClientIP}
	if p := o.Provider; p != nil {
		s.pools, s.tokens, s.users, s.signIns = p.Pools, p.Tokens, p.Users, p.SignIns
	}
	return rpc.Registry{
		"AddCustomAttributes":              rpc.Handle(s.addCustomAttributes),
		"AdminAddUserToGroup":              rpc.Handle(s.adminAddUserToGroup),
		"AdminConfirmSignUp":               rpc.Handle(s.adminConfirmSignUp),
		"AdminCreateUser":                  rpc.Handle(s.adminCreateUser),
		"AdminDeleteUser":                  rpc.Handle(s.adminDeleteUser),
		"AdminDeleteUserAttributes":        rpc.Handle(s.adminDeleteUserAttributes),
		"AdminDisableUser":                 rpc.Handle(s.adminDisableUser),
		"AdminEnableUser":                  rpc.Handle(s.adminEnableUser),
		"AdminGetUser":                     rpc.Handle(s.adminGetUser),
		"AdminInitiateAuth":                rpc.Handle(s.adminInitiateAuth),
		"AdminListGroupsForUser":           rpc.Handle(s.adminListGroupsForUser),
		"AdminRemoveUserFromGroup":         rpc.Handle(s.adminRemoveUserFromGroup),
		"AdminResetUserPassword":           rpc.Handle(s.adminResetUserPassword),
		"AdminRespondToAuthChallenge":      rpc.Handle(s.adminRespondToAuthChallenge),
		"AdminSetUserPassword":             rpc.Handle(s.adminSetUserPassword),
		"AdminUpdateUserAttributes":        rpc.Handle(s.adminUpdateUserAttributes),
		"AdminUserGlobalSignOut":           rpc.Handle(s.adminUserGlobalSignOut),
		"ChangePassword":                   rpc.Handle(s.changePassword),
		"ConfirmForgotPassword":            rpc.Handle(s.confirmForgotPassword),
		"ConfirmSignUp":                    rpc.Handle(s.confirmSignUp),
		"CreateGroup":                      rpc.Handle(s.createGroup),
		"CreateUserPool":                   rpc.Handle(s.createUserPool),
		"CreateUserPoolClient":             rpc.Handle(s.createUserPoolClient),
		"DeleteGroup":                      rpc.Handle(s.deleteGroup),
		"DeleteUser":                       rpc.Handle(s.deleteUser),
		"DeleteUserAttributes":             rpc.Handle(s.deleteUserAttributes),
		"DeleteUserPool":                   rpc.Handle(s.deleteUserPool),
		"DeleteUserPoolClient":             rpc.Handle(s.deleteUserPoolClient),
		"DescribeUserPool":                 rpc.Handle(s.describeUserPool),
		"DescribeUserPoolClient":           rpc.Handle(s.describeUserPoolClient),
		"ForgotPassword":                   rpc.Handle(s.forgotPassword),
		"GetGroup":                         rpc.Handle(s.getGroup),
		"GetTokensFromRefreshToken":        rpc.Handle(s.getTokensFromRefreshToken),
		"GetUser":                          rpc.Handle(s.getUser),
		"GetUserAttributeVerificationCode": rpc.Handle(s.getUserAttributeVerificationCode),
		"GlobalSignOut":                    rpc.Handle(s.globalSignOut),
		"InitiateAuth":                     rpc.Handle(s.initiateAuth),
		"ListGroups":                       rpc.Handle(s.listGroups),
		"ListTagsForResource":              rpc.Handle(s.listTagsForResource),
		"ListUserPoolClients":              rpc.Handle(s.listUserPoolClients),
		"ListUserPools":                    rpc.Handle(s.listUserPools),
		"ListUsers":                        rpc.Handle(s.listUsers),
		"ListUsersInGroup":                 rpc.Handle(s.listUsersInGroup),
		"ResendConfirmationCode":           rpc.Handle(s.resendConfirmationCode),
		"RespondToAuthChallenge":           rpc.Handle(s.respondToAuthChallenge),
		"RevokeToken":                      rpc.Handle(s.revokeToken),
		"SignUp":                           rpc.Handle(s.signUp),
		"TagResource":                      rpc.Handle(s.tagResource),
		"UntagResource":                    rpc.Handle(s.untagResource),
		"UpdateGroup":                      rpc.Handle(s.updateGroup),
		"UpdateUserAttributes":             rpc.Handle(s.updateUserAttributes),
		"UpdateUserPool":                   rpc.Handle(s.updateUserPool),
		"UpdateUserPoolClient":             rpc.Handle(s.updateUserPoolClient),
		"VerifyUserAttribute":              rpc.Handle(s.verifyUserAttribute),
	}
}

// Operations returns the names of the operations that have a function.
func Operations() []string { return Registry(Options{}).Operations() }
