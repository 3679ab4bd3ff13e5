package node

import (
	"context"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/config"
)

// loginVerifier verifies the tokens that identity pools take as logins: those of every user pool of this node, pools made
// through the API included, for any client. The identity pool decides which of these pools and clients it accepts.
type loginVerifier struct {
	users loginPools
	app   *config.App
	now   func() time.Time
	none  *token.Verifier                       // refuses every token, with the right reason
	pools *bounded.Map[string, *token.Verifier] // by pool id
}

// loginPools are the user pools of the node.
type loginPools interface {
	Issuer(ctx context.Context, poolID string) (string, error)
	KeySet(poolID string) token.KeySet
}

// Limits of the cache of verifiers. Verifiers of deleted pools expire.
const (
	maxLoginVerifiers = 1024
	loginVerifierLife = time.Hour
)

func newLoginVerifier(users loginPools, o *Options) (*loginVerifier, error) {
	none, err := token.New(token.Options{Now: o.Now, Issuers: []token.Issuer{{
		URL: "urn:sluice:nobody", Keys: new(token.StaticKeys), AnyClient: true}}})
	return &loginVerifier{users: users, app: &o.Config, now: o.Now, none: none,
		pools: bounded.New[string, *token.Verifier](maxLoginVerifiers)}, err
}

// Verify implements identitypool.Verifier; its errors are *token.Error.
func (v *loginVerifier) Verify(ctx context.Context, raw string) (*token.Token, error) {
	poolID, ok := v.poolOf(raw)
	if !ok {
		return v.none.Verify(ctx, raw)
	}
	if known, ok := v.pools.Get(poolID, v.now()); ok {
		return known.Verify(ctx, raw)
	}
	// The id is text from the token. Only a pool that exists may take room in the map.
	issuer, err := v.users.Issuer(ctx, poolID)
	if err != nil {
		return v.none.Verify(ctx, raw)
	}
	verifier, err := token.New(token.Options{Now: v.now, Issuers: []token.Issuer{{
		URL: issuer, Keys: v.users.KeySet(poolID), AnyClient: true, TokenUse: []string{"id", "access"}, Leeway: loginLeeway}}})
	if err != nil {
		return nil, err
	}
	now := v.now()
	v.pools.Put(poolID, verifier, now.Add(loginVerifierLife), now)
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
