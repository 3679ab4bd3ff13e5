package terms

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Options are what New needs. All are required.
type Options struct {
	Base  *userpool.Base    // the store and clock of all user pools
	Pools *userpool.Service // finds pools and app clients
}

// Service keeps documents. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("terms: Options.Base and Pools are required")
	}
	return &Service{o: o, base: o.Base}, nil
}

// Input is what CreateTerms and UpdateTerms set. In an update, empty fields keep what there is.
type Input struct {
	Name        string            // TermsOfUse or PrivacyPolicy
	Source      string            // LINK, the one value of TermsSource
	Enforcement string            // NONE, its one value
	Links       map[string]string // URLs by language: cognito:english, cognito:default …; nil = not given
}

// Create adds a document to an app client. A client has at most one of each name.
func (s *Service) Create(ctx context.Context, poolID, clientID string, in Input) (*store.Terms, error) {
	if _, _, err := s.o.Pools.ClientOf(ctx, poolID, clientID); err != nil {
		return nil, err
	}
	id, err := s.base.UUID()
	if err != nil {
		return nil, err
	}
	rec := store.Terms{ID: id, PoolID: poolID, ClientID: clientID, CreatedAt: s.base.Now()}
	if err := in.set(&rec); err != nil {
		return nil, err
	}
	rec.ModifiedAt = rec.CreatedAt
	err = s.base.Update(ctx, func(tx store.Tx) error { return tx.Terms.Insert(rec) })
	return &rec, known(err, &rec)
}

// Update changes a document.
func (s *Service) Update(ctx context.Context, poolID, id string, in Input) (*store.Terms, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var rec store.Terms
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		if rec, err = find(tx, poolID, id); err != nil {
			return err
		}
		if err := in.set(&rec); err != nil {
			return err
		}
		rec.ModifiedAt = s.base.Now()
		return tx.Terms.Update(rec)
	})
	return &rec, known(err, &rec)
}

// set writes the input into the record, and checks the result.
func (in *Input) set(rec *store.Terms) error {
	for _, f := range []struct{ from, to *string }{{&in.Name, &rec.Name}, {&in.Source, &rec.Source}, {&in.Enforcement, &rec.Enforcement}} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	if in.Links != nil {
		rec.Links = in.Links
	}
	if rec.Name != TermsOfUse && rec.Name != PrivacyPolicy {
		return fault.New(fault.InvalidParameter, "TermsName must be %s or %s.", TermsOfUse, PrivacyPolicy)
	}
	if rec.Source != "LINK" || rec.Enforcement != "NONE" {
		return fault.New(fault.InvalidParameter, "TermsSource must be LINK and Enforcement must be NONE.")
	}
	return checkLinks(rec.Links)
}

// known translates the store's errors.
func known(err error, rec *store.Terms) error {
	switch {
	case errors.Is(err, store.ErrExists):
		return fault.Wrap(fault.TermsExists, err, "A %s document already exists for this app client.", rec.Name)
	case errors.Is(err, store.ErrNotFound): // the client was deleted meanwhile
		return fault.Wrap(fault.ResourceNotFound, err, "The app client does not exist.")
	}
	return err
}

// find returns a document of the pool.
func find(tx store.Tx, poolID, id string) (store.Terms, error) {
	rec, err := tx.Terms.Get(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && rec.PoolID != poolID {
		return store.Terms{}, fault.New(fault.ResourceNotFound, "Terms %s does not exist.", id)
	}
	return rec, err
}

// Describe returns a document.
func (s *Service) Describe(ctx context.Context, poolID, id string) (*store.Terms, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var rec store.Terms
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = find(tx, poolID, id)
		return err
	})
	return &rec, err
}

// DescribeByClient returns the document of an app client with the name.
func (s *Service) DescribeByClient(ctx context.Context, poolID, clientID, name string) (*store.Terms, error) {
	list, err := s.ofClient(ctx, poolID, clientID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Name == name {
			return &list[i], nil
		}
	}
	return nil, fault.New(fault.ResourceNotFound, "The app client has no %s document.", name)
}

func (s *Service) ofClient(ctx context.Context, poolID, clientID string) (list []store.Terms, err error) {
	if _, _, err := s.o.Pools.ClientOf(ctx, poolID, clientID); err != nil {
		return nil, err
	}
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		list, err = tx.Terms.OfClient(clientID)
		return err
	})
	return list, err
}

// Delete deletes a document.
func (s *Service) Delete(ctx context.Context, poolID, id string) error {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return err
	}
	return s.base.Update(ctx, func(tx store.Tx) error {
		if _, err := find(tx, poolID, id); err != nil {
			return err
		}
		return tx.Terms.Delete(id)
	})
}

// List returns at most limit documents of a pool after the id, and the id to continue after, "" if there are no more.
func (s *Service) List(ctx context.Context, poolID, after string, limit int) ([]store.Terms, string, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	var list []store.Terms
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		list, err = tx.Terms.List(poolID, store.Page{After: after, Limit: limit + 1})
		return err
	})
	list, next := userpool.CutPage(list, limit, func(d store.Terms) string { return d.ID })
	return list, next, err
}

// LinksFor returns the addresses of the terms of use and the privacy policy that a sign-up shows in a language, such as "pt-BR".
// Both are "" unless the client has both documents.
func (s *Service) LinksFor(ctx context.Context, poolID, clientID, language string) (terms, privacy string, err error) {
	list, err := s.ofClient(ctx, poolID, clientID)
	if err != nil {
		return "", "", err
	}
	for _, d := range list {
		switch link := linkIn(d.Links, language); d.Name {
		case TermsOfUse:
			terms = link
		case PrivacyPolicy:
			privacy = link
		}
	}
	if terms == "" || privacy == "" {
		return "", "", nil
	}
	return terms, privacy, nil
}

// Declared is a document of a client that the configuration declares.
type Declared struct {
	Name  string            // TermsOfUse or PrivacyPolicy
	Links map[string]string // URLs by language: cognito:english, cognito:default …
}

// Check returns the error that Ensure would return for the document.
func (d Declared) Check() error {
	rec := store.Terms{}
	in := Input{Name: d.Name, Source: "LINK", Enforcement: "NONE", Links: d.Links}
	return in.set(&rec)
}

// Ensure makes the declared documents of an app client, and updates those that differ. Other documents stay.
func (s *Service) Ensure(ctx context.Context, poolID, clientID string, declared []Declared) error {
	return s.base.Update(ctx, func(tx store.Tx) error {
		list, err := tx.Terms.OfClient(clientID)
		if err != nil {
			return err
		}
		have := map[string]store.Terms{}
		for _, rec := range list {
			have[rec.Name] = rec
		}
		for _, d := range declared {
			rec, exists := have[d.Name]
			if err := s.ensure(tx, rec, exists, poolID, clientID, d); err != nil {
				return fmt.Errorf("terms %s: %w", d.Name, err)
			}
		}
		return nil
	})
}

func (s *Service) ensure(tx store.Tx, rec store.Terms, exists bool, poolID, clientID string, d Declared) error {
	now := s.base.Now()
	if !exists {
		id, err := s.base.UUID()
		if err != nil {
			return err
		}
		rec = store.Terms{ID: id, PoolID: poolID, ClientID: clientID, CreatedAt: now}
	}
	was := rec
	in := Input{Name: d.Name, Source: "LINK", Enforcement: "NONE", Links: d.Links}
	if err := in.set(&rec); err != nil {
		return err
	}
	rec.Declared = true
	if exists && same(&was, &rec) {
		return nil // a reload with the same declaration is not a change
	}
	rec.ModifiedAt = now
	if exists {
		return tx.Terms.Update(rec)
	}
	return tx.Terms.Insert(rec)
}
