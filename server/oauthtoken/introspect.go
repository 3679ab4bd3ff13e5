package oauthtoken

import (
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/userpool/grants"
)

// introspection is the answer of RFC 7662 section 2.2.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Use       string `json:"token_use,omitempty"`
	ExpiresAt int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	AuthTime  int64  `json:"auth_time,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  any    `json:"aud,omitempty"` // a string, or a list of several
	Issuer    string `json:"iss,omitempty"`
	JTI       string `json:"jti,omitempty"`
}

// introspect is POST /oauth2/introspect (RFC 7662).
func (h *handler) introspect(q *request) error {
	q.basic = true // RFC 7662 section 2.3: a client that is not authenticated gets 401, however it tried
	p, c, err := h.form(q)
	if err != nil && c.Method == grants.None && c.ClientID == "" { // RFC 6749 section 5.2: no client authentication included
		return &grants.Error{Code: grants.InvalidClient}
	}
	if err != nil {
		return err
	}
	in, err := h.Grants.Introspect(q.http.Context(), q.point.PoolID, p, c)
	if err != nil {
		return err
	}
	out := introspection{Active: in.Active, Scope: strings.Join(in.Scope, " "), ClientID: in.ClientID, Username: in.Username, ExpiresAt: in.ExpiresAt,
		IssuedAt: in.IssuedAt, AuthTime: in.AuthTime, Subject: in.Subject, Issuer: in.Issuer, JTI: in.JTI}
	switch {
	case !in.Active:
	case in.Refresh:
		out.Use = "refresh"
	default:
		out.Use, out.TokenType = "access", "Bearer"
	}
	switch len(in.Audience) {
	case 0:
	case 1:
		out.Audience = in.Audience[0]
	default:
		out.Audience = in.Audience
	}
	h.write(q, http.StatusOK, out)
	return nil
}
