package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/limits"
	"github.com/sluicegate/sluice/userpool/replicas"
)

// logOperations are the operations on the delivery of logs.
func (s *server) logOperations() rpc.Registry {
	return rpc.Registry{
		"GetLogDeliveryConfiguration": rpc.Handle(s.getLogDelivery),
		"SetLogDeliveryConfiguration": rpc.Handle(s.setLogDelivery),
	}
}

func (s *server) setLogDelivery(ctx context.Context, _ *rpc.Call, in *wire.SetLogDeliveryConfigurationRequest) (*wire.SetLogDeliveryConfigurationResponse, error) {
	list := make([]userpool.LogConfiguration, 0, len(in.LogConfigurations))
	for _, c := range in.LogConfigurations {
		to := userpool.LogConfiguration{EventSource: api.Value(c.EventSource), LogLevel: api.Value(c.LogLevel)}
		if w := c.CloudWatchLogsConfiguration; w != nil {
			to.LogGroup = api.Value(w.LogGroupArn)
		}
		if b := c.S3Configuration; b != nil {
			to.Bucket = api.Value(b.BucketArn)
		}
		if f := c.FirehoseConfiguration; f != nil {
			to.Stream = api.Value(f.StreamArn)
		}
		list = append(list, to)
	}
	id := api.Value(in.UserPoolId)
	if err := s.logs.Set(ctx, id, list); err != nil {
		return nil, err
	}
	return &wire.SetLogDeliveryConfigurationResponse{LogDeliveryConfiguration: logDeliveryOut(id, list)}, nil
}

func (s *server) getLogDelivery(ctx context.Context, _ *rpc.Call, in *wire.GetLogDeliveryConfigurationRequest) (*wire.GetLogDeliveryConfigurationResponse, error) {
	id := api.Value(in.UserPoolId)
	list, err := s.logs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return &wire.GetLogDeliveryConfigurationResponse{LogDeliveryConfiguration: logDeliveryOut(id, list)}, nil
}

func logDeliveryOut(poolID string, list []userpool.LogConfiguration) *wire.LogDeliveryConfigurationType {
	out := &wire.LogDeliveryConfigurationType{UserPoolId: &poolID, LogConfigurations: []wire.LogConfigurationType{}}
	for _, c := range list {
		to := wire.LogConfigurationType{EventSource: &c.EventSource, LogLevel: &c.LogLevel}
		switch {
		case c.LogGroup != "":
			to.CloudWatchLogsConfiguration = &wire.CloudWatchLogsConfigurationType{LogGroupArn: &c.LogGroup}
		case c.Bucket != "":
			to.S3Configuration = &wire.S3ConfigurationType{BucketArn: &c.Bucket}
		case c.Stream != "":
			to.FirehoseConfiguration = &wire.FirehoseConfigurationType{StreamArn: &c.Stream}
		}
		out.LogConfigurations = append(out.LogConfigurations, to)
	}
	return out
}

// limitOperations are the operations on the limits of categories of calls.
func (s *server) limitOperations() rpc.Registry {
	return rpc.Registry{
		"GetProvisionedLimit":    rpc.Handle(s.getProvisionedLimit),
		"UpdateProvisionedLimit": rpc.Handle(s.updateProvisionedLimit),
	}
}

func (s *server) getProvisionedLimit(ctx context.Context, _ *rpc.Call, in *wire.GetProvisionedLimitRequest) (*wire.GetProvisionedLimitResponse, error) {
	name, err := categoryIn(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	limit, err := s.limits.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return &wire.GetProvisionedLimitResponse{Limit: limitOut(in.LimitDefinition, limit)}, nil
}

func (s *server) updateProvisionedLimit(ctx context.Context, _ *rpc.Call, in *wire.UpdateProvisionedLimitRequest) (*wire.UpdateProvisionedLimitResponse, error) {
	name, err := categoryIn(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	limit, err := s.limits.Update(ctx, name, api.Value(in.RequestedLimitValue))
	if err != nil {
		return nil, err
	}
	return &wire.UpdateProvisionedLimitResponse{Limit: limitOut(in.LimitDefinition, limit)}, nil
}

// categoryIn returns the category that a definition names, with its only attribute.
func categoryIn(in *wire.LimitDefinitionType) (string, error) {
	name, ok := in.Attributes["Category"]
	if !ok || len(in.Attributes) != 1 {
		return "", fault.New(fault.InvalidParameter, "The limit class API_CATEGORY requires the attribute Category and no other.")
	}
	return name, nil
}

func limitOut(definition *wire.LimitDefinitionType, limit limits.Limit) *wire.LimitType {
	return &wire.LimitType{LimitDefinition: definition, ProvisionedLimitValue: &limit.Provisioned, FreeLimitValue: &limit.Free}
}

// replicaOperations are the operations on the replicas of pools.
func (s *server) replicaOperations() rpc.Registry {
	return rpc.Registry{
		"CreateUserPoolReplica": rpc.Handle(s.createUserPoolReplica),
		"DeleteUserPoolReplica": rpc.Handle(s.deleteUserPoolReplica),
		"ListUserPoolReplicas":  rpc.Handle(s.listUserPoolReplicas),
		"UpdateUserPoolReplica": rpc.Handle(s.updateUserPoolReplica),
	}
}

func (s *server) createUserPoolReplica(ctx context.Context, _ *rpc.Call, in *wire.CreateUserPoolReplicaRequest) (*wire.CreateUserPoolReplicaResponse, error) {
	if err := rpc.CheckTags(in.UserPoolTags); err != nil {
		return nil, err
	}
	r, err := s.replicas.Create(ctx, api.Value(in.UserPoolId), api.Value(in.RegionName), in.UserPoolTags)
	if err != nil {
		return nil, err
	}
	return &wire.CreateUserPoolReplicaResponse{UserPoolReplica: replicaOut(r)}, nil
}

func (s *server) updateUserPoolReplica(ctx context.Context, _ *rpc.Call, in *wire.UpdateUserPoolReplicaRequest) (*wire.UpdateUserPoolReplicaResponse, error) {
	r, err := s.replicas.Update(ctx, api.Value(in.UserPoolId), api.Value(in.RegionName), api.Value(in.Status))
	if err != nil {
		return nil, err
	}
	return &wire.UpdateUserPoolReplicaResponse{UserPoolReplica: replicaOut(r)}, nil
}

func (s *server) deleteUserPoolReplica(ctx context.Context, _ *rpc.Call, in *wire.DeleteUserPoolReplicaRequest) (*wire.DeleteUserPoolReplicaResponse, error) {
	r, err := s.replicas.Delete(ctx, api.Value(in.UserPoolId), api.Value(in.RegionName))
	if err != nil {
		return nil, err
	}
	return &wire.DeleteUserPoolReplicaResponse{UserPoolReplica: replicaOut(r)}, nil
}

func (s *server) listUserPoolReplicas(ctx context.Context, _ *rpc.Call, in *wire.ListUserPoolReplicasRequest) (*wire.ListUserPoolReplicasResponse, error) {
	if in.NextToken != nil { // a pool and its replica are one page
		return nil, fault.New(fault.InvalidParameter, "Invalid pagination token.")
	}
	list, err := s.replicas.List(ctx, api.Value(in.UserPoolId))
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserPoolReplicasResponse{UserPoolReplicas: []wire.UserPoolReplicaType{}}
	for _, r := range list {
		out.UserPoolReplicas = append(out.UserPoolReplicas, *replicaOut(&r))
	}
	return out, nil
}

func replicaOut(r *replicas.Replica) *wire.UserPoolReplicaType {
	return &wire.UserPoolReplicaType{RegionName: &r.Region, Status: &r.Status, Role: &r.Role, UserPoolArn: &r.ARN}
}
