package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/directory"
)

// signUpOperations are the operations on sign-up and recovery.
func (s *server) signUpOperations() rpc.Registry {
	return rpc.Registry{
		"ConfirmForgotPassword":  rpc.Handle(s.confirmForgotPassword),
		"ConfirmSignUp":          rpc.Handle(s.confirmSignUp),
		"ForgotPassword":         rpc.Handle(s.forgotPassword),
		"ResendConfirmationCode": rpc.Handle(s.resendConfirmationCode),
		"SignUp":                 rpc.Handle(s.signUp),
	}
}

func (s *server) signUp(ctx context.Context, c *rpc.Call, in *wire.SignUpRequest) (*wire.SignUpResponse, error) {
	attrs, err := attributesIn(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	u, err := s.users.SignUp(ctx, directory.SignUpInput{ClientID: api.Value(in.ClientId), SecretHash: api.Value(in.SecretHash),
		Username: api.Value(in.Username), Password: api.Value(in.Password), Attributes: attrs, Validation: validationIn(in.ValidationData),
		Context: s.userContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.UserContextData)})
	if err != nil {
		return nil, err
	}
	return &wire.SignUpResponse{UserSub: &u.Sub, UserConfirmed: &u.Confirmed, CodeDeliveryDetails: deliveryOut(u.Delivery), Session: textOut(u.Session)}, nil
}

func (s *server) confirmSignUp(ctx context.Context, c *rpc.Call, in *wire.ConfirmSignUpRequest) (*wire.ConfirmSignUpResponse, error) {
	session, err := s.users.ConfirmSignUp(ctx, directory.ConfirmInput{ClientID: api.Value(in.ClientId), SecretHash: api.Value(in.SecretHash),
		Username: api.Value(in.Username), Code: api.Value(in.ConfirmationCode), ForceAlias: api.Value(in.ForceAliasCreation),
		Session: api.Value(in.Session), Context: s.userContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.UserContextData)})
	if err != nil {
		return nil, err
	}
	return &wire.ConfirmSignUpResponse{Session: textOut(session)}, nil
}

func (s *server) resendConfirmationCode(ctx context.Context, c *rpc.Call, in *wire.ResendConfirmationCodeRequest) (*wire.ResendConfirmationCodeResponse, error) {
	d, err := s.users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: api.Value(in.ClientId), SecretHash: api.Value(in.SecretHash),
		Username: api.Value(in.Username), Context: s.userContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.UserContextData)})
	return &wire.ResendConfirmationCodeResponse{CodeDeliveryDetails: deliveryOut(d)}, err
}

func (s *server) forgotPassword(ctx context.Context, c *rpc.Call, in *wire.ForgotPasswordRequest) (*wire.ForgotPasswordResponse, error) {
	d, err := s.users.ForgotPassword(ctx, directory.CodeRequest{ClientID: api.Value(in.ClientId), SecretHash: api.Value(in.SecretHash),
		Username: api.Value(in.Username), Context: s.userContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.UserContextData)})
	return &wire.ForgotPasswordResponse{CodeDeliveryDetails: deliveryOut(d)}, err
}

func (s *server) confirmForgotPassword(ctx context.Context, c *rpc.Call, in *wire.ConfirmForgotPasswordRequest) (*wire.ConfirmForgotPasswordResponse, error) {
	return nil, s.users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: api.Value(in.ClientId), SecretHash: api.Value(in.SecretHash),
		Username: api.Value(in.Username), Code: api.Value(in.ConfirmationCode), Password: api.Value(in.Password),
		Context: s.userContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.UserContextData)})
}

// textOut returns an optional text of an answer, nil for "".
func textOut(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
