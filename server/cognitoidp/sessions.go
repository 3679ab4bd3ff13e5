package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// sessionOperations are the operations on sessions of users.
func (s *server) sessionOperations() rpc.Registry {
	return rpc.Registry{
		"AdminListUserSessions":                 rpc.Handle(s.adminListUserSessions),
		"AdminRevokeUserSession":                rpc.Handle(s.adminRevokeUserSession),
		"GetUserPoolClientSessionConfiguration": rpc.Handle(s.getUserPoolClientSessionConfiguration),
		"GetUserPoolSessionConfiguration":       rpc.Handle(s.getUserPoolSessionConfiguration),
		"ListUserSessions":                      rpc.Handle(s.listUserSessions),
		"RevokeUserSession":                     rpc.Handle(s.revokeUserSession),
		"SetUserPoolClientSessionConfiguration": rpc.Handle(s.setUserPoolClientSessionConfiguration),
		"SetUserPoolSessionConfiguration":       rpc.Handle(s.setUserPoolSessionConfiguration),
	}
}

// linked reports whether RevokeAssociatedSessions is LINKED.
func linked(associated *string) bool { return api.Value(associated) == "LINKED" }

func (s *server) setUserPoolSessionConfiguration(ctx context.Context, _ *rpc.Call, in *wire.SetUserPoolSessionConfigurationRequest) (*wire.SetUserPoolSessionConfigurationResponse, error) {
	c := userpool.SessionConfig{UserSessionTracking: api.Value(in.UserSessionTracking),
		TokenSession: userpool.TokenSessionConfig{MaxPerUser: api.Value(in.TokenSession.MaxPerUser)}}
	if err := s.pools.SetSessionConfiguration(ctx, api.Value(in.UserPoolId), c); err != nil {
		return nil, err
	}
	return &wire.SetUserPoolSessionConfigurationResponse{UserPoolId: in.UserPoolId, UserSessionTracking: &c.UserSessionTracking,
		TokenSession: &wire.UserPoolTokenSessionConfigType{MaxPerUser: &c.TokenSession.MaxPerUser}}, nil
}

func (s *server) getUserPoolSessionConfiguration(ctx context.Context, _ *rpc.Call, in *wire.GetUserPoolSessionConfigurationRequest) (*wire.GetUserPoolSessionConfigurationResponse, error) {
	c, err := s.pools.SessionConfiguration(ctx, api.Value(in.UserPoolId))
	if err != nil {
		return nil, err
	}
	return &wire.GetUserPoolSessionConfigurationResponse{UserPoolId: in.UserPoolId, UserSessionTracking: &c.UserSessionTracking,
		TokenSession: &wire.UserPoolTokenSessionConfigType{MaxPerUser: &c.TokenSession.MaxPerUser}}, nil
}

func (s *server) setUserPoolClientSessionConfiguration(ctx context.Context, _ *rpc.Call, in *wire.SetUserPoolClientSessionConfigurationRequest) (*wire.SetUserPoolClientSessionConfigurationResponse, error) {
	c := userpool.SSOSessionConfig{MaxValidityMinutes: api.Value(in.SSOSession.MaxValidityMinutes)}
	if err := s.pools.SetClientSessionConfiguration(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), c); err != nil {
		return nil, err
	}
	return &wire.SetUserPoolClientSessionConfigurationResponse{UserPoolId: in.UserPoolId, ClientId: in.ClientId,
		SSOSession: &wire.ClientSSOSessionConfigType{MaxValidityMinutes: &c.MaxValidityMinutes}}, nil
}

func (s *server) getUserPoolClientSessionConfiguration(ctx context.Context, _ *rpc.Call, in *wire.GetUserPoolClientSessionConfigurationRequest) (*wire.GetUserPoolClientSessionConfigurationResponse, error) {
	c, err := s.pools.ClientSessionConfiguration(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId))
	if err != nil {
		return nil, err
	}
	return &wire.GetUserPoolClientSessionConfigurationResponse{UserPoolId: in.UserPoolId, ClientId: in.ClientId,
		SSOSession: &wire.ClientSSOSessionConfigType{MaxValidityMinutes: &c.MaxValidityMinutes}}, nil
}

func (s *server) listUserSessions(ctx context.Context, _ *rpc.Call, in *wire.ListUserSessionsRequest) (*wire.ListUserSessionsResponse, error) {
	after, err := s.pools.OpenPage("ListUserSessions", api.Value(in.NextToken))
	if err != nil {
		return nil, err
	}
	list, last, err := s.tokens.ListUserSessions(ctx, api.Value(in.AccessToken), after)
	if err != nil {
		return nil, err
	}
	token, err := s.next(last, "ListUserSessions")
	return &wire.ListUserSessionsResponse{Sessions: sessionsOut(list), NextToken: token}, err
}

func (s *server) adminListUserSessions(ctx context.Context, _ *rpc.Call, in *wire.AdminListUserSessionsRequest) (*wire.AdminListUserSessionsResponse, error) {
	after, err := s.pools.OpenPage("AdminListUserSessions", api.Value(in.NextToken))
	if err != nil {
		return nil, err
	}
	list, last, err := s.tokens.AdminListUserSessions(ctx, api.Value(in.UserPoolId), api.Value(in.Username), after)
	if err != nil {
		return nil, err
	}
	token, err := s.next(last, "AdminListUserSessions")
	return &wire.AdminListUserSessionsResponse{Sessions: sessionsOut(list), NextToken: token}, err
}

func (s *server) revokeUserSession(ctx context.Context, _ *rpc.Call, in *wire.RevokeUserSessionRequest) (*wire.RevokeUserSessionResponse, error) {
	return nil, s.tokens.RevokeUserSession(ctx, api.Value(in.AccessToken), api.Value(in.SessionId), linked(in.RevokeAssociatedSessions))
}

func (s *server) adminRevokeUserSession(ctx context.Context, _ *rpc.Call, in *wire.AdminRevokeUserSessionRequest) (*wire.AdminRevokeUserSessionResponse, error) {
	return nil, s.tokens.AdminRevokeUserSession(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.SessionId),
		linked(in.RevokeAssociatedSessions))
}

// sessionsOut converts sessions. No place is known of an address, which AWS tells by a City of null and a Country of unknown.
func sessionsOut(list []tokens.Session) []wire.SessionDescriptionType {
	out := make([]wire.SessionDescriptionType, 0, len(list))
	for _, x := range list {
		kind := "TOKEN"
		if x.Family == "" {
			kind = "SSO"
		}
		d := wire.SessionDescriptionType{SessionId: &x.ID, SessionType: &kind, ClientId: &x.ClientID, CreateDate: api.At(x.CreatedAt),
			LastActiveDate: api.At(x.ActiveAt), DeviceType: &x.Device, IsCurrentSession: &x.Current,
			LastLocation: &wire.SessionLocationType{Country: new("unknown")}}
		if x.Address != "" {
			d.LastIPAddress = &x.Address
		}
		if x.Origin != "" {
			d.OriginSessionId = &x.Origin
		}
		out = append(out, d)
	}
	return out
}
