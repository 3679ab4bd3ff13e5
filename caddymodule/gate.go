package caddymodule

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// gateParts are a route's settings in the engine's terms, as far as they can be had without the services.
type gateParts struct {
	settings *config.Authorize
	mapping  authz.Mapping
	rules    []authz.Rule
	everyone []policy.Source
	groups   map[string][]policy.Source
}

// readGateParts reads the policy files and judges the rules; it opens nothing else.
func readGateParts(a *config.Authorize, app *App) (*gateParts, error) {
	parts := &gateParts{settings: a, groups: map[string][]policy.Source{}}
	var err error
	if a.SigV4 != nil && a.SigV4.Service == "s3" {
		parts.mapping = &authz.S3Mapping{Region: a.SigV4.Region, Account: app.Account, Prefix: a.SigV4.Prefix, Endpoints: a.SigV4.Hosts}
	} else {
		parts.mapping, err = authz.NewHTTPMapping(app.Region, app.Account, a.API, a.Stage)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range a.Rules {
		rule := authz.Rule{Effect: r.Effect, Subject: r.Subject, Names: r.Names, Claim: r.Claim, Method: r.Method, Path: r.Path}
		if _, err := rule.Document(parts.mapping); err != nil {
			return nil, err
		}
		parts.rules = append(parts.rules, rule)
	}
	for _, p := range a.Policies {
		document, _, err := readPolicy(p.File, policy.Identity)
		if err != nil {
			return nil, err
		}
		source := policy.Source{Name: p.File, Document: document}
		if p.Group == "" {
			parts.everyone = append(parts.everyone, source)
		} else {
			parts.groups[p.Group] = append(parts.groups[p.Group], source)
		}
	}
	return parts, nil
}

// build makes the gate. release gives back what the gate shares with others.
func (g *gateParts) build(app *App, rt *runtime) (gate *authz.Engine, release func(), err error) {
	var held []func()
	release = func() {
		for _, f := range held {
			f()
		}
	}
	defer func() {
		if err != nil {
			release()
			release = nil
		}
	}()
	a := g.settings
	o := authz.Options{
		Mapping: g.mapping, Rules: g.rules, Policies: g.everyone, TokenRoles: a.RolePolicies,
		IdentityHeaders: headerNames(a.Headers), StrictAWS: app.StrictAWS, MaxTokenBytes: a.MaxToken,
		Denials: denials, Observer: app.metrics.gate(g.route()),
	}
	if a.Mode == "shadow" {
		o.Mode = authz.ModeShadow
	}
	if rt != nil {
		o.Roles, o.Revocations = rt.roles, rt.revocations.forGates()
	}
	o.Groups = g.groupPolicies(app)
	if a.SigV4 != nil {
		o.SigV4 = &authz.SigV4{Minter: rt.minter, Root: rt.root(), Regions: []string{a.SigV4.Region},
			Services: []string{a.SigV4.Service}, Keys: rt.signingKeys, Sessions: rt.sessions}
	}
	issuers, hold, err := g.issuers(app, rt)
	held = append(held, hold...)
	if err != nil {
		return nil, nil, err
	}
	if len(issuers) > 0 {
		shared, hold, err := sharedTokens(g.tokensKey(app, rt, issuers), app, func() (*token.Verifier, error) {
			return token.New(token.Options{Issuers: issuers, Now: time.Now, MaxTokenBytes: a.MaxToken, Observer: app.metrics})
		})
		if err != nil {
			return nil, nil, err
		}
		held = append(held, hold)
		o.Verifier, o.Tokens = shared.verifier, shared.cache
	}
	gate, err = authz.New(o)
	return gate, release, err
}

// route names the route in metrics.
func (g *gateParts) route() string {
	if g.settings.API == config.DefaultAPI && g.settings.SigV4 != nil {
		return g.settings.SigV4.Service
	}
	return g.settings.API
}

// groupPolicies joins the policies that the route has for groups with the roles of the declared groups. ID tokens name
// their roles themselves; access tokens name only groups.
func (g *gateParts) groupPolicies(app *App) []authz.GroupPolicies {
	roles := map[string][]string{}
	if g.settings.RolePolicies {
		for _, id := range g.settings.UserPools {
			pool, _ := app.UserPool(id)
			for _, group := range pool.Groups {
				if group.Role != "" {
					roles[group.Name] = append(roles[group.Name], app.RoleARN(group.Role))
				}
			}
		}
	}
	var all []authz.GroupPolicies
	for group, sources := range g.groups {
		all = append(all, authz.GroupPolicies{Group: group, Policies: sources, Roles: roles[group]})
		delete(roles, group)
	}
	for group, arns := range roles {
		all = append(all, authz.GroupPolicies{Group: group, Roles: arns})
	}
	slices.SortFunc(all, func(a, b authz.GroupPolicies) int { return strings.Compare(a.Group, b.Group) })
	return all
}

// issuers lists whose tokens the route takes.
func (g *gateParts) issuers(app *App, rt *runtime) (issuers []token.Issuer, held []func(), err error) {
	a := g.settings
	for _, id := range a.UserPools {
		issuers = append(issuers, token.Issuer{URL: app.IssuerURL(id), Keys: rt.users.Pools.KeySet(id), ClientIDs: a.Clients,
			AnyClient: len(a.Clients) == 0, TokenUse: a.TokenUse, Leeway: time.Duration(*a.Leeway)})
	}
	for _, i := range a.Issuers {
		keys, hold, err := remoteKeys(i, app)
		if err != nil {
			return nil, held, fmt.Errorf("issuer %s: %w", i.URL, err)
		}
		held = append(held, hold)
		issuers = append(issuers, token.Issuer{URL: i.URL, Keys: keys, Algorithms: i.Algorithms, ClientIDs: i.Clients,
			AnyClient: i.AnyClient, TokenUse: i.TokenUse, TokenUseOptional: len(i.TokenUse) == 0, Leeway: time.Duration(*a.Leeway)})
	}
	return issuers, held, nil
}

// tokensKey tells apart routes that do not accept exactly the same tokens by exactly the same keys: those must not share a
// cache.
func (g *gateParts) tokensKey(app *App, rt *runtime, issuers []token.Issuer) [32]byte {
	a := g.settings
	keys := make([]string, len(issuers))
	for i := range issuers {
		keys[i] = fmt.Sprintf("%p", issuers[i].Keys) // nobody else can have the address while the verifier lives
	}
	raw, err := json.Marshal(struct {
		Pools, Clients, Uses, Keys []string
		Issuers                    []config.Issuer
		Leeway                     *config.Duration
		MaxToken                   int
		Runtime                    string
		Base                       string
	}{a.UserPools, a.Clients, a.TokenUse, keys, a.Issuers, a.Leeway, a.MaxToken, rt.identity(), app.PublicURL + " " + app.App.Issuer})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return sha256.Sum256(raw)
}

func headerNames(headers []config.Header) []string {
	names := make([]string, len(headers))
	for i, h := range headers {
		names[i] = h.Name
	}
	return names
}

// What follows lives as long as a configuration uses it, over reloads.
var (
	verified = caddy.NewUsagePool() // *verification by tokensKey
	remotes  = caddy.NewUsagePool() // *remoteHandle by settings
	denials  = authz.NewDenials(authz.DefaultDenials)
	sigCache = 4096 // signing keys remembered per process
)

// verification is a verifier with what it has found out. They stay together: a new verifier would have to learn again of which
// tokens the cache may know.
type verification struct {
	verifier *token.Verifier
	cache    *token.Cache[*authz.Subject]
}

// Destruct takes the cache out of the metrics.
func (v *verification) Destruct() error {
	processMetrics().cache.forget(v.cache)
	return nil
}

func sharedTokens(key [32]byte, app *App, verifier func() (*token.Verifier, error)) (*verification, func(), error) {
	shared, _, err := verified.LoadOrNew(key, func() (caddy.Destructor, error) {
		v, err := verifier()
		if err != nil {
			return nil, err
		}
		cache, err := token.NewCache[*authz.Subject](token.CacheOptions{})
		if err != nil {
			return nil, err
		}
		processMetrics().cache.watch(cache)
		return &verification{v, cache}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return shared.(*verification), func() { app.giveBack(verified, key) }, nil
}

type remoteHandle struct{ *token.RemoteKeys }

// Destruct ends the background refresh.
func (h remoteHandle) Destruct() error { return h.Close() }

// remoteKeys returns the key set of a remote issuer; the same settings share one, so that a reload fetches nothing.
func remoteKeys(i config.Issuer, app *App) (*token.RemoteKeys, func(), error) {
	key := i.URL + " " + i.JWKSURL + " " + time.Duration(i.MaxStale).String()
	handle, _, err := remotes.LoadOrNew(key, func() (caddy.Destructor, error) {
		keys, err := token.NewRemote(token.RemoteOptions{Issuer: i.URL, JWKSURL: i.JWKSURL, Now: time.Now,
			MaxStale: time.Duration(i.MaxStale), Logger: app.log, Observer: app.metrics})
		if err != nil {
			return nil, err
		}
		keys.Start()
		return remoteHandle{keys}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return handle.(remoteHandle).RemoteKeys, func() { app.giveBack(remotes, key) }, nil
}

func newSigningKeys() *sigv4.KeyCache { return sigv4.NewKeyCache(sigCache) }
