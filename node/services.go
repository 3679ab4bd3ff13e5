package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/issuers"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/masterkey/rotation"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/node/administrator"
	"github.com/sluicegate/sluice/node/fleet"
	"github.com/sluicegate/sluice/node/observe"
	"github.com/sluicegate/sluice/node/overlap"
	"github.com/sluicegate/sluice/server/audit/chain"
	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/userpool/declared"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/importjob"
	"github.com/sluicegate/sluice/userpool/logs"
)

const (
	signingKeys  = 4096             // SigV4 signing keys remembered
	openSessions = 16 << 20         // bytes of opened session tokens remembered
	reloadEvery  = 30 * time.Second // how often roles and identity pools that other processes wrote are read
)

// Services are the domain's services on one Storage. Nodes whose settings for them agree share one.
type Services struct {
	*Storage
	Users       *idp.Provider         // the user pools
	Grants      *grants.Service       // of OAuth 2.0
	Imports     *importjob.Service    // of users, as jobs
	Roles       *iam.Service          // and managed policies, and STS
	Identities  *identitypool.Service // the identity pools
	Minter      *session.Minter       // of temporary credentials
	Revocations *fleet.Revocations    // shared with other processes

	id            string // identifies the services
	publicURL     string
	signingKeys   *sigv4.KeyCache
	sessions      *token.Cache[*authz.Subject]
	apis          *apis
	queue         *queue.Queue // of messages
	logs          *logs.Delivery
	keys          *kms.Service // local keys
	administrator administrator.Keys
	masterKeys    *rotation.Schedule // nil = they are replaced by hand
	calls         calls
	functions     uses // the runtimes of triggers
	issuers       *issuers.Verifier
	counts        *fleet.Counts
	leases        *lease.Keeper // of background work
	changes       *fleet.Follower
	chain         overlap.Values[chain.Chain] // of the audit log; nil for none
	later         declared.Unfinished
	rotation      health.Tracker // of the identity pools' keys
	clock         *health.Clock
	live          observe.Counter // of sessions
	log           *slog.Logger
	stop          context.CancelFunc
	stopped       chan struct{}
}

// servicesID names the settings that services depend on.
func servicesID(c *config.App) (string, error) {
	texts, err := languagesID(c.LoginLanguages)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(struct {
		Dir, URL, Suffix, Region, Account, Issuer string
		Passwords, Languages                      string
		Strict                                    bool
		RateLimit                                 *config.RateLimit
		SMTP                                      *config.SMTP
		SMS                                       *config.SMS
		KMSKeys, Networks, OtherRegions           []string
		TokenEndpoints                            map[string]string
		Store                                     *config.Store
		Redis                                     *config.Redis
		Logs                                      []config.LogDestination
		Triggers                                  []config.Trigger
		Keys                                      *config.KeyRotation
	}{c.DataDir, c.PublicURL, c.DomainSuffix, c.Region, c.Account, c.Issuer, c.CompromisedPasswords, texts, c.StrictAWS, c.RateLimit, c.SMTP, c.SMS, c.KMSKeys, c.OutboundNetworks, c.OtherRegions, c.TokenEndpoints, c.Store, c.Redis, c.LogDestinations, c.Triggers, c.KeyRotation})
	return string(raw), err
}

// newServices builds the services in the order in which they need each other and starts their background work. o is the
// services' own copy: they may outlive the node that made them.
func newServices(ctx context.Context, o Options, s *Storage, id string) (*Services, error) {
	sv := &Services{Storage: s, id: id, publicURL: o.Config.PublicURL, signingKeys: sigv4.NewKeyCache(signingKeys), log: o.Log, stopped: make(chan struct{}),
		clock: &health.Clock{Now: o.Now}, live: observe.Counter{Store: s.Store, Now: o.Now, Observer: o.Observer},
		functions: uses{shared: o.Shared}}
	var err error
	if sv.sessions, err = token.NewCache[*authz.Subject](token.CacheOptions{MaxBytes: openSessions}); err != nil {
		return nil, err
	}
	if sv.Minter, err = session.NewMinter(session.Options{Box: s.Box}); err != nil {
		return nil, err
	}
	if sv.changes, err = fleet.Watch(ctx, s.Store, o.Log, o.Observer); err != nil { // before anything is read
		return nil, err
	}
	if sv.counts, err = fleet.NewCounts(o.Config.Redis, s.Box, o.Now, o.Log, o.Observer); err != nil {
		return nil, errors.Join(err, sv.changes.Close())
	}
	if sv.leases, err = lease.New(lease.Options{Store: s.Store, Now: o.Now, Rand: o.Rand}); err != nil {
		return nil, errors.Join(err, sv.counts.Close(), sv.changes.Close())
	}
	sv.Revocations = fleet.NewRevocations(sv.revocationOptions(&o))
	if err := sv.build(ctx, &o); err != nil {
		sv.logs.Close(0)
		return nil, errors.Join(err, sv.Revocations.Close(), sv.functions.end(), sv.counts.Close(), sv.changes.Close())
	}
	sv.queue.Start()
	background, stop := context.WithCancel(context.Background())
	sv.stop = stop
	go func() {
		defer close(sv.stopped)
		sv.maintain(background)
	}()
	return sv, nil
}

func (sv *Services) build(ctx context.Context, o *Options) error {
	var err error
	if sv.keys, err = newKeys(o, sv.Box); err != nil {
		return err
	}
	if sv.masterKeys, err = newRotation(o, sv.Storage, sv.leases); err != nil {
		return err
	}
	functions, err := newFunctions(o, &sv.functions)
	if err != nil {
		return err
	}
	sv.logs = newLogs(o, sv.Dir)
	if sv.queue, err = newQueue(o, sv.Storage, functions, sv.notSent); err != nil {
		return err
	}
	if sv.Users, err = newUserPools(ctx, o, sv.Storage, sv.queue, sv.keys, sv.Revocations, functions, sv.logs, sv.counts); err != nil {
		return err
	}
	if err := sv.Revocations.Load(ctx, sv.revocationOptions(o), sv.Users.Tokens); err != nil {
		return err
	}
	sv.Grants, err = grants.New(grants.Options{Base: sv.Users.Base(), Pools: sv.Users.Pools, Tokens: sv.Users.Tokens, OAuth: sv.Users.OAuth,
		SignOuts: sv.Revocations})
	if err != nil {
		return err
	}
	sv.Imports, err = importjob.New(importjob.Options{Base: sv.Users.Base(), Pools: sv.Users.Pools, Importer: sv.Users.Importer, PublicURL: o.Config.PublicURL})
	if err != nil {
		return err
	}
	if err := sv.buildRoles(ctx, o); err != nil {
		return err
	}
	if sv.issuers, err = newIssuers(sv.Roles, o); err != nil {
		return err
	}
	access, err := newAccessTokens(o)
	if err != nil {
		return err
	}
	sv.Roles.UseAccessTokens(access)
	logins := newLoginVerifier(sv.Users.Pools, sv.issuers, o)
	sv.Identities, err = identitypool.New(ctx, identitypool.Options{Store: sv.Store, Box: sv.Box, Roles: sv.Roles,
		Regions: o.Config.Regions(), Account: o.Config.Account, Now: o.Now, Rand: o.Rand, IssuerFor: o.Config.IssuerURL, Verifier: logins,
		SignOuts: sv.Revocations, Issuer: sv.Roles.Issuer, Assertions: sv.Roles, AccessTokens: access, GuestPolicies: iam.GuestPolicies(), LoginsClaim: iam.LoginsClaim, NewKey: o.NewIdentityKey, KeyRotation: time.Duration(o.Config.KeyRotation.Signing), Rotated: observe.KeyRotated(o.Observer), Lint: sv.Roles.RoleWarnings, Log: o.Log})
	if err != nil {
		return err
	}
	sv.Roles.UseVerifier(&webIdentities{identities: sv.Identities, logins: logins, roles: sv.Roles})
	sv.apis, err = newAPIs(sv, o)
	return err
}

func (sv *Services) revocationOptions(o *Options) *fleet.RevocationOptions {
	return &fleet.RevocationOptions{Index: sv.revoked, Store: sv.Store, Redis: o.Config.Redis, Shared: o.Config.Store, Leases: sv.leases, Now: o.Now, Log: o.Log, Observer: o.Observer}
}

// buildRoles makes the roles.
func (sv *Services) buildRoles(ctx context.Context, o *Options) (err error) {
	sv.Roles, err = iam.New(ctx, iam.Options{Store: sv.Store, Box: sv.Box, Minter: sv.Minter, Account: o.Config.Account, Regions: o.Config.Regions(),
		Now: o.Now, Dated: postgres.SharedClock(sv.Store, o.Now), Rand: o.Rand, Strict: o.Config.StrictAWS, Log: o.Log})
	return err
}

// useRoot puts the administrator's key of the node into effect, or makes one.
func (n *Node) useRoot(ctx context.Context) error {
	made, err := n.Services.administrator.Begin(ctx, n.Services.Roles, n, n.plan.o.RootKey)
	if err == nil && made != nil {
		n.plan.o.ShowRootKey(made.AccessKeyID, made.Secret.Reveal())
	}
	return err
}

// root returns the administrator's key as a gate takes it, or nil when there is none.
func (sv *Services) root() *authz.RootKey {
	id, secret, ok := sv.Roles.RootKey()
	if !ok {
		return nil
	}
	return &authz.RootKey{AccessKeyID: id, Secret: secret, Account: sv.Roles.Account()}
}

// declare creates the declared resources that are missing and updates the others. It ends at the first error.
func (n *Node) declare(ctx context.Context) error {
	sv, d := n.Services, n.plan.declared
	sv.changes.CatchUp(ctx, fleet.Now)
	for _, pool := range d.app.UserPools { // before the first one takes effect
		if err := d.agree(ctx, sv.Users, pool); err != nil {
			return err
		}
	}
	if err := keepSame(ctx, sv.Store, &n.plan.o.Config); err != nil {
		return err
	}
	sv.later.Forget()
	for _, part := range n.parts(ctx) {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// redeclare is declare after a newer configuration, which may have had services of its own, declared something else and then did not start.
// It puts back as much as it can, what gates and other processes obey first.
func (n *Node) redeclare(ctx context.Context) error {
	n.Services.changes.CatchUp(ctx, fleet.Now)
	n.Services.later.Forget()
	errs := []error{keepSame(ctx, n.Services.Store, &n.plan.o.Config)}
	for _, part := range slices.Backward(n.parts(ctx)) {
		errs = append(errs, part())
	}
	return errors.Join(errs...)
}

// parts are the steps of declaring. Roles come last: other processes obey their policies at once.
func (n *Node) parts(ctx context.Context) (list []func() error) {
	sv, d := n.Services, n.plan.declared
	for _, pool := range d.app.UserPools {
		make := func(ctx context.Context) error { return d.ensureUserPool(ctx, sv.Users, pool, &n.joined) }
		list = append(list, func() error { return sv.later.Unless(make(ctx), sv.log, pool.ID, make) })
	}
	for _, pool := range d.app.IdentityPools {
		list = append(list, func() error { return sv.Identities.Ensure(ctx, d.identityPool(pool)) })
	}
	for _, role := range d.app.Roles {
		list = append(list, func() error { return sv.Roles.Ensure(ctx, d.role(role)) })
	}
	return append(list, func() error { sv.Identities.WarnOfRoles(ctx); return nil })
}

// undeclare takes back what another configuration does not replace by declaring its own.
func (n *Node) undeclare(ctx context.Context) error { return n.joined.undo(ctx, n.Services.Users) }

// maintain rotates keys, deletes what has expired and reads what other processes wrote, until ctx ends.
func (sv *Services) maintain(ctx context.Context) {
	var others sync.WaitGroup
	others.Go(func() { sv.Users.Run(ctx, sv.leases) })
	others.Go(func() { sv.Imports.Run(ctx) })
	if sv.masterKeys != nil {
		others.Go(func() { sv.masterKeys.Run(ctx) })
	}
	others.Go(func() {
		sv.changes.Run(ctx, fleet.Memory{Users: sv.Users, Roles: sv.Roles, Identities: sv.Identities, Revocations: sv.Revocations})
	})
	defer others.Wait()
	rotate, reload := time.NewTicker(time.Hour), time.NewTicker(reloadEvery)
	defer rotate.Stop()
	defer reload.Stop()
	err := sv.live.Count(ctx)
	for {
		if err != nil && ctx.Err() == nil {
			sv.log.Error("reading keys, roles, identity pools and sessions", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-rotate.C:
			err = sv.Identities.RotateKeys(ctx)
			sv.rotation.Done(time.Now(), err)
		case <-reload.C:
			err = errors.Join(sv.Roles.Reload(ctx), sv.Identities.Reload(ctx), sv.Users.Providers.Finish(ctx), sv.Users.Relay.Count(ctx), sv.live.Count(ctx), sv.later.Again(ctx, sv.log))
			sv.issuers.Sweep()
		}
	}
}

// Close waits for the calls that are being answered and ends the background work. The storage is closed by its own users.
func (sv *Services) Close() error {
	var slow error
	if !sv.calls.close(patience) {
		slow = fmt.Errorf("calls of the APIs took longer than %s and may fail", patience)
	}
	sv.stop()
	<-sv.stopped
	sv.Users.Drain()
	sv.queue.Close(patience)
	sv.logs.Close(patience)
	return errors.Join(slow, sv.issuers.Close(), sv.Revocations.Close(), sv.functions.end(), sv.counts.Close(), sv.changes.Close())
}
