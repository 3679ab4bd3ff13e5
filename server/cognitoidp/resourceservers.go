package cognitoidp

import (
	"context"
	"strings"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
)

// resourceServerOperations are the operations on resource servers.
func (s *server) resourceServerOperations() rpc.Registry {
	return rpc.Registry{
		"CreateResourceServer":   rpc.Handle(s.createResourceServer),
		"DeleteResourceServer":   rpc.Handle(s.deleteResourceServer),
		"DescribeResourceServer": rpc.Handle(s.describeResourceServer),
		"ListResourceServers":    rpc.Handle(s.listResourceServers),
		"UpdateResourceServer":   rpc.Handle(s.updateResourceServer),
	}
}

func resourceServerIn(pool, id, name *string, scopes []wire.ResourceServerScopeType) store.ResourceServer {
	r := store.ResourceServer{PoolID: api.Value(pool), ID: api.Value(id), Name: api.Value(name)}
	for _, s := range scopes {
		r.Scopes = append(r.Scopes, store.Scope{Name: api.Value(s.ScopeName), Description: api.Value(s.ScopeDescription)})
	}
	return r
}

func resourceServerOut(r *store.ResourceServer) *wire.ResourceServerType {
	out := &wire.ResourceServerType{UserPoolId: &r.PoolID, Identifier: &r.ID, Name: &r.Name}
	for i := range r.Scopes {
		out.Scopes = append(out.Scopes, wire.ResourceServerScopeType{ScopeName: &r.Scopes[i].Name, ScopeDescription: &r.Scopes[i].Description})
	}
	return out
}

func (s *server) createResourceServer(ctx context.Context, _ *rpc.Call, in *wire.CreateResourceServerRequest) (*wire.CreateResourceServerResponse, error) {
	r, err := s.scopes.CreateResourceServer(ctx, resourceServerIn(in.UserPoolId, in.Identifier, in.Name, in.Scopes))
	if err != nil {
		return nil, err
	}
	return &wire.CreateResourceServerResponse{ResourceServer: resourceServerOut(r)}, nil
}

func (s *server) describeResourceServer(ctx context.Context, _ *rpc.Call, in *wire.DescribeResourceServerRequest) (*wire.DescribeResourceServerResponse, error) {
	r, err := s.scopes.DescribeResourceServer(ctx, api.Value(in.UserPoolId), api.Value(in.Identifier))
	if err != nil {
		return nil, err
	}
	return &wire.DescribeResourceServerResponse{ResourceServer: resourceServerOut(r)}, nil
}

func (s *server) updateResourceServer(ctx context.Context, _ *rpc.Call, in *wire.UpdateResourceServerRequest) (*wire.UpdateResourceServerResponse, error) {
	r, err := s.scopes.UpdateResourceServer(ctx, resourceServerIn(in.UserPoolId, in.Identifier, in.Name, in.Scopes))
	if err != nil {
		return nil, err
	}
	return &wire.UpdateResourceServerResponse{ResourceServer: resourceServerOut(r)}, nil
}

func (s *server) deleteResourceServer(ctx context.Context, _ *rpc.Call, in *wire.DeleteResourceServerRequest) (*api.Empty, error) {
	return nil, s.scopes.DeleteResourceServer(ctx, api.Value(in.UserPoolId), api.Value(in.Identifier))
}

func (s *server) listResourceServers(ctx context.Context, _ *rpc.Call, in *wire.ListResourceServersRequest) (*wire.ListResourceServersResponse, error) {
	pool := api.Value(in.UserPoolId)
	after, _, err := s.pageOf(in.NextToken, in.MaxResults, "ListResourceServers", pool)
	if err != nil {
		return nil, err
	}
	size := api.ValueOr(in.MaxResults, maxResourceServers)
	list, last, err := s.scopes.ListResourceServers(ctx, pool, after, size)
	if err != nil {
		return nil, err
	}
	out := &wire.ListResourceServersResponse{ResourceServers: []wire.ResourceServerType{}}
	for i := range list {
		out.ResourceServers = append(out.ResourceServers, *resourceServerOut(&list[i]))
	}
	out.NextToken, err = s.next(last, "ListResourceServers", pool)
	return out, err
}

// maxResourceServers is the size of a page of resource servers when the request does not say.
const maxResourceServers = 50

// account returns the account in an ARN.
func account(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}
