package grants

import (
	"context"

	"github.com/sluicegate/sluice/userpool/oauth"
)

// authorizationCode is the grant of RFC 6749 section 4.1.3, with PKCE (RFC 7636 section 4.5).
func (s *Service) authorizationCode(ctx context.Context, by *Caller, r *Request) (*Answer, error) {
	p := r.Parameters
	if p["code"] == "" {
		return nil, refuse(InvalidRequest, "code is missing.")
	}
	set, err := s.o.OAuth.Redeem(ctx, oauth.Redemption{Pool: by.Pool, Client: by.Client, Code: p["code"], RedirectURI: p["redirect_uri"],
		Verifier: p["code_verifier"], Resource: p["resource"]})
	if err != nil {
		return nil, err
	}
	return &Answer{Set: *set}, nil
}
