package caddymodule

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/identitypool"
	provider "github.com/sluicegate/sluice/userpool/idp"
)

// loginVerifier verifies the tokens that identity pools take as logins: those of every user pool of this process, also of
// pools that were made through the API, for any client. Which pools and clients count, the identity pool says.
type loginVerifier struct {
	users *provider.Provider
	app   *config.App
	none  *token.Verifier // refuses everything with the right reason
	pools sync.Map        // pool id → *token.Verifier
}

func newLoginVerifier(users *provider.Provider, app *config.App) (*loginVerifier, error) {
	none, err := token.New(token.Options{Now: time.Now, Issuers: []token.Issuer{{
		URL: "urn:sluice:nobody", Keys: new(token.StaticKeys), AnyClient: true}}})
	return &loginVerifier{users: users, app: app, none: none}, err
}

// Verify implements identitypool.Verifier; its errors are *token.Error.
func (v *loginVerifier) Verify(ctx context.Context, raw string) (*token.Token, error) {
	poolID, ok := v.poolOf(raw)
	if !ok {
		return v.none.Verify(ctx, raw)
	}
	if known, ok := v.pools.Load(poolID); ok {
		return known.(*token.Verifier).Verify(ctx, raw)
	}
	// The pool must exist before anything is remembered under its id: ids are free text here.
	issuer, err := v.users.Pools.Issuer(ctx, poolID)
	if err != nil {
		return v.none.Verify(ctx, raw)
	}
	verifier, err := token.New(token.Options{Now: time.Now, Issuers: []token.Issuer{{
		URL: issuer, Keys: v.users.Pools.KeySet(poolID), AnyClient: true, TokenUse: []string{"id", "access"}, Leeway: loginLeeway}}})
	if err != nil {
		return nil, err
	}
	v.pools.Store(poolID, verifier)
	return verifier.Verify(ctx, raw)
}

// poolOf returns the pool ID at the end of the token's unverified issuer. The ID only selects the pool's keys; the verifier
// checks the signature and compares the whole issuer.
func (v *loginVerifier) poolOf(raw string) (string, bool) {
	issuer, ok := token.UnverifiedIssuer(raw)
	if !ok {
		return "", false
	}
	poolID := issuer[strings.LastIndexByte(issuer, '/')+1:]
	return poolID, v.app.IssuerURL(poolID) == issuer
}

// loginLeeway lets tokens be dated ahead: those issued right after a sign-out carry the next second, and so on.
const loginLeeway = 30 * time.Second

// newWebIdentityVerifier verifies what AssumeRoleWithWebIdentity takes: the identity pools' own OpenID tokens.
func newWebIdentityVerifier(pools *identitypool.Service) (*token.Verifier, error) {
	return token.New(token.Options{Now: time.Now, Issuers: []token.Issuer{pools.TokenIssuer()}})
}
