package iam

import (
	"context"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

func (s *server) createOpenIDConnectProvider(ctx context.Context, _ *rpc.Call, in *iam.CreateOpenIDConnectProviderRequest) (*iam.CreateOpenIDConnectProviderResponse, error) {
	tags, err := policyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	p, err := s.iam.CreateOIDCProvider(ctx, domain.OIDCProvider{URL: api.Value(in.Url), ClientIDs: in.ClientIDList, Thumbprints: in.ThumbprintList, Tags: tags})
	if err != nil {
		return nil, err
	}
	return &iam.CreateOpenIDConnectProviderResponse{OpenIDConnectProviderArn: &p.ARN, Tags: in.Tags}, nil
}

// getOpenIDConnectProvider shows the URL without its scheme, as AWS does.
func (s *server) getOpenIDConnectProvider(_ context.Context, _ *rpc.Call, in *iam.GetOpenIDConnectProviderRequest) (*iam.GetOpenIDConnectProviderResponse, error) {
	p, err := s.iam.OIDCProvider(api.Value(in.OpenIDConnectProviderArn))
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(p.URL, "://")
	return &iam.GetOpenIDConnectProviderResponse{Url: &rest, ClientIDList: append([]string{}, p.ClientIDs...),
		ThumbprintList: append([]string{}, p.Thumbprints...), CreateDate: api.At(p.CreatedAt), Tags: append([]iam.Tag{}, tagsOut(p.Tags)...)}, nil
}

func (s *server) listOpenIDConnectProviders(context.Context, *rpc.Call, *iam.ListOpenIDConnectProvidersRequest) (*iam.ListOpenIDConnectProvidersResponse, error) {
	out := &iam.ListOpenIDConnectProvidersResponse{OpenIDConnectProviderList: []iam.OpenIDConnectProviderListEntry{}}
	for _, p := range s.iam.OIDCProviders() {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, iam.OpenIDConnectProviderListEntry{Arn: &p.ARN})
	}
	return out, nil
}

func (s *server) deleteOpenIDConnectProvider(ctx context.Context, _ *rpc.Call, in *iam.DeleteOpenIDConnectProviderRequest) (*api.Empty, error) {
	return nil, s.iam.DeleteOIDCProvider(ctx, api.Value(in.OpenIDConnectProviderArn))
}

func (s *server) addClientIDToOpenIDConnectProvider(ctx context.Context, _ *rpc.Call, in *iam.AddClientIDToOpenIDConnectProviderRequest) (*api.Empty, error) {
	return nil, s.iam.AddClientID(ctx, api.Value(in.OpenIDConnectProviderArn), api.Value(in.ClientID))
}

func (s *server) removeClientIDFromOpenIDConnectProvider(ctx context.Context, _ *rpc.Call, in *iam.RemoveClientIDFromOpenIDConnectProviderRequest) (*api.Empty, error) {
	return nil, s.iam.RemoveClientID(ctx, api.Value(in.OpenIDConnectProviderArn), api.Value(in.ClientID))
}

func (s *server) updateOpenIDConnectProviderThumbprint(ctx context.Context, _ *rpc.Call, in *iam.UpdateOpenIDConnectProviderThumbprintRequest) (*api.Empty, error) {
	return nil, s.iam.SetThumbprints(ctx, api.Value(in.OpenIDConnectProviderArn), in.ThumbprintList)
}

func (s *server) tagOpenIDConnectProvider(ctx context.Context, _ *rpc.Call, in *iam.TagOpenIDConnectProviderRequest) (*api.Empty, error) {
	tags, err := policyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, s.iam.TagOIDCProvider(ctx, api.Value(in.OpenIDConnectProviderArn), tags)
}

func (s *server) untagOpenIDConnectProvider(ctx context.Context, _ *rpc.Call, in *iam.UntagOpenIDConnectProviderRequest) (*api.Empty, error) {
	return nil, s.iam.UntagOIDCProvider(ctx, api.Value(in.OpenIDConnectProviderArn), in.TagKeys)
}

func (s *server) listOpenIDConnectProviderTags(_ context.Context, _ *rpc.Call, in *iam.ListOpenIDConnectProviderTagsRequest) (*iam.ListOpenIDConnectProviderTagsResponse, error) {
	p, err := s.iam.OIDCProvider(api.Value(in.OpenIDConnectProviderArn))
	if err != nil {
		return nil, err
	}
	out := &iam.ListOpenIDConnectProviderTagsResponse{}
	out.Tags, out.IsTruncated, out.Marker, err = tagPage(p.Tags, in.Marker, in.MaxItems)
	return out, err
}
