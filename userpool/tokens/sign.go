package tokens

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// content holds the values from which an ID and an access token are made.
type content struct {
	pool   *userpool.Pool
	client *userpool.Client
	user   *store.User
	groups []store.Group // in the order of groupsOf

	scopes   []string
	hosted   *Hosted // nil for tokens of the API
	family   string  // origin_jti
	event    string  // event_id
	device   string  // device_key; "" for none
	authTime time.Time
	acr      string                 // "" for none
	amr      []string               // nil for none
	changes  *triggers.TokenChanges // of PreTokenGeneration; nil for none
	from     moment                 // before user and groups were read; determines iat, so that the tokens are older than any later change
}

// mint makes ID and access token, each signed by its own key.
func (s *Service) mint(c *content) (*Set, error) {
	iat := c.from.second()
	lives := c.client.Lives
	access, err := s.sign(c.pool, userpool.UseAccess, c.changedAccess(), iat, lives.Access)
	if err != nil {
		return nil, err
	}
	set := &Set{AccessToken: access, ExpiresIn: int(lives.Access / time.Second)}
	if c.hosted != nil && !slices.Contains(c.scopes, "openid") {
		return set, nil
	}
	claims := c.changedID()
	if c.hosted != nil {
		claims["at_hash"] = accessHash(access)
	}
	set.IDToken, err = s.sign(c.pool, userpool.UseID, claims, iat, lives.ID)
	return set, err
}

// sign adds the claims that every token has and signs it.
func (s *Service) sign(p *userpool.Pool, use string, claims map[string]any, iat time.Time, life time.Duration) (string, error) {
	jti, err := s.base.UUID()
	if err != nil {
		return "", err
	}
	claims["iss"], claims["jti"], claims["token_use"] = p.Issuer, jti, use
	claims["iat"], claims["exp"] = iat.Unix(), iat.Add(life).Unix()
	key, err := p.Signer(use, s.base.Now())
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("tokens: encoding claims: %w", err)
	}
	return key.Sign(data, "")
}

// common returns the claims that both tokens share.
func (c *content) common() map[string]any {
	claims := map[string]any{
		"sub":        c.user.Sub,
		"origin_jti": c.family,
		"event_id":   c.event,
		"auth_time":  c.authTime.Unix(),
	}
	if len(c.groups) > 0 {
		claims["cognito:groups"] = groupNames(c.groups)
	}
	if c.acr != "" {
		claims["acr"] = c.acr
	}
	if len(c.amr) > 0 {
		claims["amr"] = c.amr
	}
	return claims
}

// assure sets how strongly the user has proved who they are.
func (c *content) assure(r *Request) {
	level := r.Level
	if r.Provider == "" {
		level = assurance.Level(r.Methods)
	}
	c.amr, c.acr = r.Methods, c.pool.Acr.Acr(level)
}

// accessClaims returns the claims of the access token. It holds no attribute of the user.
func (c *content) accessClaims() map[string]any {
	claims := c.common()
	claims["client_id"] = c.client.ID
	claims["username"] = c.user.Username
	claims["scope"] = strings.Join(c.scopes, " ")
	if c.hosted != nil {
		claims["version"] = 2
		if c.hosted.Resource != "" {
			claims["aud"] = c.hosted.Resource
		}
	}
	if c.device != "" {
		claims["device_key"] = c.device
	}
	return claims
}

// idClaims returns the claims of the ID token, with the attributes that the client may read.
func (c *content) idClaims() map[string]any {
	claims := c.common()
	claims["aud"] = c.client.ID
	claims["cognito:username"] = c.user.Username
	if c.hosted != nil && c.hosted.Nonce != "" {
		claims["nonce"] = c.hosted.Nonce
	}
	if roles := groupRoles(c.groups); len(roles) > 0 {
		claims["cognito:roles"] = roles
	}
	if role := preferredRole(c.groups); role != "" {
		claims["cognito:preferred_role"] = role
	}
	if list, err := providers.IdentitiesClaim(c.user); err == nil && list != nil {
		claims["identities"] = list
	}
	for name, value := range c.user.Attributes {
		if _, taken := claims[name]; taken || !c.releases(name) || strings.HasPrefix(name, "dev:") || name == userpool.Identities {
			continue
		}
		claims[name] = claimValue(name, value)
	}
	return claims
}

// claimValue returns an attribute with the type of its claim in OpenID Connect Core section 5.1: booleans, numbers and an
// object for the address. Everything else is text, custom numbers included.
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
