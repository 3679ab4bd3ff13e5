package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/rpc"
)

// clientSecretOperations are the operations on the secrets of app clients.
func (s *server) clientSecretOperations() rpc.Registry {
	return rpc.Registry{
		"AddUserPoolClientSecret":    rpc.Handle(s.addUserPoolClientSecret),
		"DeleteUserPoolClientSecret": rpc.Handle(s.deleteUserPoolClientSecret),
		"ListUserPoolClientSecrets":  rpc.Handle(s.listUserPoolClientSecrets),
	}
}

// addUserPoolClientSecret returns the value of a secret that it generated, and only here.
func (s *server) addUserPoolClientSecret(ctx context.Context, _ *rpc.Call, in *wire.AddUserPoolClientSecretRequest) (*wire.AddUserPoolClientSecretResponse, error) {
	c, err := s.pools.AddUserPoolClientSecret(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), seal.NewSecret(api.Value(in.ClientSecret)))
	if err != nil {
		return nil, err
	}
	out := &wire.ClientSecretDescriptorType{ClientSecretId: &c.ID, ClientSecretCreateDate: api.At(c.CreatedAt)}
	if in.ClientSecret == nil {
		out.ClientSecretValue = new(c.Secret.Reveal())
	}
	return &wire.AddUserPoolClientSecretResponse{ClientSecretDescriptor: out}, nil
}

func (s *server) deleteUserPoolClientSecret(ctx context.Context, _ *rpc.Call, in *wire.DeleteUserPoolClientSecretRequest) (*wire.DeleteUserPoolClientSecretResponse, error) {
	return nil, s.pools.DeleteUserPoolClientSecret(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), api.Value(in.ClientSecretId))
}

func (s *server) listUserPoolClientSecrets(ctx context.Context, _ *rpc.Call, in *wire.ListUserPoolClientSecretsRequest) (*wire.ListUserPoolClientSecretsResponse, error) {
	list, err := s.pools.ListUserPoolClientSecrets(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId))
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserPoolClientSecretsResponse{ClientSecrets: []wire.ClientSecretDescriptorType{}}
	for _, c := range list {
		out.ClientSecrets = append(out.ClientSecrets, wire.ClientSecretDescriptorType{ClientSecretId: &c.ID, ClientSecretCreateDate: api.At(c.CreatedAt)})
	}
	return out, nil
}
