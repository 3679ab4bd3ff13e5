package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/directory"
)

// userOperations are the operations on users that administrators call.
func (s *server) userOperations() rpc.Registry {
	return rpc.Registry{
		"AdminConfirmSignUp":        rpc.Handle(s.adminConfirmSignUp),
		"AdminCreateUser":           rpc.Handle(s.adminCreateUser),
		"AdminDeleteUser":           rpc.Handle(s.adminDeleteUser),
		"AdminDeleteUserAttributes": rpc.Handle(s.adminDeleteUserAttributes),
		"AdminDisableUser":          rpc.Handle(s.adminDisableUser),
		"AdminEnableUser":           rpc.Handle(s.adminEnableUser),
		"AdminGetUser":              rpc.Handle(s.adminGetUser),
		"AdminResetUserPassword":    rpc.Handle(s.adminResetUserPassword),
		"AdminSetUserPassword":      rpc.Handle(s.adminSetUserPassword),
		"AdminUpdateUserAttributes": rpc.Handle(s.adminUpdateUserAttributes),
		"AdminUserGlobalSignOut":    rpc.Handle(s.adminUserGlobalSignOut),
		"ListUsers":                 rpc.Handle(s.listUsers),
	}
}

func (s *server) adminCreateUser(ctx context.Context, c *rpc.Call, in *wire.AdminCreateUserRequest) (*wire.AdminCreateUserResponse, error) {
	attrs, err := attributesIn(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	u, err := s.users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: api.Value(in.UserPoolId), Username: api.Value(in.Username),
		Attributes: attrs, Validation: validationIn(in.ValidationData), TemporaryPassword: api.Value(in.TemporaryPassword), Action: api.Value(in.MessageAction),
		Mediums: in.DesiredDeliveryMediums, ForceAlias: api.Value(in.ForceAliasCreation),
		Context: s.clientContext(c, in.ClientMetadata)})
	if err != nil {
		return nil, err
	}
	return &wire.AdminCreateUserResponse{User: userOut(u)}, nil
}

func (s *server) adminGetUser(ctx context.Context, _ *rpc.Call, in *wire.AdminGetUserRequest) (*wire.AdminGetUserResponse, error) {
	u, err := s.users.AdminGetUser(ctx, api.Value(in.UserPoolId), api.Value(in.Username))
	if err != nil {
		return nil, err
	}
	m, err := userMFAOut(u)
	if err != nil {
		return nil, err
	}
	return &wire.AdminGetUserResponse{Username: &u.Username, UserAttributes: attributesOut(u.Attributes), Enabled: &u.Enabled,
		UserStatus: &u.Status, UserCreateDate: api.At(u.CreatedAt), UserLastModifiedDate: api.At(u.ModifiedAt),
		UserMFASettingList: m.list, PreferredMfaSetting: m.preferred, MFAOptions: m.options}, nil
}

func (s *server) listUsers(ctx context.Context, _ *rpc.Call, in *wire.ListUsersRequest) (*wire.ListUsersResponse, error) {
	pool, filter := api.Value(in.UserPoolId), api.Value(in.Filter)
	after, size, err := s.pageOf(in.PaginationToken, in.Limit, "ListUsers", pool, filter)
	if err != nil {
		return nil, err
	}
	list, last, err := s.users.ListUsers(ctx, pool, filter, in.AttributesToGet, after, size)
	if err != nil {
		return nil, err
	}
	token, err := s.next(last, "ListUsers", pool, filter)
	return &wire.ListUsersResponse{Users: usersOut(list), PaginationToken: token}, err
}

func (s *server) adminDeleteUser(ctx context.Context, _ *rpc.Call, in *wire.AdminDeleteUserRequest) (*api.Empty, error) {
	return nil, s.users.AdminDeleteUser(ctx, api.Value(in.UserPoolId), api.Value(in.Username))
}

func (s *server) adminDisableUser(ctx context.Context, _ *rpc.Call, in *wire.AdminDisableUserRequest) (*wire.AdminDisableUserResponse, error) {
	return nil, s.users.AdminDisableUser(ctx, api.Value(in.UserPoolId), api.Value(in.Username))
}

func (s *server) adminEnableUser(ctx context.Context, _ *rpc.Call, in *wire.AdminEnableUserRequest) (*wire.AdminEnableUserResponse, error) {
	return nil, s.users.AdminEnableUser(ctx, api.Value(in.UserPoolId), api.Value(in.Username))
}

func (s *server) adminConfirmSignUp(ctx context.Context, c *rpc.Call, in *wire.AdminConfirmSignUpRequest) (*wire.AdminConfirmSignUpResponse, error) {
	return nil, s.users.AdminConfirmSignUp(ctx, directory.AdminConfirm{PoolID: api.Value(in.UserPoolId), Username: api.Value(in.Username),
		Context: s.clientContext(c, in.ClientMetadata)})
}

func (s *server) adminSetUserPassword(ctx context.Context, _ *rpc.Call, in *wire.AdminSetUserPasswordRequest) (*wire.AdminSetUserPasswordResponse, error) {
	return nil, s.users.AdminSetUserPassword(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.Password), api.Value(in.Permanent))
}

func (s *server) adminResetUserPassword(ctx context.Context, c *rpc.Call, in *wire.AdminResetUserPasswordRequest) (*wire.AdminResetUserPasswordResponse, error) {
	return nil, s.users.AdminResetUserPassword(ctx, directory.AdminReset{PoolID: api.Value(in.UserPoolId), Username: api.Value(in.Username),
		Context: s.clientContext(c, in.ClientMetadata)})
}

func (s *server) adminUpdateUserAttributes(ctx context.Context, c *rpc.Call, in *wire.AdminUpdateUserAttributesRequest) (*wire.AdminUpdateUserAttributesResponse, error) {
	attrs, err := attributesIn(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	return nil, s.users.AdminUpdateUserAttributes(ctx, directory.AdminUpdate{PoolID: api.Value(in.UserPoolId), Username: api.Value(in.Username),
		Attributes: attrs, Context: s.clientContext(c, in.ClientMetadata)})
}

func (s *server) adminDeleteUserAttributes(ctx context.Context, _ *rpc.Call, in *wire.AdminDeleteUserAttributesRequest) (*wire.AdminDeleteUserAttributesResponse, error) {
	return nil, s.users.AdminDeleteUserAttributes(ctx, api.Value(in.UserPoolId), api.Value(in.Username), in.UserAttributeNames)
}

func (s *server) adminUserGlobalSignOut(ctx context.Context, _ *rpc.Call, in *wire.AdminUserGlobalSignOutRequest) (*wire.AdminUserGlobalSignOutResponse, error) {
	return nil, s.users.AdminUserGlobalSignOut(ctx, api.Value(in.UserPoolId), api.Value(in.Username))
}
