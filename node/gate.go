package node

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node/observe"
	"github.com/sluicegate/sluice/node/passing"
	"github.com/sluicegate/sluice/server/cors"
	"github.com/sluicegate/sluice/server/refusal"
	"github.com/sluicegate/sluice/server/resource"
	"github.com/sluicegate/sluice/spool"
)

// Gate authorizes the requests of one route. It lives as long as its node.
type Gate struct {
	*authz.Engine
	planned  *GatePlan
	settings *config.Authorize
	headers  []headerSetter
	refuser  *refusal.Refuser
	passing  *passing.List
	spool    spool.Place
	login    *edgeLogin // nil for none
	cors     *cors.Policy
	node     *Node
	log      *slog.Logger
	route    string
	samples  [authz.Outcomes]observe.Sampler // of log lines
}

// Gate checks the settings of a gate and builds it. Settings that need the services need a node that has them: see
// Options.APIs. A program may call it while other gates of the node serve: they then remove the headers that this one sets.
func (n *Node) Gate(a config.Authorize) (*Gate, error) {
	planned, err := n.plan.check(&a)
	if err != nil {
		return nil, err
	}
	g, err := n.build(planned)
	if err != nil {
		return nil, err
	}
	if err := n.plan.add(planned); err != nil {
		return nil, err
	}
	n.plan.serves(g)
	return g, nil
}

// Build builds a gate that Plan.Gate has checked.
func (n *Node) Build(planned *GatePlan) (*Gate, error) {
	g, err := n.build(planned)
	if err != nil {
		return nil, err
	}
	n.plan.serves(g)
	return g, nil
}

// build builds a gate that removes no headers of other gates yet.
func (n *Node) build(g *GatePlan) (*Gate, error) {
	a, sv := g.settings, n.Services
	if sv == nil && (len(a.UserPools) > 0 || a.SigV4 != nil || a.Login != nil) {
		return nil, errors.New("node: this gate needs the services, and the node was opened without them; set Options.APIs")
	}
	o := authz.Options{
		Mapping: g.mapping, Rules: g.rules, Policies: g.everyone, Groups: g.groupPolicies(), TokenRoles: a.RolePolicies,
		KeepHeaders: a.KeepHeaders, StrictAWS: g.app.StrictAWS, MaxTokenBytes: a.MaxToken,
		Denials: n.plan.o.Denials, Decisions: g.decisions(), Bodies: n.plan.o.Bodies, Observer: n.plan.o.Observer.Gate(g.Route(), a.Mode == "shadow"), Now: n.plan.o.Now, Rand: n.plan.o.Rand,
	}
	metadata := ""
	if a.Resource != "" {
		at, err := resource.URL(a.Resource)
		if err != nil {
			return nil, err
		}
		metadata = at.String()
	}
	if a.Mode == "shadow" {
		o.Mode = authz.ModeShadow
	}
	if sv != nil {
		o.Roles, o.Revocations, o.Outdated = sv.Roles, sv.Revocations.ForGates(), sv.outdated
	}
	if a.SigV4 != nil {
		regions := a.SigV4.Regions()
		o.SigV4 = &authz.SigV4{Minter: sv.Minter, Root: sv.root(), Regions: regions.Names(), OtherRegion: regions.Others(),
			Services: []string{a.SigV4.Service}, Keys: sv.signingKeys, Sessions: sv.sessions}
	}
	issuers, err := n.issuers(g)
	if err != nil {
		return nil, err
	}
	if len(issuers) > 0 {
		shared, err := n.verification(g, issuers)
		if err != nil {
			return nil, err
		}
		o.Verifier, o.Tokens = shared.verifier, shared.cache
	}
	login, err := n.edgeLogin(g)
	if err != nil {
		return nil, err
	}
	if login != nil {
		o.LoginCookie, o.Logins = login.cookie, login.service
	}
	engine, err := authz.New(o)
	if err != nil {
		return nil, err
	}
	built := &Gate{Engine: engine, planned: g, settings: a, cors: g.cors, headers: compileHeaders(a.Headers), refuser: newRefuser(a, metadata, login),
		login: login, node: n, log: n.plan.o.Log, route: g.Route()}
	return built, built.share()
}

// listKey is the key under which a process shares the list of the requests that it serves, and roomKey that for the uploads in a folder.
type (
	listKey struct{}
	roomKey string
)

// share takes what all gates of the process use together: the list of requests, and the space for uploads until they are complete.
func (g *Gate) share() (err error) {
	uses, c := &g.node.uses, g.node.plan.Config()
	if g.passing, err = use(uses, listKey{}, func() (*passing.List, error) { return passing.NewList(), nil }); err != nil {
		return err
	}
	dir := filepath.Join(c.DataDir, "spool")
	room, err := use(uses, roomKey(dir), func() (*spool.Room, error) { return new(spool.Room), nil })
	g.spool = spool.Place{Dir: dir, Room: room, Total: c.UploadSpace, One: passing.MaxObject}
	return err
}

// Store reports whether the route is in front of an object store, and decides with S3's actions and resources.
func (g *Gate) Store() bool { return g.settings.SigV4 != nil && g.settings.SigV4.Service == "s3" }

// decisions says which decisions are recorded; nil for none.
func (g *GatePlan) decisions() *decisionlog.Settings {
	d := g.app.DecisionLog
	if d == nil || g.plan.o.Decision == nil {
		return nil
	}
	return &decisionlog.Settings{Route: g.Route(), Sample: d.Allowed, Keys: d.Keys, Write: g.plan.o.Decision}
}

// Route names the route in metrics, logs and traces.
func (g *Gate) Route() string { return g.route }

// Route names the route in metrics and in the decision log.
func (g *GatePlan) Route() string {
	if g.settings.API == config.DefaultAPI && g.settings.SigV4 != nil {
		return g.settings.SigV4.Service
	}
	return g.settings.API
}

// groupPolicies joins the route's policies for groups with the roles of the declared groups. ID tokens name their roles
// themselves; access tokens name only groups.
func (g *GatePlan) groupPolicies() []authz.GroupPolicies {
	roles := map[string][]string{}
	if g.settings.RolePolicies {
		for _, id := range g.settings.UserPools {
			pool, _ := g.app.UserPool(id)
			for _, group := range pool.Groups {
				if group.Role != "" {
					roles[group.Name] = append(roles[group.Name], g.app.RoleARN(group.Role))
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

// issuers lists the issuers whose tokens the route accepts.
func (n *Node) issuers(g *GatePlan) ([]token.Issuer, error) {
	var issuers []token.Issuer
	for _, id := range g.settings.UserPools {
		issuers = append(issuers, poolIssuer(g.settings, g.app.IssuerURL(id), n.Services.Users.Pools.KeySet(id)))
	}
	for _, i := range g.settings.Issuers {
		keys, err := n.remoteKeys(i)
		if err != nil {
			return nil, fmt.Errorf("issuer %s: %w", i.URL, err)
		}
		issuers = append(issuers, remoteIssuer(g.settings, i, keys))
	}
	return issuers, nil
}

// poolIssuer returns a user pool of this node as an issuer.
func poolIssuer(a *config.Authorize, url string, keys token.KeySet) token.Issuer {
	return token.Issuer{URL: url, Keys: keys, ClientIDs: a.Clients, AnyClient: len(a.Clients) == 0, TokenUse: a.TokenUse,
		Leeway: time.Duration(*a.Leeway)}
}

// remoteIssuer returns a configured OIDC issuer.
func remoteIssuer(a *config.Authorize, i config.Issuer, keys token.KeySet) token.Issuer {
	return token.Issuer{URL: i.URL, Aliases: i.Aliases, Keys: keys, Algorithms: i.Algorithms, ClientIDs: i.Clients, Audiences: i.Audiences, AnyClient: i.AnyClient,
		GroupsClaim: token.ClaimPath(i.GroupsClaim), UsernameClaim: token.ClaimPath(i.UsernameClaim), ClientClaim: token.ClaimPath(i.ClientClaim),
		TokenUse: i.TokenUse, TokenUseOptional: len(i.TokenUse) == 0, Leeway: time.Duration(*a.Leeway)}
}

// remoteKeys returns the key set of a remote issuer. Routes with the same settings share one, and a reload fetches nothing.
func (n *Node) remoteKeys(i config.Issuer) (*token.RemoteKeys, error) {
	key := remoteKey(i.URL + " " + i.JWKSURL + " " + time.Duration(i.MaxStale).String())
	return use(&n.uses, key, func() (*token.RemoteKeys, error) {
		o := remoteOptions(i, n.plan.o.Now)
		o.Logger, o.Observer = n.plan.o.Log, n.plan.o.Observer
		keys, err := token.NewRemote(o)
		if err != nil {
			return nil, err
		}
		keys.Start()
		return keys, nil
	})
}

func remoteOptions(i config.Issuer, now func() time.Time) token.RemoteOptions {
	return token.RemoteOptions{Issuer: i.URL, JWKSURL: i.JWKSURL, Now: now, MaxStale: time.Duration(i.MaxStale)}
}

// verification is a verifier and the cache of its results. They are shared together, because a new verifier could not tell
// which tokens in an old cache it accepts.
type verification struct {
	verifier *token.Verifier
	cache    *token.Cache[*authz.Subject]
	observer Observer
}

// Close removes the cache from the metrics.
func (v *verification) Close() error {
	v.observer.CacheClosed(v.cache)
	return nil
}

// firstSight is the memory for tokens that were used once, in bytes. It holds about 9,000 of them.
const firstSight = 8 << 20

// verification returns the verifier of the issuers' tokens.
func (n *Node) verification(g *GatePlan, issuers []token.Issuer) (*verification, error) {
	key, err := n.tokensKey(g, issuers)
	if err != nil {
		return nil, err
	}
	return use(&n.uses, key, func() (*verification, error) {
		o := &n.plan.o
		verifier, err := token.New(token.Options{Issuers: issuers, Now: o.Now, MaxTokenBytes: g.settings.MaxToken, Observer: o.Observer})
		if err != nil {
			return nil, err
		}
		cache, err := token.NewCache[*authz.Subject](token.CacheOptions{FirstSight: firstSight})
		if err != nil {
			return nil, err
		}
		o.Observer.CacheOpened(cache)
		return &verification{verifier, cache, o.Observer}, nil
	})
}

// tokensKey returns the key under which routes share a cache of tokens. It differs for routes that do not accept exactly the
// same tokens under the same keys.
func (n *Node) tokensKey(g *GatePlan, issuers []token.Issuer) (tokensKey, error) {
	a, services := g.settings, ""
	if n.Services != nil {
		services = n.Services.id
	}
	keys := make([]string, len(issuers))
	for i := range issuers {
		keys[i] = fmt.Sprintf("%p", issuers[i].Keys) // unique while the verifier holds the key set
	}
	raw, err := json.Marshal(struct {
		Pools, Clients, Uses, Keys []string
		Issuers                    []config.Issuer
		Leeway                     *config.Duration
		MaxToken                   int
		Services                   string
		Base                       string
	}{a.UserPools, a.Clients, a.TokenUse, keys, a.Issuers, a.Leeway, a.MaxToken, services, g.app.PublicURL + " " + g.app.Issuer})
	return sha256.Sum256(raw), err
}
