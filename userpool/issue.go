package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
)

// Tokens are what a sign-in or a renewal gives.
type Tokens struct {
	AccessToken  string
	IDToken      string
	RefreshToken string // "" when a renewal leaves the client's as it is
	ExpiresIn    int    // of the access token, seconds
}

// TokenType is how the access token is presented.
const TokenType = "Bearer"

// grant is all that a pair of tokens says. This file alone makes tokens.
type grant struct {
	pool   *pool
	client *client
	user   *store.User
	groups []store.Group // in the order of orderGroups

	scopes   []string
	family   string // origin_jti
	event    string // event_id
	authTime time.Time
	from     moment // before user and groups were read: it gives iat, so that a later change finds the tokens older
}

// mint makes ID and access token, each signed by its own key.
func (s *Service) mint(g *grant) (*Tokens, error) {
	iat := s.cutoffs.issueTime(g.pool.ID, g.user.Sub, g.from)
	lives := g.client.lives
	id, err := s.sign(g.pool, useID, g.idClaims(), iat, lives.id)
	if err != nil {
		return nil, err
	}
	access, err := s.sign(g.pool, useAccess, g.accessClaims(), iat, lives.access)
	if err != nil {
		return nil, err
	}
	return &Tokens{AccessToken: access, IDToken: id, ExpiresIn: int(lives.access / time.Second)}, nil
}

// sign adds what every token has and signs it.
func (s *Service) sign(p *pool, use string, claims map[string]any, iat time.Time, life time.Duration) (string, error) {
	jti, err := s.newUUID()
	if err != nil {
		return "", err
	}
	claims["iss"], claims["jti"], claims["token_use"] = p.issuer, jti, use
	claims["iat"], claims["exp"] = iat.Unix(), iat.Add(life).Unix()
	key, err := p.keys.Signer(use, s.o.Now())
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("userpool: claims: %w", err)
	}
	return key.Sign(data, "")
}

// common are the claims that both tokens have.
func (g *grant) common() map[string]any {
	claims := map[string]any{
		"sub":        g.user.Sub,
		"origin_jti": g.family,
		"event_id":   g.event,
		"auth_time":  g.authTime.Unix(),
	}
	if len(g.groups) > 0 {
		names := make([]string, len(g.groups))
		for i, gr := range g.groups {
			names[i] = gr.Name
		}
		claims["cognito:groups"] = names
	}
	return claims
}

// accessClaims are the access token's: no attribute of the user among them.
func (g *grant) accessClaims() map[string]any {
	claims := g.common()
	claims["client_id"] = g.client.ID
	claims["username"] = g.user.Username
	claims["scope"] = strings.Join(g.scopes, " ")
	claims["version"] = 2
	return claims
}

// idClaims are the ID token's, with the attributes that the client may read.
func (g *grant) idClaims() map[string]any {
	claims := g.common()
	claims["aud"] = g.client.ID
	claims["cognito:username"] = g.user.Username
	if roles := groupRoles(g.groups); len(roles) > 0 {
		claims["cognito:roles"] = roles
	}
	if role := preferredRole(g.groups); role != "" {
		claims["cognito:preferred_role"] = role
	}
	for name, value := range g.user.Attributes {
		if _, taken := claims[name]; taken || !g.client.mayRead(name) || strings.HasPrefix(name, "dev:") {
			continue
		}
		claims[name] = claimValue(name, value)
	}
	return claims
}

// claimValue gives an attribute the type that its claim has: booleans and numbers of OpenID Connect's standard claims,
// an object for the address, text for all else, custom numbers included.
func claimValue(name, value string) any {
	switch name {
	case "email_verified", "phone_number_verified":
		return value == "true"
	case "updated_at":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return n
		}
	case "address":
		return map[string]string{"formatted": value}
	}
	return value
}

// familyContext is what a renewal repeats.
type familyContext struct {
	Scopes []string `json:"scopes"`
	Event  string   `json:"event"`
	Flow   string   `json:"flow"`
	Turn   uint32   `json:"turn,omitempty"` // how often the refresh token was rotated
}

// signIn ends a sign-in: it keeps a new refresh family, begins the count of failures anew, and mints.
func (s *Service) signIn(ctx context.Context, a *attempt) (*Tokens, error) {
	from := s.cutoffs.moment(s.o.Now())
	g := &grant{pool: a.pool, client: a.client, scopes: []string{selfScope}, authTime: from.at, from: from}
	var err error
	if g.family, err = s.newUUID(); err != nil {
		return nil, err
	}
	if g.event, err = s.newUUID(); err != nil {
		return nil, err
	}
	refresh, hash, err := s.newRefreshToken(a.client.ID, g.family)
	if err != nil {
		return nil, err
	}
	state, err := json.Marshal(familyContext{Scopes: g.scopes, Event: g.event, Flow: a.flow})
	if err != nil {
		return nil, fmt.Errorf("userpool: refresh family: %w", err)
	}
	family := store.RefreshToken{ID: g.family, PoolID: a.pool.ID, ClientID: a.client.ID, Sub: a.user.Sub, Hash: hash, Context: state,
		AuthTime: from.at, CreatedAt: from.at, ExpiresAt: from.at.Add(a.client.lives.refresh)}
	var u store.User
	err = s.update(ctx, func(tx store.Tx) error {
		if u, err = tx.Users.Get(a.pool.ID, a.user.Sub); err != nil {
			return err
		}
		// What was judged minutes or a hash ago must still hold.
		if !u.Enabled || u.Status != a.user.Status || !u.Password.ModifiedAt.Equal(a.user.Password.ModifiedAt) {
			return errWrongPassword
		}
		if g.groups, err = groupsOf(tx, &u); err != nil {
			return err
		}
		if u.Failures.Count > 0 || a.learnt != nil {
			u.Failures = store.Failures{}
			if a.learnt != nil {
				u.Password = *a.learnt
			}
			if err := tx.Users.Update(u); err != nil {
				return err
			}
		}
		return tx.RefreshTokens.Insert(family)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errWrongPassword
	}
	if err != nil {
		return nil, err
	}
	g.user = &u
	tokens, err := s.mint(g)
	if err != nil {
		return nil, err
	}
	tokens.RefreshToken = refresh
	return tokens, nil
}
