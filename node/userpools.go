package node

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/seal"
	idpserver "github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/breach"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/domains"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/replay"
	"github.com/sluicegate/sluice/userpool/resourceservers"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// passwordHasher bounds the memory that hashing passwords takes. The settings do not change it, so it lives as long as the
// store.
type passwordHasher = directory.Hasher

// usedSessions are the sessions of sign-ins that were used.
type usedSessions = replay.Memory

func newUsedSessions(now func() time.Time) *usedSessions { return replay.New(now) }

func newHasher() *passwordHasher { return directory.NewHasher(directory.HasherOptions{}) }

// newUserPools makes the services of the user pools and reads their keys.
func newUserPools(ctx context.Context, o *Options, s *Storage, messages *queue.Queue, keys *kms.Service, revoker tokens.Revoker, functions *trigger.Functions) (*idp.Provider, error) {
	list, err := knownPasswords(o.Config.CompromisedPasswords)
	if err != nil {
		return nil, err
	}
	users, err := idp.New(idp.Options{Breaches: list, Store: s.Store, Seal: s.Box, Now: o.Now, Rand: o.Rand, Region: o.Config.Region,
		Account: o.Config.Account, PublicURL: o.Config.PublicURL, DomainSuffix: o.Config.DomainSuffix, IssuerFor: o.Config.IssuerURL, CheckRequest: idpserver.CheckRequest, Sender: messages, Queue: messages, Keys: keys, Hasher: s.hasher,
		ConfirmURL: func(id string) string { return o.Config.PublicURL + "/" + id + "/confirmUser" }, Revoker: revoker, Functions: functions, Observer: o.Observer, Used: s.used, Strict: o.Config.StrictAWS, Logger: o.Log, NewKey: o.NewKey, Fetch: metadataClient(o)})
	if err != nil {
		return nil, err
	}
	return users, users.Start(ctx)
}

// knownPasswords opens the list of passwords that are publicly known; nil for no path.
func knownPasswords(path string) (threat.Breaches, error) {
	if path == "" {
		return nil, nil
	}
	list, err := breach.Open(path)
	if err != nil {
		return nil, fmt.Errorf("compromised_passwords: %w", err)
	}
	return list, nil
}

// userPoolsAPI are the operations of the user pools.
func userPoolsAPI(sv *Services, o *Options) rpc.API {
	return rpc.API{Service: &cognitoidp.API, MaxBody: idpserver.MaxBody, Registry: idpserver.Registry(idpserver.Options{Provider: sv.Users, Grants: sv.Grants,
		ClientIP: o.ClientIP, PublicURL: o.Config.PublicURL})}
}

// checkUserPool returns the errors that creating the pool would return, as far as the declaration alone determines them. The
// errors name the settings file.
func (d *declarations) checkUserPool(p config.UserPool) (problems []error) {
	for _, problem := range userpool.CheckDeclared(d.userPool(p), idpserver.CheckRequest) {
		file := d.pools[p.ID]
		if problem.Client != "" {
			file = d.clients[problem.Client]
		}
		if err := problem.Err; problem.Settings && file != nil {
			problems = append(problems, file.locate(err))
		} else {
			problems = append(problems, err)
		}
	}
	for _, err := range []error{resourceservers.CheckDeclared(declaredServers(p)), providers.CheckDeclared(d.declaredProviders(p)),
		domains.CheckDeclared(d.app.PublicURL, d.app.DomainSuffix, declaredDomains(p))} {
		if err != nil {
			problems = append(problems, fmt.Errorf("user pool %s: %w", p.ID, err))
		}
	}
	return problems
}

// ensureUserPool makes a declared pool.
func (d *declarations) ensureUserPool(ctx context.Context, users *idp.Provider, p config.UserPool) error {
	pool := d.userPool(p)
	if err := users.Pools.EnsurePool(ctx, pool); err != nil {
		return err
	}
	if err := users.Scopes.Ensure(ctx, p.ID, declaredServers(p)); err != nil { // before the clients, which name its scopes
		return err
	}
	if err := users.Providers.Ensure(ctx, p.ID, d.declaredProviders(p)); err != nil { // the same
		return err
	}
	if err := users.Domains.Ensure(ctx, p.ID, d.app.Account, declaredDomains(p)); err != nil {
		return err
	}
	if err := users.Pools.EnsureParts(ctx, pool); err != nil {
		return err
	}
	return d.ensureLooks(ctx, users, p)
}

// oauth is what AWS's settings of a declared app client do not have, in the domain's terms.
func (d *declarations) oauth(c config.Client) oauthclient.Metadata {
	m := oauthclient.Metadata{Keys: d.keys[c.ID], KeysURL: c.JWKSURI, Device: c.DeviceGrant, PKCE: c.RequirePKCE, PAR: c.RequirePAR}
	if c.JWKS != "" || c.JWKSURI != "" {
		m.AuthMethod = oauthclient.PrivateKeyJWT
	}
	if e := c.TokenExchange; e != nil {
		m.Exchange = &oauthclient.Exchange{Subjects: e.Subjects, Audiences: e.Audiences}
	}
	return m
}

// userPool is a declared user pool in the domain's terms.
func (d *declarations) userPool(p config.UserPool) userpool.DeclaredPool {
	declared := userpool.DeclaredPool{ID: p.ID, Name: p.Name, Settings: d.pools[p.ID].request()}
	for _, c := range p.Clients {
		declared.Clients = append(declared.Clients, userpool.DeclaredClient{ID: c.ID, Name: c.Name, Secret: seal.NewSecret(c.Secret),
			Settings: d.clients[c.ID].request(), OAuth: d.oauth(c)})
	}
	for _, g := range p.Groups {
		declared.Groups = append(declared.Groups, userpool.DeclaredGroup{Name: g.Name, Description: g.Description,
			Precedence: g.Precedence, RoleARN: d.app.RoleARN(g.Role)})
	}
	return declared
}

// declaredDomains are the domains of a declared user pool in the domain's terms.
func declaredDomains(p config.UserPool) []domains.Declared {
	var list []domains.Declared
	for _, d := range p.Domains {
		list = append(list, domains.Declared{Name: d.Name, Version: d.ManagedLogin})
	}
	return list
}

// declaredServers are the resource servers of a declared user pool in the domain's terms.
func declaredServers(p config.UserPool) []resourceservers.Declared {
	var list []resourceservers.Declared
	for _, r := range p.ResourceServers {
		server := resourceservers.Declared{ID: r.ID, Name: r.Name}
		for _, s := range r.Scopes {
			server.Scopes = append(server.Scopes, store.Scope{Name: s.Name, Description: s.Description})
		}
		list = append(list, server)
	}
	return list
}

// declaredProviders are the identity providers of a declared user pool in the domain's terms.
func (d *declarations) declaredProviders(p config.UserPool) []providers.Declared {
	var list []providers.Declared
	for _, i := range p.IdentityProviders {
		details := maps.Clone(i.Details)
		if i.Metadata != "" {
			if details == nil {
				details = map[string]string{}
			}
			details[providers.MetadataFile] = d.metadata[i.Metadata]
		}
		list = append(list, providers.Declared{Name: i.Name, Type: providers.Type(i.Type), Details: details, Mapping: i.Mapping, Acr: i.Acr,
			Identifiers: i.Identifiers, LinkByEmail: i.LinkVerifiedEmail})
	}
	return list
}

// metadataClient returns what fetches the metadata of SAML providers. Source: the developer guide, ports 443 and 80.
func metadataClient(o *Options) *http.Client {
	rules := o.Config.OutboundRules()
	rules.Ports, rules.Redirects = []uint16{443, 80}, 5
	return outbound.Client(rules)
}
