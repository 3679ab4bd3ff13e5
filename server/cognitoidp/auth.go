package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// authOperations are the operations on sign-ins and tokens.
func (s *server) authOperations() rpc.Registry {
	return rpc.Registry{
		"AdminInitiateAuth":           rpc.Handle(s.adminInitiateAuth),
		"AdminRespondToAuthChallenge": rpc.Handle(s.adminRespondToAuthChallenge),
		"GetClientToken":              rpc.Handle(s.getClientToken),
		"GetTokensFromRefreshToken":   rpc.Handle(s.getTokensFromRefreshToken),
		"InitiateAuth":                rpc.Handle(s.initiateAuth),
		"RespondToAuthChallenge":      rpc.Handle(s.respondToAuthChallenge),
		"RevokeToken":                 rpc.Handle(s.revokeToken),
	}
}

func (s *server) initiateAuth(ctx context.Context, c *rpc.Call, in *wire.InitiateAuthRequest) (*wire.InitiateAuthResponse, error) {
	r, err := s.signIns.InitiateAuth(ctx, signin.Request{ClientID: api.Value(in.ClientId), Flow: api.Value(in.AuthFlow), Parameters: in.AuthParameters, Session: api.Value(in.Session),
		Context: s.userContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.UserContextData)})
	if err != nil {
		return nil, err
	}
	a := authOut(r)
	return &wire.InitiateAuthResponse{ChallengeName: a.name, ChallengeParameters: a.parameters, AvailableChallenges: a.available, Session: a.session, AuthenticationResult: a.tokens}, nil
}

func (s *server) adminInitiateAuth(ctx context.Context, c *rpc.Call, in *wire.AdminInitiateAuthRequest) (*wire.AdminInitiateAuthResponse, error) {
	r, err := s.signIns.InitiateAuth(ctx, signin.Request{Admin: true, PoolID: api.Value(in.UserPoolId), ClientID: api.Value(in.ClientId),
		Flow: api.Value(in.AuthFlow), Parameters: in.AuthParameters, Session: api.Value(in.Session), Context: s.adminContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.ContextData)})
	if err != nil {
		return nil, err
	}
	a := authOut(r)
	return &wire.AdminInitiateAuthResponse{ChallengeName: a.name, ChallengeParameters: a.parameters, AvailableChallenges: a.available, Session: a.session, AuthenticationResult: a.tokens}, nil
}

func (s *server) respondToAuthChallenge(ctx context.Context, c *rpc.Call, in *wire.RespondToAuthChallengeRequest) (*wire.RespondToAuthChallengeResponse, error) {
	r, err := s.signIns.RespondToAuthChallenge(ctx, signin.Answer{ClientID: api.Value(in.ClientId), Challenge: api.Value(in.ChallengeName),
		Responses: in.ChallengeResponses, Session: api.Value(in.Session), Context: s.userContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.UserContextData)})
	if err != nil {
		return nil, err
	}
	a := authOut(r)
	return &wire.RespondToAuthChallengeResponse{ChallengeName: a.name, ChallengeParameters: a.parameters, AvailableChallenges: a.available, Session: a.session, AuthenticationResult: a.tokens}, nil
}

func (s *server) adminRespondToAuthChallenge(ctx context.Context, c *rpc.Call, in *wire.AdminRespondToAuthChallengeRequest) (*wire.AdminRespondToAuthChallengeResponse, error) {
	r, err := s.signIns.RespondToAuthChallenge(ctx, signin.Answer{Admin: true, PoolID: api.Value(in.UserPoolId), ClientID: api.Value(in.ClientId),
		Challenge: api.Value(in.ChallengeName), Responses: in.ChallengeResponses, Session: api.Value(in.Session),
		Context: s.adminContext(c, in.ClientMetadata, in.AnalyticsMetadata, in.ContextData)})
	if err != nil {
		return nil, err
	}
	a := authOut(r)
	return &wire.AdminRespondToAuthChallengeResponse{ChallengeName: a.name, ChallengeParameters: a.parameters, AvailableChallenges: a.available, Session: a.session, AuthenticationResult: a.tokens}, nil
}

func (s *server) getTokensFromRefreshToken(ctx context.Context, c *rpc.Call, in *wire.GetTokensFromRefreshTokenRequest) (*wire.GetTokensFromRefreshTokenResponse, error) {
	t, err := s.signIns.GetTokensFromRefreshToken(ctx, signin.Renewal{ClientID: api.Value(in.ClientId), ClientSecret: api.Value(in.ClientSecret),
		RefreshToken: api.Value(in.RefreshToken), DeviceKey: api.Value(in.DeviceKey), Context: s.clientContext(c, in.ClientMetadata)})
	if err != nil {
		return nil, err
	}
	return &wire.GetTokensFromRefreshTokenResponse{AuthenticationResult: tokensOut(t)}, nil
}

func (s *server) getClientToken(ctx context.Context, _ *rpc.Call, in *wire.GetClientTokenRequest) (*wire.GetClientTokenResponse, error) {
	t, err := s.grants.ClientToken(ctx, grants.ClientTokenRequest{ClientID: api.Value(in.ClientId), Secret: api.Value(in.Secret),
		Scopes: in.Scopes, Metadata: in.ClientMetadata})
	if err != nil {
		return nil, err
	}
	return &wire.GetClientTokenResponse{ClientAuthenticationResult: &wire.ClientAuthenticationResultType{AccessToken: &t.AccessToken,
		ExpiresIn: &t.ExpiresIn, TokenType: new(tokens.Type)}}, nil
}

func (s *server) revokeToken(ctx context.Context, _ *rpc.Call, in *wire.RevokeTokenRequest) (*wire.RevokeTokenResponse, error) {
	return nil, s.tokens.RevokeToken(ctx, tokens.TokenRevocation{ClientID: api.Value(in.ClientId), ClientSecret: api.Value(in.ClientSecret),
		Token: api.Value(in.Token), Linked: linked(in.RevokeAssociatedSessions)})
}

// auth is what the four calls answer alike.
type auth struct {
	name, session *string
	parameters    map[string]string
	available     []string
	tokens        *wire.AuthenticationResultType
}

func authOut(r *signin.Result) auth {
	if r.Tokens != nil {
		return auth{parameters: map[string]string{}, tokens: tokensOut(r.Tokens)} // AWS returns {} with the tokens
	}
	a := auth{name: &r.Challenge, parameters: r.Parameters, available: r.Available}
	if r.Session != "" {
		a.session = &r.Session
	}
	return a
}

func tokensOut(t *tokens.Set) *wire.AuthenticationResultType {
	out := &wire.AuthenticationResultType{AccessToken: &t.AccessToken, ExpiresIn: &t.ExpiresIn, TokenType: new(tokens.Type)}
	if t.IDToken != "" { // tokens of the OAuth endpoints without the scope openid have none after a refresh, too
		out.IdToken = &t.IDToken
	}
	if t.RefreshToken != "" {
		out.RefreshToken = &t.RefreshToken
	}
	if t.NewDevice != nil {
		out.NewDeviceMetadata = &wire.NewDeviceMetadataType{DeviceKey: &t.NewDevice.Key, DeviceGroupKey: &t.NewDevice.GroupKey}
	}
	return out
}
