package cognitoidp

import (
	"context"
	"maps"
	"strings"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
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

// tagged finds the pool of a resource name. One of another account, region or service names no pool of ours. replica says that it names the
// pool's replica; as at AWS, calls for the pool's region may name it.
func (s *server) tagged(ctx context.Context, arn string) (p *userpool.PoolDescription, replica bool, err error) {
	_, id, _ := strings.Cut(arn, poolARN)
	if p, err = s.pools.DescribeUserPool(ctx, id); err != nil {
		return nil, false, err
	}
	home := s.pools.ARN(s.pools.Home(p.ID), p.ID)
	if p.ARN == home || arn == p.ARN {
		if _, replica, err = s.replicas.Tags(ctx, p.ID, arn); err != nil {
			return nil, false, err
		}
	}
	if !replica && arn != p.ARN {
		return nil, false, fault.New(fault.InvalidParameter, "Invalid ResourceArn.")
	}
	return p, replica, nil
}

func (s *server) tagResource(ctx context.Context, _ *rpc.Call, in *wire.TagResourceRequest) (*wire.TagResourceResponse, error) {
	if err := rpc.CheckTags(in.Tags); err != nil {
		return nil, err
	}
	p, replica, err := s.tagged(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	if replica {
		return nil, s.replicas.Retag(ctx, p.ID, *in.ResourceArn, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
	}
	return nil, s.pools.TagPool(ctx, p.ID, in.Tags)
}

func (s *server) untagResource(ctx context.Context, _ *rpc.Call, in *wire.UntagResourceRequest) (*wire.UntagResourceResponse, error) {
	p, replica, err := s.tagged(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	if replica {
		return nil, s.replicas.Retag(ctx, p.ID, *in.ResourceArn, func(tags map[string]string) {
			for _, key := range in.TagKeys {
				delete(tags, key)
			}
		})
	}
	return nil, s.pools.UntagPool(ctx, p.ID, in.TagKeys)
}

func (s *server) listTagsForResource(ctx context.Context, _ *rpc.Call, in *wire.ListTagsForResourceRequest) (*wire.ListTagsForResourceResponse, error) {
	p, replica, err := s.tagged(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	tags := p.Settings.UserPoolTags
	if replica {
		if tags, _, err = s.replicas.Tags(ctx, p.ID, *in.ResourceArn); err != nil {
			return nil, err
		}
	}
	return &wire.ListTagsForResourceResponse{Tags: present(tags)}, nil
}

// present returns an empty map instead of nil: clients expect the member.
func present(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}
