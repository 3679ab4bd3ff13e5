package userpool

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/assurance"
)

// PoolDescription is a user pool as the API shows it.
type PoolDescription struct {
	ID         string
	ARN        string
	Name       string
	Settings   PoolSettings
	CreatedAt  time.Time
	ModifiedAt time.Time
	Users      int // set by DescribeUserPool only
}

// Pool is a user pool with its settings resolved. Callers share it and must not change it.
type Pool struct {
	PoolDescription
	Issuer    string                      // iss of the pool's tokens
	Schema    map[string]*SchemaAttribute // by name
	FoldsCase bool                        // names compare without regard to case
	WantsSRP  bool                        // passwords get SRP verifiers
	Recovery  []string                    // attributes that a reset code may go to, best first; empty leaves it to administrators
	Pending   []string                    // attributes that keep their old value until the new one is verified
	Sender    Sender                      // of e-mail
	MFA       MFAPolicy
	WebAuthn  WebAuthn // passkeys
	Devices   DeviceTracking
	Risk      *Risk // of the pool; nil for none
	Domain    DomainNames
	Scopes    []string        // of the resource servers, as tokens carry them: "<identifier>/<name>"
	DCR       DCR             // dynamic client registration
	Acr       assurance.Names // the values of the claim acr
	keys      *keyring.Keys
	verifier  *token.Verifier // of the pool's own access tokens
	keySet    token.KeySet    // published
}

// VerifyAccess verifies an access token of the pool: signature, issuer, time and use. It does not check revocations.
func (p *Pool) VerifyAccess(ctx context.Context, raw string) (*token.Token, error) {
	return p.verifier.Verify(ctx, raw)
}

// VerifyHint verifies an ID token of the pool that a client sends as a hint: signature, issuer and use. It may have expired.
func (p *Pool) VerifyHint(ctx context.Context, raw string) (*token.Token, error) {
	if len(raw) > token.DefaultMaxTokenBytes {
		return nil, fault.New(fault.NotAuthorized, "The token is too long.")
	}
	issued := time.Time{}
	if parts := strings.Split(raw, "."); len(parts) == 3 {
		var claims struct {
			IssuedAt int64 `json:"iat"`
		}
		if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil && json.Unmarshal(payload, &claims) == nil {
			issued = time.Unix(claims.IssuedAt, 0)
		}
	}
	v, err := token.New(token.Options{Now: func() time.Time { return issued }, Issuers: []token.Issuer{{
		URL: p.Issuer, Keys: p.keySet, AnyClient: true, TokenUse: []string{"id"}, Leeway: ClockLeeway,
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

// Pool returns the pool, from the cache if it is there, or fault.ResourceNotFound.
func (s *Service) Pool(ctx context.Context, id string) (*Pool, error) {
	return s.pools.get(id, func() (*Pool, error) {
		var rec store.Pool
		var keys []store.SigningKey
		var srp bool
		var domains []store.Domain
		var servers []store.ResourceServer
		err := s.base.View(ctx, func(tx store.Tx) (err error) {
			if rec, err = tx.Pools.Get(id); err != nil {
				return err
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
			srp, err = wantsSRP(tx, id)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil, noPool(id)
		}
		if err != nil {
			return nil, err
		}
		p, err := s.resolvePool(rec, keys, srp)
		if err != nil {
			return nil, err
		}
		p.Scopes = CustomScopes(servers)
		p.Domain = s.domainNames(id, domains)
		setDefault(&p.WebAuthn.RelyingParty, p.Domain.Host())
		return p, nil
	})
}

// PoolOfIssuer returns the pool whose tokens carry exactly this iss, or fault.ResourceNotFound.
func (s *Service) PoolOfIssuer(ctx context.Context, issuer string) (*Pool, error) {
	id := issuer[strings.LastIndexByte(issuer, '/')+1:]
	if id == "" || len(id) > maxPoolID || s.o.IssuerFor(id) != issuer {
		return nil, noPool(id)
	}
	return s.Pool(ctx, id)
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

// resolvePool parses the settings that have an effect.
func (s *Service) resolvePool(rec store.Pool, keys []store.SigningKey, srp bool) (*Pool, error) {
	p := &Pool{
		PoolDescription: PoolDescription{ID: rec.ID, ARN: s.poolARN(rec.ID), Name: rec.Name, CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt},
		Issuer:          s.o.IssuerFor(rec.ID), WantsSRP: srp,
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
	p.Risk = p.Settings.RiskConfiguration.resolve()
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

// newVerifier makes the verifier of the pool's access tokens.
func (s *Service) newVerifier(p *Pool) (*token.Verifier, error) {
	if err := s.ring.Publish(p.ID, p.keys); err != nil {
		return nil, err
	}
	p.keySet = s.ring.KeySet(p.ID)
	return token.New(token.Options{Now: s.base.Now, Issuers: []token.Issuer{{
		URL: p.Issuer, Keys: p.keySet, AnyClient: true, TokenUse: []string{"access"}, Leeway: ClockLeeway,
	}}})
}
