package triggers

import "context"

type inboundFederationRequest struct {
	ProviderName string `json:"providerName"`
	ProviderType string `json:"providerType"`
	Attributes   any    `json:"attributes"`
}

type inboundFederationResponse struct {
	UserAttributesToMap texts `json:"userAttributesToMap"`
}

// Inbound is what a provider sent about a user who signs in with it.
type Inbound struct {
	ProviderName string // as the pool names it
	ProviderType string // Google, SAML …
	Attributes   any    // tokenResponse, idToken and userInfo, or samlResponse
}

// InboundFederation runs when a provider has proved who a user is, before the pool knows the user: c.User has the user name only. It
// returns the attributes to use instead of all of the provider's, by the provider's names; nil keeps them.
func (s *Service) InboundFederation(ctx context.Context, c Call, in Inbound) (map[string]string, error) {
	f := c.config().InboundFederation
	if f == nil || f.LambdaArn == "" {
		return nil, nil
	}
	out, err := run(ctx, s, function{name: "InboundFederation", arn: f.LambdaArn, source: "InboundFederation_ExternalProvider"}, &c,
		inboundFederationRequest(in), inboundFederationResponse{UserAttributesToMap: texts{}})
	if err != nil || len(out.UserAttributesToMap) == 0 {
		return nil, err
	}
	return out.UserAttributesToMap, nil
}
