package iam

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"

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
	next.forget(arn)
	if after != nil {
		next.read(s, *after)
	}
	s.current.Store(next)
	return nil
}

// deleteEntity deletes an entity of a kind. Errors: store.ErrNotFound.
func (s *Service) deleteEntity(ctx context.Context, arn, kind string) error {
	return s.changeEntity(ctx, arn, func(tx store.Tx) error {
		if e, err := tx.Entities.Get(arn); err != nil || e.Kind != kind {
			return cmp.Or(err, store.ErrNotFound)
		}
		return tx.Entities.Delete(arn)
	})
}

// editEntity changes the content of an entity of a kind, as edit says. T is the content's form. Errors: store.ErrNotFound.
func editEntity[T any](ctx context.Context, s *Service, arn, kind string, edit func(tx store.Tx, content *T) error) error {
	return s.changeEntity(ctx, arn, func(tx store.Tx) error {
		e, content, err := readEntity[T](tx, arn, kind)
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

// readEntity returns a stored entity of a kind and its content. Errors: store.ErrNotFound.
func readEntity[T any](tx store.Tx, arn, kind string) (e store.Entity, content T, err error) {
	if e, err = tx.Entities.Get(arn); err == nil {
		if e.Kind != kind {
			return e, content, store.ErrNotFound
		}
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

// read puts an entity into the snapshot. One that does not parse is left out of what the service uses, so that it gives nothing to anyone.
func (n *snapshot) read(s *Service, e store.Entity) {
	n.entities[e.ARN] = e
	var err error
	switch e.Kind {
	case oidcProvider:
		p := &OIDCProvider{ARN: e.ARN, CreatedAt: e.CreatedAt}
		if err = json.Unmarshal(e.Content, p); err == nil {
			n.issuers[p.URL] = p
		}
	case samlProvider:
		p := &SAMLProvider{ARN: e.ARN, CreatedAt: e.CreatedAt}
		if err = json.Unmarshal(e.Content, p); err == nil {
			if p.parsed, err = parseMetadata(p.Metadata); err == nil {
				err = s.open(p)
			}
			if err == nil {
				n.assertors[e.ARN] = p
			}
		}
	case instanceProfile:
		p := &InstanceProfile{ARN: e.ARN, CreatedAt: e.CreatedAt}
		if err = json.Unmarshal(e.Content, p); err == nil {
			n.profiles[strings.ToLower(p.Name)] = p
		}
	}
	if err != nil {
		s.log.Error("a stored entity of IAM does not parse and is not used", "arn", e.ARN, "error", err)
	}
}

// keep puts an entity into the snapshot as the snapshot before has it, or reads it if it has changed: metadata are long.
func (n *snapshot) keep(s *Service, e store.Entity, before *snapshot) {
	if p := before.assertors[e.ARN]; p != nil && reflect.DeepEqual(before.entities[e.ARN], e) {
		n.entities[e.ARN], n.assertors[e.ARN] = e, p
		return
	}
	n.read(s, e)
}

// forget takes an entity out of the snapshot.
func (n *snapshot) forget(arn string) {
	delete(n.entities, arn)
	delete(n.assertors, arn)
	maps.DeleteFunc(n.issuers, func(_ string, p *OIDCProvider) bool { return p.ARN == arn })
	maps.DeleteFunc(n.profiles, func(_ string, p *InstanceProfile) bool { return p.ARN == arn })
}

// tagsOf returns the tags of an entity; nil for one that does not exist.
func (n *snapshot) tagsOf(arn string) map[string]string {
	var content struct {
		Tags map[string]string `json:"tags"`
	}
	if e, ok := n.entities[arn]; ok && json.Unmarshal(e.Content, &content) == nil {
		return content.Tags
	}
	return nil
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
