package cognitoidp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/domains"
)

// domainOperations are the operations on the domains of pools.
func (s *server) domainOperations() rpc.Registry {
	return rpc.Registry{
		"CreateUserPoolDomain":   rpc.Handle(s.createUserPoolDomain),
		"DeleteUserPoolDomain":   rpc.Handle(s.deleteUserPoolDomain),
		"DescribeUserPoolDomain": rpc.Handle(s.describeUserPoolDomain),
		"GetSigningCertificate":  rpc.Handle(s.getSigningCertificate),
		"UpdateUserPoolDomain":   rpc.Handle(s.updateUserPoolDomain),
	}
}

func (s *server) createUserPoolDomain(ctx context.Context, _ *rpc.Call, in *wire.CreateUserPoolDomainRequest) (*wire.CreateUserPoolDomainResponse, error) {
	change, err := domainIn(in.UserPoolId, in.Domain, in.ManagedLoginVersion, in.CustomDomainConfig, in.Routing)
	if err != nil {
		return nil, err
	}
	d, err := s.domains.CreateUserPoolDomain(ctx, change)
	if err != nil {
		return nil, err
	}
	routing, err := routingOut(d)
	return &wire.CreateUserPoolDomainResponse{CloudFrontDomain: s.distribution(d), ManagedLoginVersion: &d.Version, Routing: routing}, err
}

func (s *server) updateUserPoolDomain(ctx context.Context, _ *rpc.Call, in *wire.UpdateUserPoolDomainRequest) (*wire.UpdateUserPoolDomainResponse, error) {
	change, err := domainIn(in.UserPoolId, in.Domain, in.ManagedLoginVersion, in.CustomDomainConfig, in.Routing)
	if err != nil {
		return nil, err
	}
	d, err := s.domains.UpdateUserPoolDomain(ctx, change)
	if err != nil {
		return nil, err
	}
	routing, err := routingOut(d)
	return &wire.UpdateUserPoolDomainResponse{CloudFrontDomain: s.distribution(d), ManagedLoginVersion: &d.Version, Routing: routing}, err
}

func (s *server) deleteUserPoolDomain(ctx context.Context, _ *rpc.Call, in *wire.DeleteUserPoolDomainRequest) (*wire.DeleteUserPoolDomainResponse, error) {
	return nil, s.domains.DeleteUserPoolDomain(ctx, api.Value(in.UserPoolId), api.Value(in.Domain))
}

// describeUserPoolDomain answers an empty description for a domain that does not exist, as AWS does.
func (s *server) describeUserPoolDomain(ctx context.Context, call *rpc.Call, in *wire.DescribeUserPoolDomainRequest) (*wire.DescribeUserPoolDomainResponse, error) {
	out := &wire.DescribeUserPoolDomainResponse{DomainDescription: &wire.DomainDescriptionType{}}
	d, err := s.domains.DescribeUserPoolDomain(ctx, api.Value(in.Domain))
	if err != nil || d == nil {
		return out, err
	}
	if s.pools.Find(ctx, d.PoolID) != nil { // of another region
		return out, nil
	}
	p, err := s.pools.Pool(ctx, d.PoolID)
	if err != nil {
		return nil, err
	}
	custom := &wire.CustomDomainConfigType{}
	if d.Custom {
		custom.CertificateArn, custom.SecurityPolicy = &d.Certificate, api.Optional(d.Policy)
	}
	routing, err := routingOut(d)
	out.DomainDescription = &wire.DomainDescriptionType{UserPoolId: &d.PoolID, AWSAccountId: api.Optional(account(p.ARN)), Domain: &d.Name,
		CloudFrontDistribution: new(s.domains.PublicHost()), Version: new(d.ModifiedAt.Format("20060102150405")), Status: new("ACTIVE"),
		S3Bucket: new("sluice-assets"), CustomDomainConfig: custom, ManagedLoginVersion: &d.Version, Routing: routing}
	return out, err
}

// distribution is the host name that the name of a custom domain must point to in DNS: Sluice's own, where AWS has one of CloudFront.
func (s *server) distribution(d *domains.Domain) *string {
	if !d.Custom {
		return nil
	}
	return new(s.domains.PublicHost())
}

func domainIn(pool, name *string, version *int, custom *wire.CustomDomainConfigType, routing *wire.RoutingType) (domains.Change, error) {
	in := domains.Change{PoolID: api.Value(pool), Name: api.Value(name), Custom: custom != nil}
	if version != nil {
		if in.Version = *version; in.Version == 0 {
			in.Version = -1 // given, and no version
		}
	}
	if custom != nil {
		in.Certificate, in.Policy = api.Value(custom.CertificateArn), api.Value(custom.SecurityPolicy)
	}
	if routing != nil {
		text, err := json.Marshal(routing)
		if err != nil {
			return in, fmt.Errorf("cognitoidp: request: %w", err)
		}
		in.Failover = string(text)
	}
	return in, nil
}

func routingOut(d *domains.Domain) (*wire.RoutingType, error) {
	if d.Failover == "" {
		return nil, nil
	}
	routing := &wire.RoutingType{}
	if err := json.Unmarshal([]byte(d.Failover), routing); err != nil {
		return nil, fmt.Errorf("cognitoidp: routing of domain %s: %w", d.Name, err)
	}
	return routing, nil
}

func (s *server) getSigningCertificate(ctx context.Context, _ *rpc.Call, in *wire.GetSigningCertificateRequest) (*wire.GetSigningCertificateResponse, error) {
	certificate, err := s.saml.SigningCertificate(ctx, api.Value(in.UserPoolId))
	if err != nil {
		return nil, err
	}
	return &wire.GetSigningCertificateResponse{Certificate: &certificate}, nil
}
