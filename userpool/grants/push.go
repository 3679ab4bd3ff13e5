package grants

import (
	"context"
	"net/url"
	"slices"

	"github.com/sluicegate/sluice/userpool/oauth"
)

// Push takes an authorization request from the client itself, and returns the reference with which the client sends the browser.
//
// Source: RFC 9126 section 2.
func (s *Service) Push(ctx context.Context, poolID string, p Parameters, c Credentials) (*oauth.Pushed, error) {
	by, err := s.Authenticate(ctx, poolID, c)
	if err != nil {
		return nil, err
	}
	query := url.Values{}
	for name, value := range p {
		if !slices.Contains([]string{"client_secret", "client_assertion", "client_assertion_type"}, name) {
			query.Set(name, value)
		}
	}
	pushed, err := s.o.OAuth.Push(ctx, by.Pool, by.Client, query)
	return pushed, refusal(err)
}
