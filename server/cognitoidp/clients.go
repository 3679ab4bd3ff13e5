package cognitoidp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
)

// clientOperations are the operations on app clients.
func (s *server) clientOperations() rpc.Registry {
	return rpc.Registry{
		"CreateUserPoolClient":   rpc.Handle(s.createUserPoolClient),
		"DeleteUserPoolClient":   rpc.Handle(s.deleteUserPoolClient),
		"DescribeUserPoolClient": rpc.Handle(s.describeUserPoolClient),
		"ListUserPoolClients":    rpc.Handle(s.listUserPoolClients),
		"UpdateUserPoolClient":   rpc.Handle(s.updateUserPoolClient),
	}
}

// clientIn reads the settings of a request, which are in the domain's JSON already.
func clientIn(in any) (userpool.ClientSettings, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return userpool.ClientSettings{}, fmt.Errorf("cognitoidp: request: %w", err)
	}
	settings, _, _, err := userpool.ParseClientSettings(data)
	return settings, err
}

func clientOut(c *userpool.ClientDescription) (*wire.UserPoolClientType, error) {
	out := &wire.UserPoolClientType{}
	if err := convert(c.Settings, out); err != nil {
		return nil, err
	}
	out.UserPoolId, out.ClientId, out.ClientName = &c.PoolID, &c.ID, &c.Name
	if !c.Secret.IsZero() {
		out.ClientSecret = new(c.Secret.Reveal()) // AWS shows it here, to who may describe the client
	}
	if out.ClientType == nil {
		out.ClientType = new(wire.ClientTypeTypeRegular)
	}
	out.CreationDate, out.LastModifiedDate = api.At(c.CreatedAt), api.At(c.ModifiedAt)
	return out, nil
}

func (s *server) createUserPoolClient(ctx context.Context, _ *rpc.Call, in *wire.CreateUserPoolClientRequest) (*wire.CreateUserPoolClientResponse, error) {
	settings, err := clientIn(in)
	if err != nil {
		return nil, err
	}
	if err := checkClient(&settings, func() (bool, error) { return api.Value(in.GenerateSecret) || api.Value(in.ClientSecret) != "", nil }); err != nil {
		return nil, err
	}
	c, err := s.pools.CreateUserPoolClient(ctx, userpool.NewClient{PoolID: api.Value(in.UserPoolId), Name: api.Value(in.ClientName),
		GenerateSecret: api.Value(in.GenerateSecret), Secret: seal.NewSecret(api.Value(in.ClientSecret)), Settings: settings})
	if err != nil {
		return nil, err
	}
	out, err := clientOut(c)
	return &wire.CreateUserPoolClientResponse{UserPoolClient: out}, err
}

func (s *server) describeUserPoolClient(ctx context.Context, _ *rpc.Call, in *wire.DescribeUserPoolClientRequest) (*wire.DescribeUserPoolClientResponse, error) {
	c, err := s.pools.DescribeUserPoolClient(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId))
	if err != nil {
		return nil, err
	}
	out, err := clientOut(c)
	return &wire.DescribeUserPoolClientResponse{UserPoolClient: out}, err
}

func (s *server) updateUserPoolClient(ctx context.Context, _ *rpc.Call, in *wire.UpdateUserPoolClientRequest) (*wire.UpdateUserPoolClientResponse, error) {
	settings, err := clientIn(in)
	if err != nil {
		return nil, err
	}
	if err := checkClient(&settings, func() (bool, error) {
		c, err := s.pools.DescribeUserPoolClient(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId))
		return err == nil && !c.Secret.IsZero(), err
	}); err != nil {
		return nil, err
	}
	c, err := s.pools.UpdateUserPoolClient(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), api.Value(in.ClientName), settings)
	if err != nil {
		return nil, err
	}
	out, err := clientOut(c)
	return &wire.UpdateUserPoolClientResponse{UserPoolClient: out}, err
}

func (s *server) deleteUserPoolClient(ctx context.Context, _ *rpc.Call, in *wire.DeleteUserPoolClientRequest) (*api.Empty, error) {
	return nil, s.pools.DeleteUserPoolClient(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId))
}

func (s *server) listUserPoolClients(ctx context.Context, _ *rpc.Call, in *wire.ListUserPoolClientsRequest) (*wire.ListUserPoolClientsResponse, error) {
	pool := api.Value(in.UserPoolId)
	after, size, err := s.pageOf(in.NextToken, in.MaxResults, "ListUserPoolClients", pool, api.Value(in.ClientType))
	if err != nil {
		return nil, err
	}
	list, last, err := s.pools.ListUserPoolClients(ctx, pool, api.Value(in.ClientType), after, size)
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserPoolClientsResponse{UserPoolClients: []wire.UserPoolClientDescription{}}
	for _, c := range list {
		out.UserPoolClients = append(out.UserPoolClients, wire.UserPoolClientDescription{ClientId: &c.ID, ClientName: &c.Name, UserPoolId: &c.PoolID})
	}
	out.NextToken, err = s.next(last, "ListUserPoolClients", pool, api.Value(in.ClientType))
	return out, err
}
