package oauth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Redemption asks for the tokens of a code. The client is authenticated.
type Redemption struct {
	Pool        *userpool.Pool    // of the endpoint that was asked
	Client      *userpool.Client  // must be the code's
	Code        string            // as the client sent it
	RedirectURI string            // "" if the request has none
	Verifier    string            // PKCE's code_verifier; "" if the request has none
	Resource    string            // RFC 8707; "" if the request has none
	Metadata    map[string]string // ClientMetadata for PreTokenGeneration
}

// The errors of codes.
var (
	errCode     = &Error{InvalidGrant, ""}
	errRedirect = &Error{UnauthorizedClient, "invalid_redirect"}
	errVerifier = &Error{InvalidGrant, "code_verifier does not match code_challenge"}
	errResource = &Error{InvalidTarget, "resource is not that of the authorization request"}
)

// errSpent ends the transaction of a code that was exchanged before.
var errSpent = errors.New("oauth: the code was exchanged before")

// Redeem exchanges a code for tokens. A second use revokes what the first gave (RFC 6749 section 4.1.2). Its refusals are *Error.
func (s *Service) Redeem(ctx context.Context, in Redemption) (*tokens.Set, error) {
	hash := hashCode(in.Code)
	var rec store.AuthorizationCode
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = tx.AuthorizationCodes.Get(hash)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || (err == nil && (rec.PoolID != in.Pool.ID || rec.ClientID != in.Client.ID)) {
		return nil, errCode
	}
	if err != nil {
		return nil, err
	}
	if rec.Family != "" {
		return nil, s.replayed(ctx, &rec)
	}
	g := new(grant)
	if err := json.Unmarshal(rec.Grant, g); err != nil {
		return nil, fmt.Errorf("oauth: decoding grant: %w", err)
	}
	if err := g.check(&in); err != nil {
		if errors.Is(err, errVerifier) {
			return nil, s.burn(ctx, hash)
		}
		return nil, err
	}
	return s.exchange(ctx, &in, g, &rec)
}

// exchange spends the code in the transaction that writes the refresh family.
func (s *Service) exchange(ctx context.Context, in *Redemption, g *grant, rec *store.AuthorizationCode) (*tokens.Set, error) {
	if !s.possible(g, in.Client) {
		return nil, errCode
	}
	allowed := in.Client.UserScopes(in.Pool)
	g.Scopes = slices.DeleteFunc(g.Scopes, func(scope string) bool { return !slices.Contains(allowed, scope) })
	if len(g.Scopes) == 0 {
		return nil, errCode
	}
	r := g.request(in.Pool, in.Client, rec.Session)
	r.Metadata = in.Metadata
	var err error
	if r.Family, err = s.base.UUID(); err != nil {
		return nil, err
	}
	check := r.Confirm
	r.Confirm = func(tx store.Tx, u *store.User) error {
		if err := check(tx, u); err != nil {
			return err
		}
		now, err := s.spendable(tx, rec.Hash)
		if err != nil {
			return err
		}
		if err := s.o.Pools.UseClient(tx, in.Client); err != nil {
			return err
		}
		now.Family = r.Family
		return tx.AuthorizationCodes.Update(now)
	}
	set, err := s.o.Tokens.Issue(ctx, r)
	switch {
	case errors.Is(err, errSpent):
		return nil, s.replayed(ctx, rec)
	case errors.Is(err, userpool.ErrWrongPassword), errors.Is(err, store.ErrNotFound):
		return nil, errCode // the user changed, or the session ended
	}
	if err == nil && in.Client.Settings.OAuth.NeverUsed() != "" {
		s.o.Pools.ChangedClient(in.Client.ID)
	}
	return set, err
}

// spendable returns the code if it can be exchanged now: it was not before, its time is not over, and neither is its session.
func (s *Service) spendable(tx store.Tx, hash []byte) (store.AuthorizationCode, error) {
	rec, err := tx.AuthorizationCodes.Get(hash)
	switch {
	case err != nil:
		return rec, err
	case rec.Family != "":
		return rec, errSpent
	case !s.base.Now().Before(rec.ExpiresAt):
		return rec, errCode
	}
	_, err = tx.Sessions.Get(rec.Session)
	return rec, err
}

// replayed revokes what the code was exchanged for, and returns the refusal.
func (s *Service) replayed(ctx context.Context, rec *store.AuthorizationCode) error {
	ctx = context.WithoutCancel(ctx)
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		*rec, err = tx.AuthorizationCodes.Get(rec.Hash)
		return err
	}); err != nil {
		return err
	}
	p, err := s.o.Pools.Pool(ctx, rec.PoolID)
	if err != nil {
		return err
	}
	if err := s.o.Tokens.EndFamily(ctx, p, rec.Family); err != nil {
		return err
	}
	s.base.Logger.WarnContext(ctx, "a code was used twice; its tokens are revoked", "pool", rec.PoolID, "client", rec.ClientID)
	return errCode
}

// burn ends a code that was presented without its verifier, and returns the refusal.
func (s *Service) burn(ctx context.Context, hash []byte) error {
	err := s.base.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.AuthorizationCodes.Get(hash)
		if err != nil || rec.Family != "" {
			return err
		}
		rec.ExpiresAt = s.base.Now()
		return tx.AuthorizationCodes.Update(rec)
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return errVerifier
}

// check compares the request with that for the code.
func (g *grant) check(in *Redemption) error {
	switch {
	case in.RedirectURI != g.RedirectURI && (in.RedirectURI != "" || g.RedirectGiven):
		return errRedirect
	case !g.proves(in.Verifier):
		return errVerifier
	case in.Resource != "" && in.Resource != g.Resource:
		return errResource
	}
	return nil
}

// possible reports whether the client could still ask for the code: anyone who takes an address, the flow or an identity provider from a
// client means the codes too that are on their way.
func (s *Service) possible(g *grant, c *userpool.Client) bool {
	return c.Settings.AllowedOAuthFlowsUserPoolClient && slices.Contains(c.Settings.AllowedOAuthFlows, userpool.FlowCode) &&
		s.isCallback(g.RedirectURI, c) && offers(c, cmp.Or(g.Record.Provider, Local))
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// proves checks PKCE's verifier. RFC 9700 section 2.1.1: a verifier without a challenge is refused too.
func (g *grant) proves(verifier string) bool {
	if g.Challenge == "" || verifier == "" {
		return g.Challenge == verifier
	}
	if len(verifier) < 43 || len(verifier) > 128 || strings.Trim(verifier, unreserved) != "" {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(g.Challenge)) == 1
}
