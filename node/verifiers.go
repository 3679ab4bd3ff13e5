package node

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/userpool/idp"
)

// loginVerifier verifies the tokens that identity pools take as logins: those of every user pool of this node, pools made
// through the API included, for any client. The identity pool decides which of these pools and clients it accepts.
type loginVerifier struct {
	users *idp.Provider
	app   *config.App
	now   func() time.Time
	none  *token.Verifier // refuses every token, with the right reason
	pools sync.Map        // pool id → *token.Verifier
}

func newLoginVerifier(users *idp.Provider, o *Options) (*loginVerifier, error) {
	none, err := token.New(token.Options{Now: o.Now, Issuers: []token.Issuer{{
		URL: "urn:sluice:nobody", Keys: new(token.StaticKeys), AnyClient: true}}})
	return &loginVerifier{users: users, app: &o.Config, now: o.Now, none: none}, err
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
	// The id is text from the token. Only a pool that exists may take room in the map.
	issuer, err := v.users.Pools.Issuer(ctx, poolID)
	if err != nil {
		return v.none.Verify(ctx, raw)
	}
	verifier, err := token.New(token.Options{Now: v.now, Issuers: []token.Issuer{{
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

// loginLeeway is how far in the future a login token may be dated: one issued right after a sign-out carries the next second.
const loginLeeway = 30 * time.Second
