package node

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/authz/issuers"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/outbound"
)

// loginVerifier verifies the tokens that identity pools take as logins: those of every user pool of this node, pools made
// through the API included, for any client, and those of registered issuers. The identity pool decides which of these pools, issuers
// and clients it accepts.
type loginVerifier struct {
	users  loginPools
	app    *config.App
	now    func() time.Time
	others identitypool.Verifier                 // for issuers that are not user pools of this node
	pools  *bounded.Map[string, *token.Verifier] // by pool id
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

func newLoginVerifier(users loginPools, others identitypool.Verifier, o *Options) *loginVerifier {
	return &loginVerifier{users: users, app: &o.Config, now: o.Now, others: others,
		pools: bounded.New[string, *token.Verifier](maxLoginVerifiers)}
}

// Verify implements identitypool.Verifier; its errors are *token.Error.
func (v *loginVerifier) Verify(ctx context.Context, raw string) (*token.Token, error) {
	poolID, ok := v.poolOf(raw)
	if !ok {
		return v.others.Verify(ctx, raw)
	}
	if known, ok := v.pools.Get(poolID, v.now()); ok {
		return known.Verify(ctx, raw)
	}
	// The id is text from the token. Only a pool that exists may take room in the map.
	issuer, err := v.users.Issuer(ctx, poolID)
	if err != nil {
		return v.others.Verify(ctx, raw)
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

// newIssuers returns the verifier of tokens of foreign issuers: those that are OIDC providers in IAM, and the public providers of
// identity pools. Identity pools do not count a slash at the end of iss; webIdentities, for STS, does.
func newIssuers(roles *iam.Service, o *Options) (*issuers.Verifier, error) {
	return issuers.New(issuers.Options{Now: o.Now, Log: o.Log, Client: outbound.Client(o.Config.OutboundRules()),
		Lookup: func(iss string) (jwksURL string, ok bool) {
			if jwksURL, ok = identitypool.PublicIssuer(iss); !ok {
				_, ok = roles.Issuer(iss)
				_, bare := roles.Issuer(strings.TrimSuffix(iss, "/"))
				ok = ok || bare
			}
			return jwksURL, ok
		}})
}

// newAccessTokens returns the verifier of access tokens of Facebook, Amazon and Twitter.
func newAccessTokens(o *Options) (*accesstoken.Verifier, error) {
	at := o.Config.TokenEndpoints
	return accesstoken.New(accesstoken.Options{Client: outbound.Client(o.Config.OutboundRules()), Now: o.Now, Rand: o.Rand, Endpoints: accesstoken.Endpoints{
		Facebook: at[accesstoken.Facebook], Amazon: at[accesstoken.Amazon], Twitter: at[accesstoken.Twitter]}})
}

// webIdentities verifies the tokens of AssumeRoleWithWebIdentity: those of the identity pools, and of registered issuers for the
// clients that are registered with them.
type webIdentities struct {
	identities *identitypool.Service
	logins     *loginVerifier
	roles      *iam.Service
}

// Verify implements iam.TokenVerifier. Google is a provider of STS without a registration: the trust policy checks the audience.
func (w *webIdentities) Verify(ctx context.Context, raw string) (*token.Token, error) {
	iss, _ := token.UnverifiedIssuer(raw)
	clients, registered := w.roles.Issuer(iss)
	if iss == identitypool.Issuer || !registered && !(identitypool.IsGoogle(iss) && w.roles.Federates("accounts.google.com")) {
		return w.identities.Verify(ctx, raw)
	}
	t, err := w.logins.Verify(ctx, raw)
	switch {
	case err != nil || !registered:
		return t, err
	case t.TokenUse == "access", !isFor(t, clients):
		return nil, &token.Error{Reason: token.WrongAudience}
	}
	return t, nil
}

// isFor reports whether a token is for one of the clients, and was issued to one of them if it says to whom.
func isFor(t *token.Token, clients []string) bool {
	known := func(id string) bool { return slices.Contains(clients, id) }
	azp, given := t.Claims.Values("azp")
	return slices.ContainsFunc(t.Audience, known) && (!given || len(azp) == 1 && known(azp[0]))
}
