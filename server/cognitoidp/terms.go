package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/terms"
)

// termsOperations are the operations on documents that users agree to.
func (s *server) termsOperations() rpc.Registry {
	return rpc.Registry{
		"CreateTerms":           rpc.Handle(s.createTerms),
		"DeleteTerms":           rpc.Handle(s.deleteTerms),
		"DescribeTerms":         rpc.Handle(s.describeTerms),
		"DescribeTermsByClient": rpc.Handle(s.describeTermsByClient),
		"ListTerms":             rpc.Handle(s.listTerms),
		"UpdateTerms":           rpc.Handle(s.updateTerms),
	}
}

func (s *server) createTerms(ctx context.Context, _ *rpc.Call, in *wire.CreateTermsRequest) (*wire.CreateTermsResponse, error) {
	rec, err := s.terms.Create(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), terms.Input{Name: api.Value(in.TermsName),
		Source: api.Value(in.TermsSource), Enforcement: api.Value(in.Enforcement), Links: in.Links})
	if err != nil {
		return nil, err
	}
	return &wire.CreateTermsResponse{Terms: termsOut(rec)}, nil
}

func (s *server) updateTerms(ctx context.Context, _ *rpc.Call, in *wire.UpdateTermsRequest) (*wire.UpdateTermsResponse, error) {
	rec, err := s.terms.Update(ctx, api.Value(in.UserPoolId), api.Value(in.TermsId), terms.Input{Name: api.Value(in.TermsName),
		Source: api.Value(in.TermsSource), Enforcement: api.Value(in.Enforcement), Links: in.Links})
	if err != nil {
		return nil, err
	}
	return &wire.UpdateTermsResponse{Terms: termsOut(rec)}, nil
}

func (s *server) describeTerms(ctx context.Context, _ *rpc.Call, in *wire.DescribeTermsRequest) (*wire.DescribeTermsResponse, error) {
	rec, err := s.terms.Describe(ctx, api.Value(in.UserPoolId), api.Value(in.TermsId))
	if err != nil {
		return nil, err
	}
	return &wire.DescribeTermsResponse{Terms: termsOut(rec)}, nil
}

func (s *server) describeTermsByClient(ctx context.Context, _ *rpc.Call, in *wire.DescribeTermsByClientRequest) (*wire.DescribeTermsByClientResponse, error) {
	rec, err := s.terms.DescribeByClient(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), api.Value(in.TermsName))
	if err != nil {
		return nil, err
	}
	return &wire.DescribeTermsByClientResponse{Terms: termsOut(rec)}, nil
}

func (s *server) deleteTerms(ctx context.Context, _ *rpc.Call, in *wire.DeleteTermsRequest) (*api.Empty, error) {
	return nil, s.terms.Delete(ctx, api.Value(in.UserPoolId), api.Value(in.TermsId))
}

func (s *server) listTerms(ctx context.Context, _ *rpc.Call, in *wire.ListTermsRequest) (*wire.ListTermsResponse, error) {
	after, size, err := s.pageOf(in.NextToken, in.MaxResults, "ListTerms", api.Value(in.UserPoolId))
	if err != nil {
		return nil, err
	}
	list, last, err := s.terms.List(ctx, api.Value(in.UserPoolId), after, size)
	if err != nil {
		return nil, err
	}
	out := &wire.ListTermsResponse{Terms: make([]wire.TermsDescriptionType, 0, len(list))}
	for _, rec := range list {
		out.Terms = append(out.Terms, wire.TermsDescriptionType{TermsId: &rec.ID, TermsName: &rec.Name, Enforcement: &rec.Enforcement,
			CreationDate: api.At(rec.CreatedAt), LastModifiedDate: api.At(rec.ModifiedAt)})
	}
	out.NextToken, err = s.next(last, "ListTerms", api.Value(in.UserPoolId))
	return out, err
}

func termsOut(rec *store.Terms) *wire.TermsType {
	return &wire.TermsType{TermsId: &rec.ID, UserPoolId: &rec.PoolID, ClientId: &rec.ClientID, TermsName: &rec.Name, TermsSource: &rec.Source,
		Enforcement: &rec.Enforcement, Links: rec.Links, CreationDate: api.At(rec.CreatedAt), LastModifiedDate: api.At(rec.ModifiedAt)}
}
