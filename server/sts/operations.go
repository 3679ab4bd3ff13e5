package sts

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

func (s *server) assumeRole(ctx context.Context, c *rpc.Call, in *sts.AssumeRoleRequest) (*sts.AssumeRoleResponse, error) {
	if in.TokenCode != nil || in.SerialNumber != nil || len(in.ProvidedContexts) > 0 {
		return nil, errNoMFA
	}
	out, err := s.IAM.AssumeRole(ctx, s.caller(c), iam.AssumeRoleInput{
		RoleARN: api.Value(in.RoleArn), SessionName: api.Value(in.RoleSessionName),
		Limits: limits(in.Policy, in.PolicyArns, in.DurationSeconds), Tags: tags(in.Tags),
		TransitiveKeys: in.TransitiveTagKeys, ExternalID: api.Value(in.ExternalId),
		SourceIdentity: api.Value(in.SourceIdentity),
	})
	if err != nil {
		return nil, err
	}
	s.minted(c)
	return &sts.AssumeRoleResponse{
		AssumedRoleUser: &sts.AssumedRoleUser{Arn: &out.ARN, AssumedRoleId: &out.ID}, Credentials: credentials(out.Credentials),
		PackedPolicySize: packed(out.PackedPolicySize), SourceIdentity: api.Optional(out.SourceIdentity),
	}, nil
}

func (s *server) assumeRoleWithSAML(ctx context.Context, c *rpc.Call, in *sts.AssumeRoleWithSAMLRequest) (*sts.AssumeRoleWithSAMLResponse, error) {
	out, err := s.IAM.AssumeRoleWithSAML(ctx, iam.SAMLInput{RoleARN: api.Value(in.RoleArn), ProviderARN: api.Value(in.PrincipalArn),
		Assertion: api.Value(in.SAMLAssertion), Limits: limits(in.Policy, in.PolicyArns, in.DurationSeconds), Env: s.env(c)})
	if err != nil {
		return nil, err
	}
	s.minted(c)
	return &sts.AssumeRoleWithSAMLResponse{
		AssumedRoleUser: &sts.AssumedRoleUser{Arn: &out.ARN, AssumedRoleId: &out.ID}, Credentials: credentials(out.Credentials),
		PackedPolicySize: packed(out.PackedPolicySize), SourceIdentity: api.Optional(out.SourceIdentity), Audience: &out.Audience, Issuer: &out.Issuer,
		NameQualifier: &out.NameQualifier, Subject: &out.Subject, SubjectType: api.Optional(out.SubjectType),
	}, nil
}

func (s *server) assumeRoleWithWebIdentity(ctx context.Context, c *rpc.Call, in *sts.AssumeRoleWithWebIdentityRequest) (*sts.AssumeRoleWithWebIdentityResponse, error) {
	out, err := s.IAM.AssumeRoleWithWebIdentity(ctx, iam.WebIdentityInput{
		RoleARN: api.Value(in.RoleArn), SessionName: api.Value(in.RoleSessionName), Token: api.Value(in.WebIdentityToken),
		ProviderID: api.Value(in.ProviderId), Limits: limits(in.Policy, in.PolicyArns, in.DurationSeconds), Env: s.env(c),
	})
	if err != nil {
		return nil, err
	}
	s.minted(c)
	return &sts.AssumeRoleWithWebIdentityResponse{
		AssumedRoleUser: &sts.AssumedRoleUser{Arn: &out.ARN, AssumedRoleId: &out.ID}, Credentials: credentials(out.Credentials),
		PackedPolicySize: packed(out.PackedPolicySize), SourceIdentity: api.Optional(out.SourceIdentity),
		Audience: api.Optional(out.Audience), Provider: api.Optional(out.Provider), SubjectFromWebIdentityToken: api.Optional(out.Subject),
	}, nil
}

func (s *server) decodeAuthorizationMessage(_ context.Context, _ *rpc.Call, in *sts.DecodeAuthorizationMessageRequest) (*sts.DecodeAuthorizationMessageResponse, error) {
	text, err := s.IAM.DecodeDenial(api.Value(in.EncodedMessage))
	if err != nil {
		return nil, err
	}
	return &sts.DecodeAuthorizationMessageResponse{DecodedMessage: &text}, nil
}

func (s *server) getAccessKeyInfo(_ context.Context, _ *rpc.Call, in *sts.GetAccessKeyInfoRequest) (*sts.GetAccessKeyInfoResponse, error) {
	account, err := s.IAM.KeyAccount(api.Value(in.AccessKeyId))
	if err != nil {
		return nil, err
	}
	return &sts.GetAccessKeyInfoResponse{Account: &account}, nil
}

func (s *server) getCallerIdentity(_ context.Context, c *rpc.Call, _ *sts.GetCallerIdentityRequest) (*sts.GetCallerIdentityResponse, error) {
	id := s.IAM.Identify(s.caller(c))
	return &sts.GetCallerIdentityResponse{Account: &id.Account, Arn: &id.ARN, UserId: &id.UserID}, nil
}

func (s *server) getFederationToken(ctx context.Context, c *rpc.Call, in *sts.GetFederationTokenRequest) (*sts.GetFederationTokenResponse, error) {
	out, err := s.IAM.GetFederationToken(ctx, s.caller(c), iam.FederationInput{
		Name: api.Value(in.Name), Limits: limits(in.Policy, in.PolicyArns, in.DurationSeconds), Tags: tags(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	s.minted(c)
	return &sts.GetFederationTokenResponse{
		Credentials: credentials(out.Credentials), PackedPolicySize: &out.PackedPolicySize, // AWS sends 0, too
		FederatedUser: &sts.FederatedUser{Arn: &out.ARN, FederatedUserId: &out.ID},
	}, nil
}

func (s *server) getSessionToken(ctx context.Context, c *rpc.Call, in *sts.GetSessionTokenRequest) (*sts.GetSessionTokenResponse, error) {
	if in.TokenCode != nil || in.SerialNumber != nil {
		return nil, errNoMFA
	}
	out, err := s.IAM.GetSessionToken(ctx, s.caller(c), time.Duration(api.Value(in.DurationSeconds))*time.Second)
	if err != nil {
		return nil, err
	}
	s.minted(c)
	return &sts.GetSessionTokenResponse{Credentials: credentials(out)}, nil
}

// errNoMFA is the error for inputs that would make a session look stronger than it is.
var errNoMFA = fault.New(fault.AccessDenied, "MultiFactorAuthentication failed, unable to validate MFA code.  This server has no MFA devices for callers, and takes no provided contexts.")
