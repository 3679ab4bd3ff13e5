package grants

import (
	"context"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/userpool/tokens"
)

// The types of tokens in a token exchange.
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // G101: a name

// exchangeType is the grant_type of a token exchange.
const exchangeType = "urn:ietf:params:oauth:grant-type:token-exchange"

// tokenExchange gives a service that was called with a user's access token one for the next service. The client's settings say
// whose tokens it may exchange, and for which audiences; without them it may exchange nothing. The new token has scopes that both
// the old token and the client have, never that of operations on the user's own account, and ends with the old one.
//
// Source: RFC 8693.
func (s *Service) tokenExchange(ctx context.Context, by *Caller, r *Request) (*Answer, error) {
	p := r.Parameters
	if by.Method == None || by.Client.Settings.OAuth == nil || by.Client.Settings.OAuth.Exchange == nil {
		return nil, refuse(UnauthorizedClient, "")
	}
	asked := p["requested_token_type"]
	audience, resource := p["audience"], p["resource"]
	switch {
	case p["subject_token"] == "" || p["subject_token_type"] != accessTokenType:
		return nil, refuse(InvalidRequest, "subject_token must be an access token.")
	case p["actor_token"] != "" || p["actor_token_type"] != "":
		return nil, refuse(InvalidRequest, "actor_token is not supported: the client is the actor.")
	case asked != "" && asked != accessTokenType:
		return nil, refuse(InvalidRequest, "Only access tokens are issued.")
	case (audience == "") == (resource == ""):
		return nil, refuse(InvalidRequest, "Name the recipient of the token, by audience or by resource.")
	}
	if audience == "" {
		audience = resource
	}
	h, err := s.accessToken(ctx, by, p["subject_token"], s.o.Tokens.InspectToExchange)
	if err != nil {
		return nil, err
	}
	switch {
	case h.User.Sub == "": // the token of a client that acts for itself: the client can get its own
		return nil, refuse(InvalidRequest, "subject_token has no user.")
	case !by.Client.Settings.OAuth.Exchanges(h.Client.ID, audience):
		return nil, refuse(InvalidTarget, "")
	}
	scopes, err := exchangedScopes(by, h, p.scopes())
	if err != nil {
		return nil, err
	}
	set, err := s.o.Tokens.Exchange(tokens.ExchangeRequest{Holder: h, Client: by.Client, Scopes: scopes, Audience: audience})
	if err != nil {
		return nil, err
	}
	return &Answer{Set: *set, IssuedTokenType: accessTokenType, Scope: strings.Join(scopes, " ")}, nil
}

// exchangedScopes returns the scopes of a new token: those asked for, or all, that the old token and the client have.
func exchangedScopes(by *Caller, h *tokens.Holder, asked []string) ([]string, error) {
	allowed := by.Client.Grants(by.Pool)
	var scopes []string
	for _, scope := range h.Token.Scopes {
		if scope != tokens.SelfScope && slices.Contains(allowed, scope) && (len(asked) == 0 || slices.Contains(asked, scope)) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 || len(asked) > len(scopes) {
		return nil, refuse(InvalidScope, "")
	}
	return scopes, nil
}
