package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/node/fleet"
	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/seal"
	idpserver "github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool/breach"
	"github.com/sluicegate/sluice/userpool/declared"
	"github.com/sluicegate/sluice/userpool/domains"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/logs"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/replay"
	"github.com/sluicegate/sluice/userpool/resourceservers"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// usedSessions are the sessions of sign-ins that were used.
type usedSessions = replay.Memory

func newUsedSessions(now func() time.Time) *usedSessions { return replay.New(now) }

// newUserPools makes the services of the user pools and reads their keys.
func newUserPools(ctx context.Context, o *Options, s *Storage, messages *queue.Queue, keys *kms.Service, revoker tokens.Revoker, functions *trigger.Functions, to *logs.Delivery, all *fleet.Counts) (*idp.Provider, error) {
	users, err := newProvider(o, s, messages, keys, revoker, functions, to, all)
	if err != nil {
		return nil, err
	}
	return users, users.Start(ctx)
}

// newProvider makes the services of the user pools. It reads nothing.
func newProvider(o *Options, s *Storage, messages *queue.Queue, keys *kms.Service, revoker tokens.Revoker, functions *trigger.Functions, to *logs.Delivery, all *fleet.Counts) (*idp.Provider, error) {
	list, err := knownPasswords(o.Config.CompromisedPasswords)
	if err != nil {
		return nil, err
	}
	return idp.New(idp.Options{Breaches: list, Relayed: o.Observer, Store: s.Store, Seal: s.Box, Now: o.Now, Shared: postgres.SharedClock(s.Store, o.Now), Rand: o.Rand, Regions: o.Config.Regions(),
		Account: o.Config.Account, PublicURL: o.Config.PublicURL, DomainSuffix: o.Config.DomainSuffix, IssuerFor: o.Config.IssuerURL, CheckRequest: idpserver.CheckRequest, Sender: messages, Queue: messages, Keys: keys, Hasher: s.hasher,
		ConfirmURL: func(id string) string { return o.Config.PublicURL + "/" + id + "/confirmUser" }, Revoker: revoker, Functions: functions, Logs: to, Observer: o.Observer, Told: o.Observer.Happened, Used: all.Used(s.used), Rates: all.Rates(), Counts: all.Events(), Strict: o.Config.StrictAWS, Logger: o.Log, NewKey: o.NewKey, KeyRotation: time.Duration(o.Config.KeyRotation.Signing), Fetch: metadataClient(o)})
}

// UserPools are the user pools of a data directory, for a command that works on them next to a running process.
type UserPools struct {
	*idp.Provider
	Storage *Storage    // that they are in
	Config  *config.App // with defaults; must not be changed
}

// OpenUserPools opens the store that the settings name and the services of its user pools. It creates nothing that is declared,
// serves nothing and runs no functions of triggers; messages wait in the store until a running process sends them. Without a store it
// returns ErrNoStore, unless create is set.
func OpenUserPools(o Options, create bool) (*UserPools, error) {
	if err := o.completeCommand(); err != nil {
		return nil, err
	}
	options := o.storage()
	options.Existing, options.Guest = !create, true
	s, err := OpenStorage(options)
	if err != nil {
		return nil, err
	}
	opened := &UserPools{Storage: s, Config: &o.Config}
	keys, err := newKeys(&o, s.Box)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	messages, err := newQueue(&o, s, nil, nil)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if opened.Provider, err = newProvider(&o, s, messages, keys, nil, nil, nil, &fleet.Counts{}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return opened, nil
}

// Where says for people where the records are.
func (u *UserPools) Where() string {
	if u.Config.Store != nil {
		return "the PostgreSQL database"
	}
	return StorePath(u.Storage.Dir)
}

// Close closes the store.
func (u *UserPools) Close() error { return u.Storage.Close() }

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
	return rpc.API{Service: &cognitoidp.API, MaxBody: idpserver.MaxBody, Find: idpserver.Find(sv.Users, o.Config.Regions()), Registry: idpserver.Registry(idpserver.Options{Provider: sv.Users, Grants: sv.Grants, Imports: sv.Imports,
		ClientIP: o.ClientIP, PublicURL: o.Config.PublicURL})}
}

// checkUserPool returns the errors that creating the pool would return, as far as the declaration alone determines them. The
// errors name the settings file.
func (d *declarations) checkUserPool(p config.UserPool) (problems []error) {
	for _, problem := range declared.Check(d.userPool(p), idpserver.CheckRequest) {
		file := d.pools[p.ID]
		if problem.Client != "" {
			file = d.clients[problem.Client]
		}
		if err := problem.Err; problem.Settings && file != nil {
			problems = append(problems, file.Locate(err))
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
func (d *declarations) ensureUserPool(ctx context.Context, users *idp.Provider, p config.UserPool, joined *memberships) error {
	pool := d.userPool(p)
	if err := users.Declared.EnsurePool(ctx, pool); err != nil {
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
	if err := users.Declared.EnsureParts(ctx, pool); err != nil {
		return err
	}
	if err := joined.ensure(ctx, users, p); err != nil {
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
func (d *declarations) userPool(p config.UserPool) declared.Pool {
	pool := declared.Pool{ID: p.ID, Name: p.Name, Settings: d.pools[p.ID].Request()}
	for _, c := range p.Clients {
		pool.Clients = append(pool.Clients, declared.Client{ID: c.ID, Name: c.Name, Secret: seal.NewSecret(c.Secret),
			Settings: d.clients[c.ID].Request(), OAuth: d.oauth(c)})
	}
	for _, g := range p.Groups {
		pool.Groups = append(pool.Groups, declared.Group{Name: g.Name, Description: g.Description,
			Precedence: g.Precedence, RoleARN: d.app.RoleARN(g.Role)})
	}
	return pool
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
	if o.Offline {
		return &http.Client{Transport: http.NewFileTransport(http.Dir("/dev/null"))} // finds nothing
	}
	rules := o.Config.OutboundRules()
	rules.Ports, rules.Redirects = []uint16{443, 80}, 5
	return outbound.Client(rules)
}

// StorePath returns the file of the embedded store in a data directory. It is elsewhere if a symbolic link takes its place.
func StorePath(dir string) string { return sqlite.Real(filepath.Join(dir, storeFile)) }

// OwnFiles returns the names of files that a data directory may have before its store: the master key, replaced ones, and what vouches
// for keys.
func OwnFiles() []string {
	return []string{masterKeyFile, masterKeyFile + masterkey.Retired, trustFile}
}

// WhereKeysAre says for people where a server has its master keys from. o.Config needs DataDir.
func WhereKeysAre(o Options) string {
	var all []string
	for _, source := range keySources(&o, nil) {
		all = append(all, source.String())
	}
	return strings.Join(all, ", ")
}
