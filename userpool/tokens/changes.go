package tokens

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// changesOfSignIn runs PreTokenGeneration for a sign-in. The function may take seconds, so it runs before the transaction that
// writes the refresh family, which reads the user again.
func (s *Service) changesOfSignIn(ctx context.Context, r *Request) (*triggers.TokenChanges, error) {
	if !triggers.ChangesTokens(r.Pool) {
		return nil, nil
	}
	c := &content{pool: r.Pool, client: r.Client, scopes: r.Scopes, hosted: r.Hosted}
	err := s.base.View(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(r.Pool.ID, r.Sub)
		if err != nil {
			return err
		}
		c.user = &u
		c.groups, err = groupsOf(tx, &u)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, userpool.ErrWrongPassword
	}
	if err != nil {
		return nil, err
	}
	return s.generate(ctx, c, cmp.Or(r.Source, triggers.SignIn), r.Metadata)
}

// changesOfRenewal runs PreTokenGeneration for a renewal. It returns the moment at which the function's input was read, the zero value if
// there is no function. If the token is refused, err is the refusal.
func (s *Service) changesOfRenewal(ctx context.Context, in *RenewRequest, r *refreshToken) (changes *triggers.TokenChanges, from moment, err error) {
	if !triggers.ChangesTokens(in.Pool) {
		return nil, moment{}, nil
	}
	c := &content{pool: in.Pool, client: in.Client}
	now := s.base.Now()
	var refused error
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		if _, refused, err = s.readFamily(tx, c, r, in); err != nil || refused != nil {
			return err
		}
		from, err = s.moment(tx, now, c.pool.ID, c.user.Sub)
		return err
	})
	if err = cmp.Or(err, refused); err != nil {
		return nil, moment{}, err
	}
	changes, err = s.generate(ctx, c, triggers.RefreshTokens, in.Metadata)
	return changes, from, err
}

// generate runs PreTokenGeneration for the content, and checks what it changes.
func (s *Service) generate(ctx context.Context, c *content, source triggers.TokenSource, metadata map[string]string) (*triggers.TokenChanges, error) {
	groups := triggers.Groups{Groups: groupNames(c.groups), Roles: groupRoles(c.groups)}
	if role := preferredRole(c.groups); role != "" {
		groups.PreferredRole = &role
	}
	changes, err := s.o.Triggers.PreTokenGeneration(ctx, triggers.Call{Pool: c.pool, Client: c.client, User: c.user, Metadata: metadata},
		triggers.TokenRequest{Source: source, Groups: groups, Scopes: c.scopes})
	if err != nil {
		return nil, err
	}
	return changes, c.checkChanges(changes)
}

// fixed are the claims that PreTokenGeneration can neither change nor suppress, in addition to those with the prefix "cognito:". scope
// changes by its own members of the answer.
//
// Source: the developer guide, "Pre token generation Lambda trigger".
var fixed = []string{"acr", "amr", "at_hash", "aud", "auth_time", "azp", "client_id", "device_key", "event_id", "exp", "iat", "identities", "iss",
	"jti", "nbf", "nonce", "origin_jti", "scope", "sub", "token_use", "username", "version"}

func isFixed(claim string) bool {
	return slices.Contains(fixed, claim) || strings.HasPrefix(claim, "cognito:")
}

// changedID returns the claims of the ID token with the changes.
func (c *content) changedID() map[string]any {
	claims := c.idClaims()
	if c.changes == nil {
		return claims
	}
	if g := c.changes.Groups; g != nil {
		setClaim(claims, "cognito:groups", g.Groups)
		setClaim(claims, "cognito:roles", g.Roles)
		delete(claims, "cognito:preferred_role")
		if g.PreferredRole != nil && *g.PreferredRole != "" {
			claims["cognito:preferred_role"] = *g.PreferredRole
		}
	}
	applyClaims(claims, c.changes.ID)
	return claims
}

// changedAccess returns the claims of the access token with the changes.
func (c *content) changedAccess() map[string]any {
	claims := c.accessClaims()
	if c.changes == nil {
		return claims
	}
	if g := c.changes.Groups; g != nil {
		setClaim(claims, "cognito:groups", g.Groups)
	}
	c.changeAccess(claims)
	return claims
}

// changeAccess applies the changes of the access token, apart from groups.
func (c *content) changeAccess(claims map[string]any) {
	applyClaims(claims, c.changes.Access)
	// The audience may be the client, and nothing else.
	var audience string
	if json.Unmarshal(c.changes.Access.Set["aud"], &audience) == nil && audience == c.client.ID {
		claims["aud"] = audience
	}
	claims["scope"] = strings.Join(c.changedScopes(), " ")
}

func (c *content) changedScopes() []string {
	var scopes []string
	for _, scope := range slices.Concat(c.scopes, c.changes.ScopesToAdd) {
		if !slices.Contains(scopes, scope) && !slices.Contains(c.changes.ScopesToSuppress, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// setClaim sets a claim to a list, and removes it if the list is empty.
func setClaim(claims map[string]any, name string, list []string) {
	delete(claims, name)
	if len(list) > 0 {
		claims[name] = list
	}
}

// applyClaims adds and suppresses claims. It ignores the fixed ones. Suppressing cognito:groups takes the roles along. A claim of
// a developer attribute can only be suppressed.
func applyClaims(claims map[string]any, changes triggers.ClaimChanges) {
	for name, v := range changes.Set {
		if name != "" && !isFixed(name) && !strings.HasPrefix(name, "dev:") && string(v) != "null" {
			claims[name] = v
		}
	}
	for _, name := range changes.Suppress {
		switch {
		case name == "cognito:groups":
			delete(claims, name)
			delete(claims, "cognito:roles")
			delete(claims, "cognito:preferred_role")
		case !isFixed(name):
			delete(claims, name)
		}
	}
}
