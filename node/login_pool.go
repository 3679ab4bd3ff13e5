package node

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// poolProvider is a user pool of this node as a provider of a login. The browser goes to the pool's pages; everything else happens
// in this process.
type poolProvider struct {
	users        *idp.Provider
	pool, client string
	base         string // where the pool is mounted
	scopes       []string
	namesIssuer  bool
}

// poolProvider returns the provider of a route's login.
func (n *Node) poolProvider(g *GatePlan) login.Provider {
	l := g.settings.Login
	return &poolProvider{users: n.Services.Users, pool: l.With, client: l.ClientID, base: mount.ByPath(g.app.PublicURL, l.With).Base,
		scopes: l.Scopes, namesIssuer: !g.app.StrictAWS}
}

// errPoolClient ends sessions: a client that was deleted gives no tokens any more.
var errPoolClient = &login.Refused{Code: "unauthorized_client"}

// find returns the pool and the client as they are now.
func (p *poolProvider) find(ctx context.Context) (*userpool.Pool, *userpool.Client, error) {
	pool, client, err := p.users.Pools.PoolAndClient(ctx, p.client)
	if fault.Is(err, fault.ResourceNotFound) || err == nil && pool.ID != p.pool {
		return nil, nil, errPoolClient
	}
	return pool, client, err
}

// Authorize implements login.Provider.
func (p *poolProvider) Authorize(_ context.Context, r login.Authorization) (string, error) {
	query := url.Values{"response_type": {"code"}, "client_id": {p.client}, "redirect_uri": {r.RedirectURI}, "state": {r.State}, "nonce": {r.Nonce},
		"code_challenge": {login.Challenge(r.Verifier)}, "code_challenge_method": {"S256"}}
	if len(p.scopes) > 0 {
		query.Set("scope", strings.Join(p.scopes, " "))
	}
	return p.base + "/oauth2/authorize?" + query.Encode(), nil
}

// Redeem implements login.Provider.
func (p *poolProvider) Redeem(ctx context.Context, r login.Redemption) (*login.Tokens, error) {
	pool, client, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	return poolTokens(p.users.OAuth.Redeem(ctx, oauth.Redemption{Pool: pool, Client: client, Code: r.Code, RedirectURI: r.RedirectURI, Verifier: r.Verifier}))
}

// Refresh implements login.Provider.
func (p *poolProvider) Refresh(ctx context.Context, refreshToken string) (*login.Tokens, error) {
	pool, client, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	return poolTokens(p.users.Tokens.Renew(ctx, tokens.RenewRequest{Pool: pool, Client: client, RefreshToken: refreshToken}))
}

// poolTokens converts tokens and errors of a pool. What the pool has decided is a *login.Refused.
func poolTokens(set *tokens.Set, err error) (*login.Tokens, error) {
	if refused, ok := errors.AsType[*oauth.Error](err); ok {
		return nil, &login.Refused{Code: refused.OAuthCode()}
	}
	switch fault.KindOf(err) {
	case fault.NotAuthorized, fault.RefreshTokenReuse, fault.PasswordResetRequired, fault.UserNotFound, fault.UserNotConfirmed:
		return nil, &login.Refused{Code: "invalid_grant"}
	default: // below
	}
	if err != nil {
		return nil, err
	}
	out := &login.Tokens{ID: set.IDToken, Access: set.AccessToken, Refresh: set.RefreshToken, ExpiresIn: time.Duration(set.ExpiresIn) * time.Second}
	if claims, ok := token.UnverifiedClaims(set.AccessToken); ok { // this process has just signed it
		scope, _ := claims.Values("scope")
		out.Scopes = strings.Fields(strings.Join(scope, " "))
	}
	return out, nil
}

// Revoke implements login.Provider.
func (p *poolProvider) Revoke(ctx context.Context, refreshToken string) error {
	_, client, err := p.find(ctx)
	if err != nil || !client.Revokes {
		return err
	}
	return p.users.Tokens.RevokeToken(ctx, tokens.TokenRevocation{ClientID: client.ID, ClientSecret: client.Secret.Reveal(), Token: refreshToken, Linked: true})
}

// Logout implements login.Provider.
func (p *poolProvider) Logout(_ context.Context, _, back string) (string, error) {
	return p.base + "/logout?" + url.Values{"client_id": {p.client}, "logout_uri": {back}}.Encode(), nil
}

// NamesIssuer implements login.Provider.
func (p *poolProvider) NamesIssuer(context.Context) (bool, error) { return p.namesIssuer, nil }
