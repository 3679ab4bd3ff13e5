package grants

import (
	"context"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Introspection says what a token is worth. If it is not active, nothing else is set.
//
// Source: RFC 7662 section 2.2.
type Introspection struct {
	Active    bool     // valid now, and the caller's own
	Refresh   bool     // it is a refresh token, not an access token
	Scope     []string // scopes one by one; the answer joins them with blanks
	ClientID  string   // client_id
	Username  string   // "" for a client that acts for itself
	Subject   string   // sub: the user, or the client that acts for itself
	Issuer    string   // iss: of the pool
	Audience  []string // aud; nil for a refresh token
	JTI       string   // "" for a refresh token
	IssuedAt  int64    // iat, in seconds since 1970
	ExpiresAt int64    // exp, in seconds since 1970
	AuthTime  int64    // auth_time, in seconds since 1970; 0 if nobody signed in
}

// SignOuts knows which tokens were revoked before they expire.
type SignOuts interface {
	SignedOut(ctx context.Context, t *token.Token) (bool, error)
}

// Introspect tells a client about a token. A client sees its own tokens; all others are
// not active for it, and neither is an ID token. A client that cannot prove itself sees nothing.
//
// Source: RFC 7662.
func (s *Service) Introspect(ctx context.Context, poolID string, p Parameters, c Credentials) (*Introspection, error) {
	by, err := s.Authenticate(ctx, poolID, c)
	if err != nil {
		return nil, err
	}
	if by.Method == None {
		return nil, refuse(InvalidClient, "")
	}
	raw := p["token"]
	if raw == "" {
		return nil, refuse(InvalidRequest, "token is missing.")
	}
	out, err := s.introspect(ctx, by, raw)
	switch fault.KindOf(err) {
	case fault.NotAuthorized, fault.UserNotFound, fault.PasswordResetRequired, fault.ExpiredToken:
		return &Introspection{}, nil
	default:
		return out, err
	}
}

func (s *Service) introspect(ctx context.Context, by *Caller, raw string) (*Introspection, error) {
	if _, isJWT := token.UnverifiedIssuer(raw); !isJWT {
		r, err := s.o.Tokens.InspectRefresh(ctx, by.Pool, by.Client, raw)
		if err != nil {
			return nil, err
		}
		return &Introspection{Active: true, Refresh: true, Scope: r.Scopes, ClientID: by.Client.ID, Username: r.User.Username,
			Subject: r.User.Sub, Issuer: by.Pool.Issuer, IssuedAt: r.Family.CreatedAt.Unix(), ExpiresAt: r.Family.ExpiresAt.Unix(),
			AuthTime: r.Family.AuthTime.Unix()}, nil
	}
	h, err := s.accessToken(ctx, by, raw, s.o.Tokens.InspectAccess)
	if err != nil {
		return nil, err
	}
	t := h.Token
	if h.Client.ID != by.Client.ID {
		return &Introspection{}, nil
	}
	return &Introspection{Active: true, Scope: t.Scopes, ClientID: t.ClientID, Username: t.Username, Subject: t.Subject,
		Issuer: by.Pool.Issuer, Audience: t.Audience, JTI: t.JTI, IssuedAt: t.IssuedAt, ExpiresAt: t.ExpiresAt, AuthTime: t.AuthTime}, nil
}

// inspection is tokens.Service.InspectAccess or InspectToExchange.
type inspection func(ctx context.Context, p *userpool.Pool, raw string) (*tokens.Holder, error)

// accessToken returns the holder of an access token that is valid and not revoked.
func (s *Service) accessToken(ctx context.Context, by *Caller, raw string, inspect inspection) (*tokens.Holder, error) {
	h, err := inspect(ctx, by.Pool, raw)
	if err != nil {
		return nil, err
	}
	out, err := s.o.SignOuts.SignedOut(ctx, h.Token)
	if err != nil {
		return nil, err
	}
	if out {
		return nil, fault.New(fault.NotAuthorized, "the token was revoked")
	}
	return h, nil
}
