package providers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
)

// Declared is an identity provider of a declared user pool.
type Declared struct {
	Name        string            // ProviderName
	Type        Type              // Google, SAML …
	Details     map[string]string // ProviderDetails, as CreateIdentityProvider takes them
	Mapping     map[string]string // AttributeMapping
	Acr         map[string]string // AcrMapping
	Identifiers []string          // IdpIdentifiers
	LinkByEmail bool              // see Provider.LinkByEmail
}

// change returns the declaration as an input of Create or Update.
func (d Declared) change(poolID string) Change {
	in := Change{PoolID: poolID, Name: d.Name, Type: d.Type, Details: maps.Clone(d.Details), Mapping: d.Mapping, Acr: d.Acr, Identifiers: d.Identifiers, declared: true}
	if in.Details == nil {
		in.Details = map[string]string{}
	}
	if d.Type == OIDC && in.Details[Method] == "" {
		in.Details[Method] = "GET"
	}
	if in.Mapping == nil {
		in.Mapping = map[string]string{}
	}
	if in.Acr == nil {
		in.Acr = map[string]string{}
	}
	if in.Identifiers == nil {
		in.Identifiers = []string{}
	}
	return in
}

// digest identifies the declaration. It is kept sealed with the details.
func (d Declared) digest() (string, error) {
	text, err := json.Marshal(d)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// CheckDeclared returns why no pool can have the declared providers, or nil. It accesses neither the store nor the network.
func CheckDeclared(list []Declared) error {
	var problems []error
	for i, d := range list {
		in := d.change("")
		err := checkName(d.Name, d.Type)
		if err == nil {
			_, err = kinds[d.Type].complete(d.Type, in.Details)
		}
		if err == nil {
			err = checkIdentifiers(in.Identifiers)
		}
		if err == nil {
			err = checkDeclaredMapping(d)
		}
		if err == nil {
			err = assurance.Mapping(d.Acr).Check()
		}
		for _, other := range list[:i] {
			for _, id := range d.Identifiers {
				if has(other.Identifiers, id) {
					err = errors.Join(err, fmt.Errorf("the identifier %s is also that of %s", id, other.Name))
				}
			}
		}
		if text, ok := fault.Message(err); ok {
			err = errors.New(text)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("identity_provider %s: %w", d.Name, err))
		}
	}
	return errors.Join(problems...)
}

// checkDeclaredMapping is checkMapping for a pool whose custom attributes are not known yet.
func checkDeclaredMapping(d Declared) error {
	p := &userpool.Pool{Schema: map[string]*userpool.SchemaAttribute{}}
	for name := range d.Mapping {
		if strings.HasPrefix(name, "custom:") || userpool.IsStandard(name) {
			p.Schema[name] = new(userpool.SchemaAttribute)
		}
	}
	_, err := checkMapping(p, d.Type, d.Mapping)
	return err
}

// Ensure gives an existing pool the declared providers. A provider that is as it was declared last stays, so that a reload contacts no provider
// for metadata. It can be called at every reload.
func (s *Service) Ensure(ctx context.Context, poolID string, list []Declared) error {
	for _, d := range list {
		if err := s.ensure(ctx, poolID, d); err != nil {
			return fmt.Errorf("user pool %s: identity_provider %s: %w", poolID, d.Name, err)
		}
	}
	return nil
}

func (s *Service) ensure(ctx context.Context, poolID string, d Declared) error {
	digest, err := d.digest()
	if err != nil {
		return err
	}
	if err := checkName(d.Name, d.Type); err != nil {
		return err
	}
	before, err := s.Get(ctx, poolID, d.Name)
	if err != nil && !fault.Is(err, fault.ResourceNotFound) {
		return err
	}
	p := &Provider{PoolID: poolID, Name: d.Name, Type: d.Type, Created: s.base.Now()}
	switch {
	case before == nil:
	case before.declaration == digest:
		s.waiting.set(poolID, d.Name, before.Unfinished())
		return nil
	case before.Type != d.Type:
		return fmt.Errorf("it has the type %s, which cannot change; delete it with DeleteIdentityProvider, or declare another name", before.Type)
	default:
		p = new(*before)
	}
	p.LinkByEmail, p.declaration = d.LinkByEmail, digest
	rec, err := s.prepare(ctx, p, before, d.change(poolID))
	if errors.Is(err, ErrUnreachable) { // the pool does without it for now, see Finish
		s.base.Logger.WarnContext(ctx, "a declared identity provider does not answer; retrying", "pool", poolID, "provider", d.Name, "error", err)
		p.Version, p.Modified = p.Version+1, s.base.Now()
		rec, err = s.record(p, true)
	}
	if err != nil {
		return err
	}
	rec.Declared = true
	s.waiting.set(poolID, d.Name, p.Unfinished())
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if before == nil {
			return s.insert(tx, rec)
		}
		return replace(tx, before.Version, rec)
	})
	if errors.Is(err, store.ErrExists) || fault.Is(err, fault.ConcurrentModification) {
		return s.settled(ctx, poolID, d.Name, digest, err)
	}
	return err
}

// settled returns nil if another process on the same store has made the provider as it is declared, else the error.
func (s *Service) settled(ctx context.Context, poolID, name, digest string, err error) error {
	now, again := s.Get(ctx, poolID, name)
	if again == nil && now.declaration == digest {
		return nil
	}
	return err
}
