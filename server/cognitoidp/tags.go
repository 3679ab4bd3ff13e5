package cognitoidp

import (
	"context"
	"strings"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// tagOperations are the operations on tags.
func (s *server) tagOperations() rpc.Registry {
	return rpc.Registry{
		"ListTagsForResource": rpc.Handle(s.listTagsForResource),
		"TagResource":         rpc.Handle(s.tagResource),
		"UntagResource":       rpc.Handle(s.untagResource),
	}
}

// poolARN is what the id of a pool follows in its resource name.
const poolARN = ":userpool/"

// poolOfARN finds the pool of a resource name. One of another account, region or service names no pool of ours.
func (s *server) poolOfARN(ctx context.Context, arn string) (string, error) {
	_, id, _ := strings.Cut(arn, poolARN)
	p, err := s.pools.DescribeUserPool(ctx, id)
	if err != nil {
		return "", err
	}
	if p.ARN != arn {
		return "", fault.New(fault.InvalidParameter, "Invalid ResourceArn.")
	}
	return p.ID, nil
}

func (s *server) tagResource(ctx context.Context, _ *rpc.Call, in *wire.TagResourceRequest) (*wire.TagResourceResponse, error) {
	id, err := s.poolOfARN(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	return nil, s.pools.TagPool(ctx, id, in.Tags)
}

func (s *server) untagResource(ctx context.Context, _ *rpc.Call, in *wire.UntagResourceRequest) (*wire.UntagResourceResponse, error) {
	id, err := s.poolOfARN(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	return nil, s.pools.UntagPool(ctx, id, in.TagKeys)
}

func (s *server) listTagsForResource(ctx context.Context, _ *rpc.Call, in *wire.ListTagsForResourceRequest) (*wire.ListTagsForResourceResponse, error) {
	id, err := s.poolOfARN(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	p, err := s.pools.DescribeUserPool(ctx, id)
	if err != nil {
		return nil, err
	}
	return &wire.ListTagsForResourceResponse{Tags: p.Settings.UserPoolTags}, nil
}
