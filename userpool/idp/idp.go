package idp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/throttle"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/branding"
	"github.com/sluicegate/sluice/userpool/declared"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/domains"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/limits"
	"github.com/sluicegate/sluice/userpool/logs"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/passkeys"
	"github.com/sluicegate/sluice/userpool/profiles"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/replay"
	"github.com/sluicegate/sluice/userpool/replicas"
	"github.com/sluicegate/sluice/userpool/resourceservers"
	"github.com/sluicegate/sluice/userpool/saml"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/terms"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Options are what New needs. The first group is required.
type Options struct {
	// Required: the store, what seals secrets in it, and the clock.
	Store     store.Store
	Seal      *seal.Box
	Now       func() time.Time
	Rand      io.Reader // crypto/rand.Reader outside of tests
	Regions   region.Set
	Account   string                     // 12 digits
	IssuerFor func(poolID string) string // returns the iss of a pool's tokens; must be a pure function
	// CheckRequest validates a request as the API does. Sender sends messages, Hasher hashes passwords. All are required.
	CheckRequest func(operation string, request json.RawMessage) error
	Sender       message.Sender
	Hasher       *directory.Hasher
	ConfirmURL   func(poolID string) string // see directory.Options; may be nil
	Keys         directory.CodeKeys         // see directory.Options; may be nil
	Queue        directory.Queue            // see directory.Options; may be nil
	Logs         *logs.Delivery             // nil delivers no logs

	PublicURL    string // see domains.Options; "" is http://localhost
	DomainSuffix string // of prefix domains; "" is auth.localhost

	Shared   func() time.Time // see userpool.Base; may be nil
	Revoker  tokens.Revoker   // may be nil
	Observer signin.Observer  // may be nil
	Used     *replay.Memory   // see signin.Options; may be nil

	// Rates and Counts count over all processes what limits are about. nil: each process counts for itself.
	Rates  throttle.Shared
	Counts directory.Counter
	Logger *slog.Logger // nil discards

	Told func(userpool.Event) // see userpool.Base; may be nil

	Breaches threat.Breaches // passwords that are publicly known; nil knows none
	Relayed  relay.Observer  // counts passwords that old pools were asked for; may be nil

	Strict bool // see oauth.Options

	Functions *trigger.Functions // what the ARNs of triggers run; nil finds nothing

	Makers map[providers.Type]providers.Maker // see providers.Options; nil is saml.Service for its type
	Fetch  *http.Client                       // fetches the metadata of SAML providers; nil reaches public addresses only

	// See userpool.Options for these and their defaults.
	NewKey      func(rand io.Reader) (*token.SigningKey, error)
	KeyRotation time.Duration
	KeyLead     time.Duration
	CacheFor    time.Duration
}

// Provider is the services of user pools, wired together.
type Provider struct {
	// The services of user pools, each of the package of its type.
	Pools     *userpool.Service
	Declared  *declared.Service
	Domains   *domains.Service
	Scopes    *resourceservers.Service
	Tokens    *tokens.Service
	Users     *directory.Service
	Devices   *devices.Service
	Passkeys  *passkeys.Service
	Factors   *factors.Service
	Importer  *importer.Service
	SignIns   *signin.Machine
	Threat    *threat.Service
	Logs      *logs.Service
	Limits    *limits.Service
	Replicas  *replicas.Service
	OAuth     *oauth.Service
	Branding  *branding.Service
	Providers *providers.Service
	Profiles  *profiles.Service
	SAML      *saml.Service
	Terms     *terms.Service
	Relay     *relay.Service

	base     *userpool.Base
	rotation health.Tracker
}

// New returns a Provider, or an error that names a required option that is missing. It reads nothing: call Start before
// serving.
func New(o Options) (*Provider, error) {
	base, err := userpool.NewBase(userpool.Base{Store: o.Store, Seal: o.Seal, Now: o.Now, Shared: o.Shared, Rand: o.Rand, Logger: o.Logger, Told: o.Told})
	if err != nil {
		return nil, err
	}
	if o.PublicURL == "" {
		o.PublicURL = "http://localhost"
	}
	if o.DomainSuffix == "" {
		o.DomainSuffix = "auth.localhost"
	}
	p := &Provider{base: base}
	p.Pools, err = userpool.New(userpool.Options{Base: base, Regions: o.Regions, Account: o.Account, IssuerFor: o.IssuerFor,
		DomainHost: func(_, prefix string) string { return domains.Host(prefix, o.DomainSuffix) }, CheckProviders: providers.CheckClient, Mapped: o.Functions.Has, NewKey: o.NewKey, KeyRotation: o.KeyRotation, KeyLead: o.KeyLead, CacheFor: o.CacheFor})
	if err != nil {
		return nil, err
	}
	if err := p.newParts(&o); err != nil {
		return nil, err
	}
	lambda := triggers.New(triggers.Options{Invoke: o.Functions.Respond, Logger: base.Logger})
	p.Tokens, err = tokens.New(tokens.Options{Base: base, Pools: p.Pools, Revoker: o.Revoker, Triggers: lambda, KeepSSO: o.Strict})
	if err != nil {
		return nil, err
	}
	if p.Threat, err = threat.New(threat.Options{Base: base, Pools: p.Pools, Breaches: o.Breaches, Deliver: p.deliver}); err != nil {
		return nil, err
	}
	p.Users, err = directory.New(directory.Options{Base: base, Relay: p.Relay, Threat: p.Threat, Pools: p.Pools, Tokens: p.Tokens, Sender: o.Sender, Hasher: o.Hasher,
		ConfirmURL: o.ConfirmURL, Queue: o.Queue, Keys: o.Keys, Shared: o.Counts, Triggers: lambda})
	if err != nil {
		return nil, err
	}
	p.Devices, err = devices.New(devices.Options{Base: base, Pools: p.Pools, Tokens: p.Tokens})
	if err != nil {
		return nil, err
	}
	p.Passkeys, err = passkeys.New(passkeys.Options{Base: base, Pools: p.Pools, Tokens: p.Tokens})
	if err != nil {
		return nil, err
	}
	if p.Factors, err = factors.New(factors.Options{Base: base, Pools: p.Pools, Tokens: p.Tokens, Users: p.Users, Passkeys: p.Passkeys}); err != nil {
		return nil, err
	}
	if p.Importer, err = importer.New(importer.Options{Base: base, Factors: p.Factors}); err != nil {
		return nil, err
	}
	p.SignIns, err = signin.New(signin.Options{Base: base, Threat: p.Threat, Pools: p.Pools, Tokens: p.Tokens, Users: p.Users, Devices: p.Devices,
		Passkeys: p.Passkeys, Factors: p.Factors, Observer: o.Observer, Used: o.Used, Triggers: lambda})
	if err != nil {
		return nil, err
	}
	if p.Profiles, err = profiles.New(profiles.Options{Base: base, Pools: p.Pools, Users: p.Users, Triggers: lambda}); err != nil {
		return nil, err
	}
	p.OAuth, err = oauth.New(oauth.Options{Base: base, Pools: p.Pools, Tokens: p.Tokens, Reach: p.SignIns.Levels, Strict: o.Strict, Identifier: p.providerOf})
	return p, err
}

// Base returns what the services share, for services above.
func (p *Provider) Base() *userpool.Base { return p.base }

// providerOf returns the name of the identity provider that has an identifier.
func (p *Provider) providerOf(ctx context.Context, poolID, identifier string) (string, error) {
	found, err := p.Providers.ByIdentifier(ctx, poolID, identifier)
	if err != nil {
		return "", err
	}
	return found.Name, nil
}

// newParts makes the services that need the pools only.
func (p *Provider) newParts(o *Options) (err error) {
	p.Limits, p.Replicas = limits.New(p.base, o.Rates), replicas.New(p.Pools)
	if p.Logs, err = logs.New(logs.Options{Base: p.base, Pools: p.Pools, Delivery: o.Logs}); err != nil {
		return err
	}
	if p.Relay, err = relay.New(relay.Options{Base: p.base, Observer: o.Relayed}); err != nil {
		return err
	}
	if p.Declared, err = declared.New(declared.Options{Base: p.base, Pools: p.Pools, CheckRequest: o.CheckRequest}); err != nil {
		return err
	}
	p.Domains, err = domains.New(domains.Options{Base: p.base, Pools: p.Pools, PublicURL: o.PublicURL, Suffix: o.DomainSuffix, CacheFor: o.CacheFor})
	if err != nil {
		return err
	}
	if p.Scopes, err = resourceservers.New(resourceservers.Options{Base: p.base, Pools: p.Pools}); err != nil {
		return err
	}
	if p.Branding, err = branding.New(branding.ServiceOptions{Base: p.base, Pools: p.Pools, Version: p.loginVersion}); err != nil {
		return err
	}
	if o.Fetch == nil {
		o.Fetch = outbound.Client(outbound.Rules{Ports: []uint16{443, 80}, Redirects: 5})
	}
	if p.SAML, err = saml.New(saml.Options{Base: p.base, Pools: p.Pools, HTTP: o.Fetch}); err != nil {
		return err
	}
	if o.Makers == nil {
		o.Makers = map[providers.Type]providers.Maker{providers.SAML: p.SAML}
	}
	if p.Providers, err = providers.New(providers.Options{Base: p.base, Pools: p.Pools, Makers: o.Makers}); err != nil {
		return err
	}
	p.Terms, err = terms.New(terms.Options{Base: p.base, Pools: p.Pools})
	return err
}

// loginVersion returns the version of the login pages at the domain of a pool, the custom one if it has two, or 0 without a domain.
func (p *Provider) loginVersion(ctx context.Context, poolID string) (int, error) {
	list, err := p.Domains.OfPool(ctx, poolID)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return max(list[0].Version, domains.Classic), nil
}

// Start loads every pool's keys, so that tokens verify from the first request on, and rotates the keys that are due.
func (p *Provider) Start(ctx context.Context) error { return p.Pools.Start(ctx) }

const (
	sweepEvery = time.Hour
	lookEvery  = 10 * time.Minute // whether the process that swept is gone
)

// Rotation tells since when the rotation of signing keys fails.
func (p *Provider) Rotation() *health.Tracker { return &p.rotation }

// Run rotates keys and deletes expired records, once an hour in one of the processes on the store, until ctx ends. It blocks.
func (p *Provider) Run(ctx context.Context, leases *lease.Keeper) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var rotated error // nil where another process does it
		_, err := leases.Do(ctx, "user pools", sweepEvery, func(ctx context.Context) error {
			rotated = p.Pools.RotateKeys(ctx)
			return errors.Join(rotated, p.Tokens.Sweep(ctx), p.Threat.Sweep(ctx), p.Branding.Sweep(ctx))
		})
		p.rotation.Done(p.base.Now(), rotated)
		if err != nil && ctx.Err() == nil {
			p.base.Logger.Error("rotating keys and deleting expired records of user pools failed; it is tried again in ten minutes", "error", err)
		}
	}
}

// Drain waits for the messages that are being sent. Call it when no more requests come.
func (p *Provider) Drain() { p.Users.Drain() }
