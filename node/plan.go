package node

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/rule"
	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node/preflight"
	"github.com/sluicegate/sluice/node/settings"
	"github.com/sluicegate/sluice/server/cors"
	"github.com/sluicegate/sluice/server/resource"
)

// Plan is a node whose settings have been checked, before it is opened.
type Plan struct {
	o        Options
	declared *declarations
	needs    bool // something needs the services

	published resource.Metadata // of the routes that have a resource

	adding   sync.Mutex // guards what follows: an open node may get more gates
	reserved []string   // headers that some route sets
	gates    []*GatePlan
	built    []*Gate
}

// Read checks the settings and the files that they name. It opens nothing and writes nothing, and it refuses what Open would
// refuse as far as that can be known without the store. The error joins all problems.
func Read(o Options) (*Plan, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if err := o.checkRotation(); err != nil {
		return nil, err
	}
	p := &Plan{o: o, needs: o.APIs || len(o.Config.UserPools)+len(o.Config.IdentityPools)+len(o.Config.Roles)+len(o.Config.Backups) > 0}
	var err error
	if p.declared, err = readDeclarations(&p.o.Config); err != nil {
		return nil, err
	}
	return p, errors.Join(p.declared.check(), Check(&p.o.Config), preflight.Environment(&p.o.Config, p.o.Env))
}

// Config returns the settings with their defaults. They must not be changed.
func (p *Plan) Config() *config.App { return &p.o.Config }

// Doubts returns what is probably misspelt in the routes that were read, in sentences.
func (p *Plan) Doubts() []string {
	p.adding.Lock()
	defer p.adding.Unlock()
	var doubts []string
	for _, g := range p.gates {
		doubts = append(doubts, g.settings.Doubts(&p.o.Config)...)
	}
	return doubts
}

// NeedAPIs declares that the APIs are served, so that Open opens the store.
func (p *Plan) NeedAPIs() { p.needs = true }

// GatePlan is a gate whose settings have been checked, before it is built.
type GatePlan struct {
	settings *config.Authorize
	app      *config.App
	plan     *Plan
	mapping  authz.Mapping
	rules    []rule.Rule
	everyone []policy.Source
	groups   map[string][]policy.Source
	cors     *cors.Policy
}

// Gate checks the settings of a gate and reads its policy files. It fills in the defaults of a. Call it before Open.
func (p *Plan) Gate(a *config.Authorize) (*GatePlan, error) {
	g, err := p.check(a)
	if err != nil {
		return nil, err
	}
	if err := p.add(g); err != nil {
		return nil, err
	}
	p.needs = p.needs || len(a.UserPools) > 0 || a.SigV4 != nil || a.Login != nil
	return g, nil
}

// check is Gate for a gate that the plan does not get yet.
func (p *Plan) check(a *config.Authorize) (*GatePlan, error) {
	a.Defaults(&p.o.Config)
	if err := a.Validate(&p.o.Config); err != nil {
		return nil, err
	}
	g := &GatePlan{settings: a, app: &p.o.Config, plan: p, groups: map[string][]policy.Source{}}
	if err := g.read(); err != nil {
		return nil, err
	}
	if err := g.checkIssuers(); err != nil {
		return nil, err
	}
	if a.Login != nil && a.LoginIssuer() == nil {
		if err := p.checkLogin(a.Login); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// add adds a checked gate to the plan, for what its route means to other routes. On an error the plan stays as it was.
func (p *Plan) add(g *GatePlan) error {
	names := headerNames(g.settings.Headers)
	if g.settings.Login != nil && g.settings.Login.ALBHeaders {
		names = append(names, albHeaders...)
	}
	if err := p.reserve(names, g); err != nil {
		return err
	}
	return p.publish(g.settings)
}

// publish adds a route to the metadata of its resource.
func (p *Plan) publish(route *config.Authorize) error {
	if route.Resource == "" {
		return nil
	}
	var servers, scopes []string
	for _, id := range route.UserPools {
		servers = append(servers, p.o.Config.IssuerURL(id))
	}
	for _, i := range route.Issuers {
		servers = append(servers, i.URL)
	}
	for _, rule := range route.Rules {
		if rule.Subject == "scope" && rule.Effect != "deny" {
			scopes = append(scopes, rule.Names...)
		}
	}
	return p.published.Add(route.Resource, servers, scopes)
}

// pathHost returns how to know the hosts of object stores that have no endpoints: those of the host's sites, and of public_url. It is
// nil if the host has no sites.
func (p *Plan) pathHost() func(host string) bool {
	if p.o.Site == nil {
		return nil
	}
	public := ""
	if u, err := url.Parse(p.o.Config.PublicURL); err == nil {
		public = strings.ToLower(u.Hostname())
	}
	return func(host string) bool { return host == public || p.o.Site(host) }
}

// Offline returns an engine with the policies of the gate, for commands. It accepts no credential, and its roles are the declared ones.
func (g *GatePlan) Offline() (*authz.Engine, error) {
	roles, err := g.plan.declared.offline()
	if err != nil {
		return nil, err
	}
	return authz.New(authz.Options{Mapping: g.mapping, Rules: g.rules, Policies: g.everyone, Groups: g.groupPolicies(), TokenRoles: g.settings.RolePolicies,
		Roles: roles, StrictAWS: g.app.StrictAWS})
}

// read converts the rules and policy files to the engine's form.
func (g *GatePlan) read() (err error) {
	a := g.settings
	if g.cors, err = a.CORS.Policy(); err != nil {
		return err
	}
	if a.SigV4 != nil && a.SigV4.Service == "s3" {
		g.mapping = &authz.S3Mapping{Region: a.SigV4.Region, Account: g.app.Account, Prefix: a.SigV4.Prefix,
			Store: s3key.Store{Endpoints: s3key.Endpoints{Names: a.SigV4.Hosts, PathHost: g.plan.pathHost()}, ExactKeys: a.SigV4.ExactKeys, Buckets: a.SigV4.Buckets}}
	} else {
		mapping, err := authz.NewHTTPMapping(g.app.Region, g.app.Account, a.API, a.Stage)
		if err != nil {
			return err
		}
		g.mapping = mapping
	}
	for _, r := range a.Rules {
		one := rule.Rule{Effect: r.Effect, Subject: r.Subject, Names: r.Names, Claim: r.Claim, Method: r.Method, Path: r.Path}
		if _, err := authz.Document(g.mapping, one); err != nil {
			return err
		}
		g.rules = append(g.rules, one)
	}
	if a.Login != nil && a.Login.Unauthenticated == "allow" {
		g.rules = append(g.rules, rule.Rule{Effect: "allow", Subject: "anonymous", Method: "*", Path: "*"})
	}
	var problems []error
	for _, p := range a.Policies {
		document, _, err := settings.ReadPolicy(p.File, policy.Identity)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		source := policy.Source{Name: p.File, Document: document}
		if p.Group == "" {
			g.everyone = append(g.everyone, source)
		} else {
			g.groups[p.Group] = append(g.groups[p.Group], source)
		}
	}
	return errors.Join(problems...)
}

// checkIssuers builds the route's verifier with empty key sets and returns the error that building the real one would return.
func (g *GatePlan) checkIssuers() error {
	a := g.settings
	var issuers []token.Issuer
	for _, id := range a.UserPools {
		issuers = append(issuers, poolIssuer(a, g.app.IssuerURL(id), new(token.StaticKeys)))
	}
	for _, i := range a.Issuers {
		keys, err := token.NewRemote(remoteOptions(i, time.Now)) // fetches nothing before Start
		if err != nil {
			return fmt.Errorf("issuer %s: %w", i.URL, err)
		}
		issuers = append(issuers, remoteIssuer(a, i, keys))
	}
	if len(issuers) == 0 {
		return nil
	}
	_, err := token.New(token.Options{Issuers: issuers, Now: time.Now, MaxTokenBytes: a.MaxToken})
	return err
}

// Metadata returns the handler of the metadata of a protected resource, or nil if the request is not for metadata. path is
// the path that the client requested.
func (p *Plan) Metadata(host, path string) http.Handler {
	if d := p.published.At(host, path); d != nil {
		return d
	}
	return nil
}

// Publishes reports whether there is metadata of any resource.
func (p *Plan) Publishes() bool { return p.published.Any() }
