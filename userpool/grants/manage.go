package grants

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

// A client that registered itself manages its registration with the registration access token that it got. The token is sealed: nothing
// of it is stored, and it ends with the client.
//
// Source: RFC 7592.

// purposeManage seals registration access tokens. The additional data is the pool's id.
const purposeManage = "registration access token"

// maxManage is the length of the longest registration access token.
const maxManage = 1024

// management is what a registration access token says.
type management struct {
	Client  string `json:"c"`
	Made    int64  `json:"t"`           // when the client was made: its id is then that of the same client
	Vouched bool   `json:"v,omitempty"` // it registered with an initial access token
}

// giveAccess gives a new registration its access token.
func (s *Service) giveAccess(poolID string, in *Registration, vouched bool) error {
	text, err := json.Marshal(management{in.ClientID, in.IssuedAt, vouched})
	if err != nil {
		return err
	}
	in.AccessToken, err = s.base.Seal.SealToken(purposeManage, text, []byte(poolID))
	return err
}

// managed returns the client that a registration access token is of. An error says no more than that the token is not valid.
func (s *Service) managed(ctx context.Context, poolID, clientID, raw string) (*userpool.Pool, *userpool.Client, *management, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, nil, nil, err
	}
	if !p.DCR.Enabled {
		return nil, nil, nil, refuse(AccessDenied, "Clients cannot register with this user pool.")
	}
	invalid := refuse(InvalidToken, "The registration access token is not valid.")
	text, err := s.base.Seal.OpenToken(purposeManage, raw, []byte(p.ID), maxManage)
	if err != nil {
		return nil, nil, nil, invalid
	}
	m := new(management)
	if json.Unmarshal(text, m) != nil || m.Client != clientID {
		return nil, nil, nil, invalid
	}
	c, err := s.o.Pools.Client(ctx, clientID)
	switch {
	case fault.Is(err, fault.ResourceNotFound):
		return nil, nil, nil, invalid
	case err != nil:
		return nil, nil, nil, err
	case c.PoolID != p.ID || c.Settings.ClientType != userpool.ClientDCR || c.CreatedAt.Unix() != m.Made:
		return nil, nil, nil, invalid
	}
	return p, c, m, nil
}

// Registered returns what a registered client is now (RFC 7592 section 2.1). Its secret is part of it. Errors are *Error with
// InvalidToken or AccessDenied.
func (s *Service) Registered(ctx context.Context, poolID, clientID, accessToken string) (*Registration, error) {
	_, c, _, err := s.managed(ctx, poolID, clientID, accessToken)
	if err != nil {
		return nil, err
	}
	return describe(c, accessToken)
}

// UpdateRegistration replaces the metadata of a registered client, by the same rules as Register (RFC 7592 section 2.2). What an
// administrator set in addition stays. Its errors are those of Registered and Register.
func (s *Service) UpdateRegistration(ctx context.Context, poolID, clientID, accessToken string, body []byte) (*Registration, error) {
	p, c, m, err := s.managed(ctx, poolID, clientID, accessToken)
	if err != nil {
		return nil, err
	}
	in, err := readRegistration(body)
	if err != nil {
		return nil, err
	}
	if in.ClientID != c.ID || in.ClientSecret != "" && !c.HasSecret(in.ClientSecret) {
		return nil, refuse(InvalidClientMetadata, "client_id must be that of the client, and client_secret its secret or absent.")
	}
	allowed := p.DCR.OpenGrants
	if m.Vouched {
		allowed = p.DCR.Authenticated
	}
	if err := in.complete(p, allowed); err != nil {
		return nil, err
	}
	if kindOf(in.AuthMethod) != kindOf(authMethod(c)) {
		return nil, refuse(InvalidClientMetadata, "A client proves itself with a secret, with a key, or not at all. It cannot change that; register a new one.")
	}
	next, err := in.settings()
	if err != nil {
		return nil, err
	}
	_, err = s.o.Pools.ChangeClient(ctx, p.ID, c.ID, plainName(in.Name), func(old *userpool.ClientSettings) userpool.ClientSettings {
		settings := *old
		settings.AllowedOAuthFlows, settings.AllowedOAuthScopes = next.AllowedOAuthFlows, next.AllowedOAuthScopes
		settings.CallbackURLs, settings.LogoutURLs, settings.DefaultRedirectURI = next.CallbackURLs, next.LogoutURLs, ""
		had := old.OAuth != nil && old.OAuth.HadUsers || slices.Contains(old.AllowedOAuthFlows, userpool.FlowCode)
		if len(old.SupportedIdentityProviders) == 0 && !had {
			settings.SupportedIdentityProviders = next.SupportedIdentityProviders // users sign in to it from now on
		}
		m := *next.OAuth
		m.HadUsers, m.Unused = m.HadUsers || had, old.OAuth.NeverUsed()
		settings.OAuth = &m
		return settings
	})
	if err := asMetadata(err); err != nil {
		return nil, err
	}
	if c, err = s.o.Pools.Client(ctx, c.ID); err != nil {
		return nil, err
	}
	return describe(c, accessToken)
}

// Deregister deletes a registered client with all that it got (RFC 7592 section 2.3). Its errors are those of Registered.
func (s *Service) Deregister(ctx context.Context, poolID, clientID, accessToken string) error {
	p, c, _, err := s.managed(ctx, poolID, clientID, accessToken)
	if err != nil {
		return err
	}
	return s.o.Pools.DeleteUserPoolClient(ctx, p.ID, c.ID)
}

func hasSecret(method string) bool { return method == Basic || method == Post }

// kindOf returns how a client proves itself: PrivateKeyJWT, None, or Basic for every way that needs its secret.
func kindOf(method string) string {
	if hasSecret(method) {
		return Basic
	}
	return method
}

// authMethod returns how a client authenticates. Of the ways that need its secret, it is Basic.
func authMethod(c *userpool.Client) string {
	switch {
	case c.Settings.OAuth.SignsAssertions():
		return PrivateKeyJWT
	case c.Secret.IsZero():
		return None
	}
	return Basic
}

// describe returns a client as a registration.
func describe(c *userpool.Client, accessToken string) (*Registration, error) {
	out := new(Registration)
	m := c.Settings.OAuth
	if m != nil && len(m.Registered) > 0 {
		if err := json.Unmarshal(m.Registered, out); err != nil {
			return nil, err
		}
	}
	out.ClientID, out.IssuedAt, out.AccessToken = c.ID, c.CreatedAt.Unix(), accessToken
	out.RedirectURIs, out.LogoutURIs, out.Scope = c.Settings.CallbackURLs, c.Settings.LogoutURLs, strings.Join(c.Settings.AllowedOAuthScopes, " ")
	out.GrantTypes = []string{grantCode, grantRefresh} // an earlier version stored others
	if slices.Contains(c.Settings.AllowedOAuthFlows, userpool.FlowClientCredentials) {
		out.GrantTypes = []string{grantMachine}
	}
	if m != nil {
		out.PAR, out.Keys, out.KeysURL = m.PAR, m.Keys, m.KeysURL
	}
	if !c.Secret.IsZero() {
		out.ClientSecret, out.SecretExpiresAt = c.Secret.Reveal(), new(int64)
	}
	return out, nil
}
