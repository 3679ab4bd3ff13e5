package iam

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/store"
)

// Ensure creates the declared role or updates it to match the declaration. It does not change tags and the role's id,
// and writes nothing if nothing differs. Errors: those of CreateRole, preceded by the role's name.
func (s *Service) Ensure(ctx context.Context, d DeclaredRole) error {
	if err := s.ensure(ctx, d); err != nil {
		return fmt.Errorf("role %s: %w", d.Name, err)
	}
	return nil
}

func (s *Service) ensure(ctx context.Context, d DeclaredRole) error {
	want, err := s.declared(d)
	if err != nil {
		return err
	}
	if want.Boundary, err = s.ensureBoundary(ctx, d); err != nil {
		return err
	}
	now := s.current.Load()
	if have := now.roleNamed(d.Name); have != nil && sameRole(have.record, want) {
		if ids, err := s.declaredTrust(want, &have.record, now.stored); err != nil || maps.Equal(ids, have.record.Trusted) {
			s.warnOfMissing(&have.record)
			return err
		}
	}
	if err := s.ensureRecord(ctx, want); err != nil {
		return err
	}
	return s.settle(ctx)
}

// ensureRecord stores a declared role.
func (s *Service) ensureRecord(ctx context.Context, want store.Role) error {
	id, err := s.uniqueID("AROA")
	if err != nil {
		return err
	}
	now := s.now()
	return s.change(ctx, want.Name, want.Boundary, func(tx store.Tx) error {
		for _, arn := range want.Attached {
			if err := attachableIn(tx, arn); err != nil {
				return err
			}
		}
		if err := boundaryIn(tx, want.Boundary); err != nil {
			return err
		}
		have, err := tx.Roles.Get(want.Name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		created := err != nil
		next, before := want, &have
		next.ModifiedAt = now
		if created {
			next.ID, next.CreatedAt, before = id, now, nil
		} else {
			next.Name, next.ID, next.CreatedAt, next.Tags = have.Name, have.ID, have.CreatedAt, have.Tags
		}
		next.Trusted, err = s.declaredTrust(next, before, func(name string) (store.Role, error) {
			if strings.EqualFold(name, next.Name) {
				return next, nil
			}
			return tx.Roles.Get(name)
		})
		switch {
		case err != nil:
			return err
		case created:
			return tx.Roles.Insert(next)
		}
		return tx.Roles.Update(next)
	})
}

// CheckDeclared returns the errors of Ensure that do not depend on the store, and does not access it.
func CheckDeclared(d DeclaredRole) error {
	_, err := d.record()
	if err == nil && d.Boundary != nil {
		if err = checkManaged(store.Policy{Document: d.Boundary}); err != nil {
			err = fmt.Errorf("boundary: %w", err)
		}
	}
	if err != nil {
		return fmt.Errorf("role %s: %w", d.Name, err)
	}
	return nil
}

// declared returns the checked record of the declaration.
func (s *Service) declared(d DeclaredRole) (store.Role, error) {
	r, err := d.record()
	if err != nil {
		return r, err
	}
	for _, arn := range r.Attached {
		if err := s.CheckAttachable(arn); err != nil {
			return r, err
		}
	}
	s.warnOf("role "+r.Name+", trust policy", r.Trust, policy.Trust)
	for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
		s.warnOf("role "+r.Name+", "+name, r.Inline[name], policy.Identity)
	}
	return r, nil
}

// record returns the declaration as a record, with all checks that need no store.
func (d *DeclaredRole) record() (store.Role, error) {
	r := store.Role{
		Name: d.Name, Path: d.Path, Description: d.Description, Trust: d.Trust, Inline: d.Policies, Attached: d.Attached,
		MaxSession: int(d.MaxSession / time.Second), Declared: true,
	}
	if r.Path == "" {
		r.Path = "/"
	}
	if r.MaxSession == 0 {
		r.MaxSession = 3600
	}
	if err := checkMaxSession(r.MaxSession); err != nil {
		return r, err
	}
	if err := checkTrust(r.Trust); err != nil {
		return r, fmt.Errorf("trust policy: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
		if err := checkPermissions(r.Inline[name]); err != nil {
			return r, fmt.Errorf("policy %s: %w", name, err)
		}
	}
	return r, checkInlineSize(&r)
}

// ensureBoundary stores a declared boundary as a managed policy that is named after the role.
func (s *Service) ensureBoundary(ctx context.Context, d DeclaredRole) (string, error) {
	if d.Boundary == nil {
		return "", nil
	}
	want := store.Policy{Name: d.Name + "-boundary", Path: "/", Document: d.Boundary, Version: "v1", Declared: true}
	want.ARN = s.policyARN(want.Path, want.Name)
	if err := checkManaged(want); err != nil {
		return "", fmt.Errorf("boundary: %w", err)
	}
	s.warnOf(want.ARN, want.Document, policy.Identity)
	if have := s.current.Load().policies[want.ARN]; have != nil && sameJSON(have.record.Document, want.Document) {
		return want.ARN, nil
	}
	id, err := s.uniqueID("ANPA")
	if err != nil {
		return "", err
	}
	now := s.now()
	return want.ARN, s.change(ctx, "", want.ARN, func(tx store.Tx) error {
		have, err := tx.Policies.Get(want.ARN)
		next := want
		next.ID, next.CreatedAt, next.ModifiedAt = id, now, now
		if errors.Is(err, store.ErrNotFound) {
			return tx.Policies.Insert(next)
		}
		if err != nil {
			return err
		}
		next.ID, next.CreatedAt, next.Tags = have.ID, have.CreatedAt, have.Tags
		return tx.Policies.Update(next)
	})
}

func sameRole(a, b store.Role) bool {
	return a.Declared && a.Path == b.Path && a.Description == b.Description && a.Boundary == b.Boundary &&
		a.MaxSession == b.MaxSession && slices.Equal(a.Attached, b.Attached) && sameJSON(a.Trust, b.Trust) &&
		maps.EqualFunc(a.Inline, b.Inline, sameJSON)
}

// sameJSON reports whether the documents are equal except for white space.
func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
