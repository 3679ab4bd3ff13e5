package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/risk"
)

// PoolDescription is a user pool as the API shows it.
type PoolDescription struct {
	// What AWS's API tells of a pool. ModifiedAt is that of the settings, not of users.
	ID         string
	ARN        string
	Name       string
	Settings   PoolSettings
	CreatedAt  time.Time
	ModifiedAt time.Time
	Users      int  // set by DescribeUserPool only
	Federated  bool // the pool has identity providers; set by DescribeUserPool only
}

// Pool is a user pool with its settings resolved. Callers share it and must not change it.
type Pool struct {
	PoolDescription
	Issuer     string                      // iss of the pool's tokens
	Schema     map[string]*SchemaAttribute // by name
	FoldsCase  bool                        // names compare without regard to case
	WantsSRP   bool                        // passwords get SRP verifiers
	Recovery   []string                    // attributes that a reset code may go to, best first; empty leaves it to administrators
	Pending    []string                    // attributes that keep their old value until the new one is verified
	Sender     Sender                      // of e-mail
	MFA        MFAPolicy
	WebAuthn   WebAuthn // passkeys
	Devices    DeviceTracking
	Risk       *risk.Resolved // of the pool; nil for none
	Domain     DomainNames
	Scopes     []string        // of the resource servers, as tokens carry them: "<identifier>/<name>"
	DCR        DCR             // dynamic client registration
	Acr        assurance.Names // the values of the claim acr
	SealedKeys []byte          // see store.Pool.Keys
	Pull       *store.Pull     // the sealed record of where the users came from; nil for none
	keys       *keyring.Keys
	verifier   *token.Verifier   // of the pool's own access tokens
	hintKeys   *token.StaticKeys // of ID tokens, also those that are published no more
}

// VerifyAccess verifies an access token of the pool: signature, issuer, time and use. It does not check revocations.
func (p *Pool) VerifyAccess(ctx context.Context, raw string) (*token.Token, error) {
	return p.verifier.Verify(ctx, raw)
}

// VerifyHint verifies an ID token of the pool that a client sends as a hint: signature, issuer and use. It may have expired,
// and its key may be published no more.
func (p *Pool) VerifyHint(ctx context.Context, raw string) (*token.Token, error) {
	claims, _ := token.UnverifiedClaims(raw)
	iat, _ := claims.Raw("iat")
	issued, _ := strconv.ParseInt(iat, 10, 64) // it was valid then
	v, err := token.New(token.Options{Now: func() time.Time { return time.Unix(issued, 0) }, Issuers: []token.Issuer{{
		URL: p.Issuer, Keys: p.hintKeys, AnyClient: true, TokenUse: []string{"id"}, Leeway: ClockLeeway,
	}}})
	if err != nil {
		return nil, err
	}
	return v.Verify(ctx, raw)
}

// Signer returns the key that signs tokens of the use, UseID or UseAccess, at that time.
func (p *Pool) Signer(use string, now time.Time) (*token.SigningKey, error) {
	return p.keys.Signer(use, now)
}

func noPool(id string) error {
	return fault.New(fault.ResourceNotFound, "User pool %s does not exist.", id)
}

// unfinished replaces the error of a pool that is not found by one that says that an import has not made the pool whole.
func unfinished(tx store.Tx, id string, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, e := tx.Pools.Import(id); e != nil {
		return err
	}
	return fault.New(fault.ResourceNotFound, "User pool %s does not exist: an import has not finished it. Import its archive again.", id)
}

// Find returns fault.ResourceNotFound for a pool that neither belongs to the region of the call nor has a replica there, or that
// belongs to no region of the process. It does not find out whether a pool of the region exists.
func (s *Service) Find(ctx context.Context, id string) error {
	if s.o.Regions.Finds(ctx, id) {
		return nil
	}
	if r, err := s.ReplicaAt(ctx, id); err != nil || r != nil {
		return err
	}
	return noPool(id)
}

// ReplicaAt returns the replica of a pool in the region of the call; nil if the call is not for a replica.
func (s *Service) ReplicaAt(ctx context.Context, id string) (*Replica, error) {
	if s.o.Regions.Finds(ctx, id) || !s.o.Regions.Serves(id) {
		return nil, nil
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	for i := range p.Settings.Replicas {
		if p.Settings.Replicas[i].Region == s.o.Regions.Called(ctx) {
			return &p.Settings.Replicas[i], nil
		}
	}
	return nil, nil
}

// Pool returns the pool, from the cache if it is there, or fault.ResourceNotFound.
func (s *Service) Pool(ctx context.Context, id string) (*Pool, error) {
	if err := s.Find(ctx, id); err != nil {
		return nil, err
	}
	return s.load(ctx, id)
}

func (s *Service) load(ctx context.Context, id string) (*Pool, error) {
	return s.pools.get(id, func() (*Pool, error) {
		var rec store.Pool
		var keys []store.SigningKey
		var srp bool
		var pull *store.Pull
		var domains []store.Domain
		var servers []store.ResourceServer
		withdrawn := s.ring.Withdrawn(id) // then an existing pool was created again, perhaps by another process
		err := s.base.View(ctx, func(tx store.Tx) (err error) {
			if rec, err = tx.Pools.Get(id); err != nil {
				return unfinished(tx, id, err)
			}
			if keys, err = tx.SigningKeys.List(id); err != nil {
				return err
			}
			if domains, err = tx.Domains.OfPool(id); err != nil {
				return err
			}
			if servers, err = tx.ResourceServers.List(id); err != nil {
				return err
			}
			if srp, err = wantsSRP(tx, id); err != nil {
				return err
			}
			pull, err = pullOf(tx, id)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil, noPool(id)
		}
		if err != nil {
			return nil, err
		}
		if withdrawn {
			s.ring.Readmit(id)
		}
		p, err := s.resolvePool(rec, keys, srp)
		if err != nil {
			return nil, err
		}
		p.Scopes, p.Pull = CustomScopes(servers), pull
		p.Domain = s.domainNames(id, domains)
		setDefault(&p.WebAuthn.RelyingParty, p.Domain.Host())
		return p, nil
	})
}

// PoolOfIssuer returns the pool whose tokens carry exactly this iss, or fault.ResourceNotFound.
func (s *Service) PoolOfIssuer(ctx context.Context, issuer string) (*Pool, error) {
	id := issuer[strings.LastIndexByte(issuer, '/')+1:]
	if id == "" || len(id) > MaxPoolID || s.o.IssuerFor(id) != issuer {
		return nil, noPool(id)
	}
	return s.Pool(ctx, id)
}

// pullOf returns the record of the pool's pull, or nil.
func pullOf(tx store.Tx, poolID string) (*store.Pull, error) {
	pull, err := tx.Pulls.Get(poolID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &pull, err
}

// wantsSRP reports whether passwords of the pool get SRP verifiers: if a client allows SRP, or if there is no client yet,
// since a client allows SRP by default.
func wantsSRP(tx store.Tx, poolID string) (bool, error) {
	list, err := tx.Clients.List(poolID, store.Page{})
	if err != nil {
		return false, err
	}
	for _, rec := range list {
		c, err := resolveClient(rec)
		if err != nil {
			return false, err
		}
		if c.Allowed["ALLOW_USER_SRP_AUTH"] || c.Allowed["ALLOW_USER_AUTH"] {
			return true, nil
		}
	}
	return len(list) == 0, nil
}

// CheckRecords returns the pool of records that are not in use yet, or an error if they cannot be those of a pool: if settings or keys
// cannot be read.
func (s *Service) CheckRecords(rec store.Pool, keys []store.SigningKey, clients []store.Client) (*Pool, error) {
	for _, c := range clients {
		if _, err := resolveClient(c); err != nil {
			return nil, err
		}
		if _, err := s.openSecrets(c); err != nil {
			return nil, err
		}
	}
	p, err := s.resolvePool(rec, keys, false)
	if err != nil {
		return nil, err
	}
	for _, use := range []string{UseID, UseAccess} {
		if _, err := p.Signer(use, s.base.Now()); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// resolvePool parses the settings that have an effect.
func (s *Service) resolvePool(rec store.Pool, keys []store.SigningKey, srp bool) (*Pool, error) {
	p := &Pool{
		PoolDescription: PoolDescription{ID: rec.ID, ARN: s.poolARN(rec.ID), Name: rec.Name, CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt},
		Issuer:          s.o.IssuerFor(rec.ID), WantsSRP: srp, SealedKeys: rec.Keys,
	}
	if err := json.Unmarshal(rec.Settings, &p.Settings); err != nil {
		return nil, fmt.Errorf("userpool: settings of pool %s: %w", rec.ID, err)
	}
	p.Schema = make(map[string]*SchemaAttribute, len(p.Settings.Schema))
	for i := range p.Settings.Schema {
		p.Schema[p.Settings.Schema[i].Name] = &p.Settings.Schema[i]
	}
	// AWS: CaseSensitive is true if the block is absent.
	p.FoldsCase = p.Settings.UsernameConfiguration != nil && !p.Settings.UsernameConfiguration.CaseSensitive
	p.Recovery, p.Pending = p.Settings.AccountRecoverySetting.order(), p.Settings.pendingAttributes()
	p.Risk = p.Settings.RiskConfiguration.Resolve()
	p.MFA = p.Settings.mfaPolicy()
	p.WebAuthn = p.Settings.webAuthn()
	p.DCR = p.Settings.DcrConfiguration.resolve()
	var err error
	if p.Acr, err = assurance.ReadNames(p.Settings.AcrConfiguration); err != nil {
		p.Acr = assurance.Default // kept by a version that did not check it
	}
	if p.Sender, err = p.Settings.sender(); err != nil {
		return nil, fmt.Errorf("userpool: EmailConfiguration of pool %s: %w", p.ID, err)
	}
	if p.Devices, err = p.Settings.deviceTracking(); err != nil {
		return nil, fmt.Errorf("userpool: DeviceConfiguration of pool %s: %w", p.ID, err)
	}
	if p.keys, err = s.ring.Open(keys); err != nil {
		return nil, err
	}
	if p.verifier, err = s.newVerifier(p); err != nil {
		return nil, err
	}
	return p, nil
}

// newVerifier makes the verifier of the pool's access tokens, and the keys of its hints.
func (s *Service) newVerifier(p *Pool) (*token.Verifier, error) {
	if err := s.ring.Publish(p.ID, p.keys); err != nil {
		return nil, err
	}
	p.hintKeys = new(token.StaticKeys)
	if err := p.hintKeys.Set(p.keys.OfUse(UseID)...); err != nil {
		return nil, err
	}
	return token.New(token.Options{Now: s.base.Now, Issuers: []token.Issuer{{
		URL: p.Issuer, Keys: s.ring.KeySet(p.ID), AnyClient: true, TokenUse: []string{"access"}, Leeway: ClockLeeway,
	}}})
}
