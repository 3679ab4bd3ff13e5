package iam

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/store"
)

// Kinds of entities, as ARNs name them.
const (
	oidcProvider    = "oidc-provider"
	instanceProfile = "instance-profile"
)

// changeEntity runs write in the store and then publishes a copy of the snapshot in which the entity has been read again.
func (s *Service) changeEntity(ctx context.Context, arn string, write func(tx store.Tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var after *store.Entity
	err := s.update(ctx, func(tx store.Tx) error {
		after = nil
		if err := write(tx); err != nil {
			return err
		}
		e, err := tx.Entities.Get(arn)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		after = &e
		return err
	})
	if err != nil {
		return err
	}
	next := s.current.Load().clone()
	delete(next.entities, arn)
	if after != nil {
		next.entities[arn] = *after
	}
	next.readEntities(s)
	s.current.Store(next)
	return nil
}

// editEntity changes the content of an entity, as edit says. T is the content's form. Errors: store.ErrNotFound.
func editEntity[T any](ctx context.Context, s *Service, arn string, edit func(tx store.Tx, content *T) error) error {
	return s.changeEntity(ctx, arn, func(tx store.Tx) error {
		e, content, err := readEntity[T](tx, arn)
		if err != nil {
			return err
		}
		if err := edit(tx, &content); err != nil {
			return err
		}
		if e.Content, err = json.Marshal(content); err != nil {
			return err
		}
		e.ModifiedAt = s.now()
		return tx.Entities.Update(e)
	})
}

// readEntity returns a stored entity and its content. Errors: store.ErrNotFound.
func readEntity[T any](tx store.Tx, arn string) (e store.Entity, content T, err error) {
	if e, err = tx.Entities.Get(arn); err == nil {
		err = json.Unmarshal(e.Content, &content)
	}
	return e, content, err
}

// insertEntity stores a new entity. Errors: store.ErrExists.
func (s *Service) insertEntity(ctx context.Context, arn, kind string, content any, check func(tx store.Tx) error) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	now := s.now()
	return s.changeEntity(ctx, arn, func(tx store.Tx) error {
		if err := check(tx); err != nil {
			return err
		}
		return tx.Entities.Insert(store.Entity{ARN: arn, Kind: kind, Content: text, CreatedAt: now, ModifiedAt: now})
	})
}

// readEntities makes providers and profiles from entities. One that cannot be read is left out, so that it gives nothing to anyone.
func (n *snapshot) readEntities(s *Service) {
	n.issuers, n.profiles, n.assertors = make(map[string]*OIDCProvider), make(map[string]*InstanceProfile), make(map[string]*SAMLProvider)
	for arn, e := range n.entities {
		var err error
		switch e.Kind {
		case oidcProvider:
			p := &OIDCProvider{ARN: arn, CreatedAt: e.CreatedAt}
			if err = json.Unmarshal(e.Content, p); err == nil {
				n.issuers[p.URL] = p
			}
		case samlProvider:
			p := &SAMLProvider{ARN: arn, CreatedAt: e.CreatedAt}
			if err = json.Unmarshal(e.Content, p); err == nil {
				if p.parsed, err = assertion.ParseMetadata([]byte(p.Metadata), e.ModifiedAt); err == nil {
					n.assertors[arn] = p
				}
			}
		case instanceProfile:
			p := &InstanceProfile{ARN: arn, CreatedAt: e.CreatedAt}
			if err = json.Unmarshal(e.Content, p); err == nil {
				n.profiles[strings.ToLower(p.Name)] = p
			}
		}
		if err != nil {
			s.log.Error("a stored entity of IAM does not parse and is not used", "arn", arn, "error", err)
		}
	}
}

// count returns the number of stored entities of a kind.
func count(tx store.Tx, kind string) (n int, err error) {
	list, err := tx.Entities.List(store.Page{})
	for _, e := range list {
		if e.Kind == kind {
			n++
		}
	}
	return n, err
}
