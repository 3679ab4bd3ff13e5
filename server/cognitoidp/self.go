package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/directory"
)

// selfOperations are the operations on the token's user.
func (s *server) selfOperations() rpc.Registry {
	return rpc.Registry{
		"ChangePassword":                   rpc.Handle(s.changePassword),
		"DeleteUser":                       rpc.Handle(s.deleteUser),
		"DeleteUserAttributes":             rpc.Handle(s.deleteUserAttributes),
		"GetUser":                          rpc.Handle(s.getUser),
		"GetUserAttributeVerificationCode": rpc.Handle(s.getUserAttributeVerificationCode),
		"GlobalSignOut":                    rpc.Handle(s.globalSignOut),
		"UpdateUserAttributes":             rpc.Handle(s.updateUserAttributes),
		"VerifyUserAttribute":              rpc.Handle(s.verifyUserAttribute),
	}
}

func (s *server) getUser(ctx context.Context, _ *rpc.Call, in *wire.GetUserRequest) (*wire.GetUserResponse, error) {
	u, err := s.users.GetUser(ctx, api.Value(in.AccessToken))
	if err != nil {
		return nil, err
	}
	m, err := userMFAOut(u)
	if err != nil {
		return nil, err
	}
	return &wire.GetUserResponse{Username: &u.Username, UserAttributes: attributesOut(u.Attributes),
		UserMFASettingList: m.list, PreferredMfaSetting: m.preferred, MFAOptions: m.options}, nil
}

func (s *server) updateUserAttributes(ctx context.Context, c *rpc.Call, in *wire.UpdateUserAttributesRequest) (*wire.UpdateUserAttributesResponse, error) {
	attrs, err := attributesIn(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	list, err := s.users.UpdateUserAttributes(ctx, directory.Update{AccessToken: api.Value(in.AccessToken),
		Attributes: attrs, Context: s.clientContext(c, in.ClientMetadata)})
	if err != nil {
		return nil, err
	}
	out := &wire.UpdateUserAttributesResponse{}
	for _, d := range list {
		out.CodeDeliveryDetailsList = append(out.CodeDeliveryDetailsList, *deliveryOut(&d))
	}
	return out, nil
}

func (s *server) deleteUserAttributes(ctx context.Context, _ *rpc.Call, in *wire.DeleteUserAttributesRequest) (*wire.DeleteUserAttributesResponse, error) {
	return nil, s.users.DeleteUserAttributes(ctx, api.Value(in.AccessToken), in.UserAttributeNames)
}

func (s *server) getUserAttributeVerificationCode(ctx context.Context, c *rpc.Call, in *wire.GetUserAttributeVerificationCodeRequest) (*wire.GetUserAttributeVerificationCodeResponse, error) {
	d, err := s.users.GetUserAttributeVerificationCode(ctx, directory.AttributeCodeRequest{AccessToken: api.Value(in.AccessToken),
		Attribute: api.Value(in.AttributeName), Context: s.clientContext(c, in.ClientMetadata)})
	return &wire.GetUserAttributeVerificationCodeResponse{CodeDeliveryDetails: deliveryOut(d)}, err
}

func (s *server) verifyUserAttribute(ctx context.Context, _ *rpc.Call, in *wire.VerifyUserAttributeRequest) (*wire.VerifyUserAttributeResponse, error) {
	return nil, s.users.VerifyUserAttribute(ctx, api.Value(in.AccessToken), api.Value(in.AttributeName), api.Value(in.Code))
}

func (s *server) changePassword(ctx context.Context, c *rpc.Call, in *wire.ChangePasswordRequest) (*wire.ChangePasswordResponse, error) {
	return nil, s.users.ChangePassword(ctx, api.Value(in.AccessToken), api.Value(in.PreviousPassword), api.Value(in.ProposedPassword), s.clientContext(c, nil))
}

func (s *server) deleteUser(ctx context.Context, _ *rpc.Call, in *wire.DeleteUserRequest) (*api.Empty, error) {
	return nil, s.users.DeleteUser(ctx, api.Value(in.AccessToken))
}

func (s *server) globalSignOut(ctx context.Context, _ *rpc.Call, in *wire.GlobalSignOutRequest) (*wire.GlobalSignOutResponse, error) {
	return nil, s.tokens.GlobalSignOut(ctx, api.Value(in.AccessToken))
}
