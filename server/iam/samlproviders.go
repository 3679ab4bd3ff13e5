package iam

import (
	"cmp"
	"context"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

// samlOperations are the operations on SAML providers.
func (s *server) samlOperations() rpc.Registry {
	return rpc.Registry{
		"CreateSAMLProvider":   rpc.Handle(s.createSAMLProvider),
		"DeleteSAMLProvider":   rpc.Handle(s.deleteSAMLProvider),
		"GetSAMLProvider":      rpc.Handle(s.getSAMLProvider),
		"ListSAMLProviderTags": rpc.Handle(s.listSAMLProviderTags),
		"ListSAMLProviders":    rpc.Handle(s.listSAMLProviders),
		"TagSAMLProvider":      rpc.Handle(s.tagSAMLProvider),
		"UntagSAMLProvider":    rpc.Handle(s.untagSAMLProvider),
		"UpdateSAMLProvider":   rpc.Handle(s.updateSAMLProvider),
	}
}

func (s *server) createSAMLProvider(ctx context.Context, _ *rpc.Call, in *iam.CreateSAMLProviderRequest) (*iam.CreateSAMLProviderResponse, error) {
	tags, err := policyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	p, err := s.iam.CreateSAMLProvider(ctx, domain.SAMLProvider{Name: api.Value(in.Name), Metadata: api.Value(in.SAMLMetadataDocument), Tags: tags,
		Encryption: api.Value(in.AssertionEncryptionMode)}, api.Value(in.AddPrivateKey))
	if err != nil {
		return nil, err
	}
	return &iam.CreateSAMLProviderResponse{SAMLProviderArn: &p.ARN, Tags: in.Tags}, nil
}

func (s *server) getSAMLProvider(_ context.Context, _ *rpc.Call, in *iam.GetSAMLProviderRequest) (*iam.GetSAMLProviderResponse, error) {
	p, err := s.iam.SAMLProvider(api.Value(in.SAMLProviderArn))
	if err != nil {
		return nil, err
	}
	out := &iam.GetSAMLProviderResponse{SAMLMetadataDocument: &p.Metadata, CreateDate: api.At(p.CreatedAt), ValidUntil: api.At(p.ValidUntil()),
		SAMLProviderUUID: api.Optional(p.ID), AssertionEncryptionMode: new(cmp.Or(p.Encryption, domain.EncryptionAllowed)), PrivateKeyList: []iam.SAMLPrivateKey{},
		Tags: append([]iam.Tag{}, tagsOut(p.Tags)...)}
	for _, k := range p.Keys {
		out.PrivateKeyList = append(out.PrivateKeyList, iam.SAMLPrivateKey{KeyId: new(k.ID), Timestamp: api.At(k.CreatedAt)})
	}
	return out, nil
}

func (s *server) listSAMLProviders(context.Context, *rpc.Call, *iam.ListSAMLProvidersRequest) (*iam.ListSAMLProvidersResponse, error) {
	out := &iam.ListSAMLProvidersResponse{SAMLProviderList: []iam.SAMLProviderListEntry{}}
	for _, p := range s.iam.SAMLProviders() {
		out.SAMLProviderList = append(out.SAMLProviderList, iam.SAMLProviderListEntry{Arn: &p.ARN, CreateDate: api.At(p.CreatedAt), ValidUntil: api.At(p.ValidUntil())})
	}
	return out, nil
}

func (s *server) updateSAMLProvider(ctx context.Context, _ *rpc.Call, in *iam.UpdateSAMLProviderRequest) (*iam.UpdateSAMLProviderResponse, error) {
	err := s.iam.UpdateSAMLProvider(ctx, api.Value(in.SAMLProviderArn), domain.SAMLUpdate{Metadata: api.Value(in.SAMLMetadataDocument),
		Encryption: api.Value(in.AssertionEncryptionMode), AddKey: api.Value(in.AddPrivateKey), RemoveKey: api.Value(in.RemovePrivateKey)})
	if err != nil {
		return nil, err
	}
	return &iam.UpdateSAMLProviderResponse{SAMLProviderArn: in.SAMLProviderArn}, nil
}

func (s *server) deleteSAMLProvider(ctx context.Context, _ *rpc.Call, in *iam.DeleteSAMLProviderRequest) (*api.Empty, error) {
	return nil, s.iam.DeleteSAMLProvider(ctx, api.Value(in.SAMLProviderArn))
}

func (s *server) tagSAMLProvider(ctx context.Context, _ *rpc.Call, in *iam.TagSAMLProviderRequest) (*api.Empty, error) {
	tags, err := policyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, s.iam.TagSAMLProvider(ctx, api.Value(in.SAMLProviderArn), tags)
}

func (s *server) untagSAMLProvider(ctx context.Context, _ *rpc.Call, in *iam.UntagSAMLProviderRequest) (*api.Empty, error) {
	return nil, s.iam.UntagSAMLProvider(ctx, api.Value(in.SAMLProviderArn), in.TagKeys)
}

func (s *server) listSAMLProviderTags(_ context.Context, _ *rpc.Call, in *iam.ListSAMLProviderTagsRequest) (*iam.ListSAMLProviderTagsResponse, error) {
	p, err := s.iam.SAMLProvider(api.Value(in.SAMLProviderArn))
	if err != nil {
		return nil, err
	}
	out := &iam.ListSAMLProviderTagsResponse{}
	out.Tags, out.IsTruncated, out.Marker, err = tagPage(p.Tags, in.Marker, in.MaxItems)
	return out, err
}
