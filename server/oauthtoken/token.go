package oauthtoken

import (
	"net/http"

	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// tokenAnswer is the answer of the token endpoint, with its members in the order of Cognito's.
type tokenAnswer struct {
	IDToken         string `json:"id_token,omitempty"`
	AccessToken     string `json:"access_token"`
	RefreshToken    string `json:"refresh_token,omitempty"`
	IssuedTokenType string `json:"issued_token_type,omitempty"`
	ExpiresIn       int    `json:"expires_in"`
	TokenType       string `json:"token_type"`
	Scope           string `json:"scope,omitempty"`
}

// token is POST /oauth2/token (RFC 6749 section 3.2).
func (h *handler) token(q *request) error {
	p, c, err := h.form(q)
	if err != nil {
		return err
	}
	a, err := h.Grants.Token(q.http.Context(), grants.Request{PoolID: q.point.PoolID, Parameters: p, Credentials: c, Context: h.client(q.http)})
	if err != nil {
		return err
	}
	h.write(q, http.StatusOK, tokenAnswer{IDToken: a.IDToken, AccessToken: a.AccessToken, RefreshToken: a.RefreshToken,
		IssuedTokenType: a.IssuedTokenType, ExpiresIn: a.ExpiresIn, TokenType: tokens.Type, Scope: a.Scope})
	return nil
}
