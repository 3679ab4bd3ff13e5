package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
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
	base         string // where the pool is mounted, if it has no domain
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

// at returns the URL of the pool's pages: at its domain if it has one, as discovery says.
func (p *poolProvider) at(pool *userpool.Pool) string {
	if base := p.users.Domains.Base(pool); base != "" {
		return base
	}
	return p.base
}

// Authorize implements login.Provider. What the pool would refuse on a page of its own is an error that says what to change.
func (p *poolProvider) Authorize(ctx context.Context, r login.Authorization) (string, error) {
	pool, client, err := p.find(ctx)
	switch {
	case errors.Is(err, errPoolClient):
		return "", fmt.Errorf("%w: user pool %s has no app client %s; create it, or write another one", login.ErrNotSetUp, p.pool, p.client)
	case err != nil:
		return "", err
	case !client.Settings.AllowedOAuthFlowsUserPoolClient || !slices.Contains(client.Settings.AllowedOAuthFlows, "code"):
		return "", fmt.Errorf("%w: the app client %s needs AllowedOAuthFlowsUserPoolClient, and the flow code in AllowedOAuthFlows", login.ErrNotSetUp, p.client)
	case !slices.Contains(client.Settings.CallbackURLs, r.RedirectURI):
		return "", &login.Unregistered{Client: p.client, RedirectURI: r.RedirectURI}
	}
	query := url.Values{"response_type": {"code"}, "client_id": {p.client}, "redirect_uri": {r.RedirectURI}, "state": {r.State}, "nonce": {r.Nonce},
		"code_challenge": {login.Challenge(r.Verifier)}, "code_challenge_method": {"S256"}}
	if len(p.scopes) > 0 {
		query.Set("scope", strings.Join(p.scopes, " "))
	}
	return p.at(pool) + "/oauth2/authorize?" + query.Encode(), nil
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
func (p *poolProvider) Logout(ctx context.Context, _, back string) (string, error) {
	pool, _, err := p.find(ctx)
	if err != nil {
		return "", err
	}
	return p.at(pool) + "/logout?" + url.Values{"client_id": {p.client}, "logout_uri": {back}}.Encode(), nil
}

// NamesIssuer implements login.Provider.
func (p *poolProvider) NamesIssuer(context.Context) (bool, error) { return p.namesIssuer, nil }

// checkLogin returns an error if a declared app client does not allow the login. Those of the API are compared when a browser begins to
// sign in.
func (p *Plan) checkLogin(l *config.Login) error {
	pool, _ := p.o.Config.UserPool(l.With)
	if !slices.ContainsFunc(pool.Clients, func(c config.Client) bool { return c.ID == l.ClientID }) {
		return nil
	}
	file := p.declared.clients[l.ClientID]
	if file == nil {
		return fmt.Errorf("login %s: the app client does not allow it, because it has no CallbackURLs; write in its block: settings <file>", l.ClientID)
	}
	var s struct {
		AllowedOAuthFlowsUserPoolClient bool
		AllowedOAuthFlows               []string
		AllowedOAuthScopes              []string
		CallbackURLs, LogoutURLs        []string
	}
	if err := json.Unmarshal(file.Request(), &s); err != nil {
		return fmt.Errorf("%s: %w", file.Path, err)
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("login %s: the app client does not allow it: %s: %s", l.ClientID, file.Path, fmt.Sprintf(format, args...))
	}
	switch {
	case !s.AllowedOAuthFlowsUserPoolClient:
		return wrong(`write "AllowedOAuthFlowsUserPoolClient": true`)
	case !slices.Contains(s.AllowedOAuthFlows, "code"):
		return wrong(`AllowedOAuthFlows lacks "code"`)
	case !slices.Contains(s.AllowedOAuthScopes, "openid"):
		return wrong(`AllowedOAuthScopes lacks "openid"`)
	case !slices.ContainsFunc(s.CallbackURLs, at(l.Callback)):
		return wrong("no URL of CallbackURLs has the path %s; add that of the site, such as https://app.example.com%[1]s", l.Callback)
	case !slices.ContainsFunc(s.LogoutURLs, at(l.Logout)):
		return wrong("no URL of LogoutURLs has the path %s; add that of the site, such as https://app.example.com%[1]s", l.Logout)
	}
	for _, scope := range l.Scopes {
		if !slices.Contains(s.AllowedOAuthScopes, scope) {
			return wrong("AllowedOAuthScopes lacks %q", scope)
		}
	}
	return nil
}

// at reports whether a URL has the path.
func at(path string) func(raw string) bool {
	return func(raw string) bool {
		u, err := url.Parse(raw)
		return err == nil && u.Path == path
	}
}
