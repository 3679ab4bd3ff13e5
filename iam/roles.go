package iam

import (
	"cmp"
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Quotas: IAM user guide, "IAM and AWS STS quotas".
const (
	maxAttached = 10
	maxTags     = 50
)

// CreateRole creates a role: Name, Path, Description, Trust, Boundary, MaxSession (0 = one hour) and Tags are taken from r.
// Errors: EntityExists, MalformedPolicy, NoSuchEntity (boundary), LimitExceeded, InvalidParameter.
func (s *Service) CreateRole(ctx context.Context, r store.Role) (store.Role, error) {
	if r.Path == "" {
		r.Path = "/"
	}
	if r.MaxSession == 0 {
		r.MaxSession = 3600
	}
	if err := checkMaxSession(r.MaxSession); err != nil {
		return store.Role{}, err
	}
	if err := checkTrust(r.Trust); err != nil {
		return store.Role{}, err
	}
	if err := checkBoundaryARN(r.Boundary); err != nil {
		return store.Role{}, err
	}
	if len(r.Tags) > maxTags {
		return store.Role{}, limitExceeded("TagsPerRole", maxTags)
	}
	id, err := s.uniqueID("AROA")
	if err != nil {
		return store.Role{}, err
	}
	r.ID, r.CreatedAt = id, s.now()
	r.ModifiedAt = r.CreatedAt
	err = s.change(ctx, r.Name, r.Boundary, func(tx store.Tx) error {
		if err := boundaryIn(tx, r.Boundary); err != nil {
			return err
		}
		var err error
		if r.Trusted, err = s.mustTrust(r.Trust, tx.Roles.Get); err != nil {
			return err
		}
		return tx.Roles.Insert(r)
	})
	if errors.Is(err, store.ErrExists) {
		return store.Role{}, fault.New(fault.EntityExists, "Role with name %s already exists.", r.Name)
	}
	s.warnOf("role "+r.Name+", trust policy", r.Trust, policy.Trust)
	return r, err
}

// GetRole returns the role with the given name, compared without case. Errors: NoSuchEntity.
func (s *Service) GetRole(name string) (store.Role, error) {
	if r := s.current.Load().roleNamed(name); r != nil {
		return r.record, nil
	}
	return store.Role{}, noSuchRole(name)
}

// RoleARNOf returns the ARN of a stored role.
func (s *Service) RoleARNOf(r store.Role) string { return s.roleARN(r.Path, r.Name) }

// ListRoles returns a page of the roles whose path starts with prefix, by name.
func (s *Service) ListRoles(prefix, after string, limit int) RolePage {
	now := s.current.Load()
	page := RolePage{}
	names := slices.Sorted(maps.Keys(now.roles))
	for _, name := range names {
		r := now.roles[name]
		if name <= after || !hasPrefix(r.record.Path, prefix) {
			continue
		}
		if limit > 0 && len(page.Roles) == limit {
			page.Next = lastKey(page.Roles)
			return page
		}
		page.Roles = append(page.Roles, r.record)
	}
	return page
}

// UpdateRole changes the description and the maximum session duration. Errors: NoSuchEntity, InvalidParameter.
func (s *Service) UpdateRole(ctx context.Context, name string, u RoleUpdate) error {
	if u.MaxSession != nil {
		if err := checkMaxSession(*u.MaxSession); err != nil {
			return err
		}
	}
	return s.editRole(ctx, name, func(r *store.Role) error {
		if u.Description != nil {
			r.Description = *u.Description
		}
		if u.MaxSession != nil {
			r.MaxSession = *u.MaxSession
		}
		return nil
	})
}

// UpdateTrust replaces the trust policy. Errors: NoSuchEntity, MalformedPolicy.
func (s *Service) UpdateTrust(ctx context.Context, name string, trust json.RawMessage) error {
	if err := checkTrust(trust); err != nil {
		return err
	}
	s.warnOf("role "+name+", trust policy", trust, policy.Trust)
	var ids map[string]string
	check := func(tx store.Tx, _ string) (err error) {
		ids, err = s.mustTrust(trust, tx.Roles.Get)
		return err
	}
	return s.editRoleWith(ctx, name, "", check, func(r *store.Role) error {
		r.Trust, r.Trusted = trust, ids
		return nil
	})
}

// DeleteRole deletes a role that has no policies. Errors: NoSuchEntity, DeleteConflict.
func (s *Service) DeleteRole(ctx context.Context, name string) error {
	err := s.change(ctx, name, "", func(tx store.Tx) error {
		r, err := tx.Roles.Get(name)
		if err != nil {
			return err
		}
		if len(r.Attached) > 0 {
			return fault.New(fault.DeleteConflict, "Cannot delete entity, must detach all policies first.")
		}
		if len(r.Inline) > 0 {
			return fault.New(fault.DeleteConflict, "Cannot delete entity, must delete policies first.")
		}
		profiles, err := storedProfiles(tx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(profiles, func(p InstanceProfile) bool { return strings.EqualFold(p.Role, r.Name) }) {
			return errRoleInProfile
		}
		return tx.Roles.Delete(r.Name)
	})
	return orNoSuchRole(err, name)
}

// PutRolePolicy adds or replaces an inline policy. Errors: NoSuchEntity, MalformedPolicy, LimitExceeded.
func (s *Service) PutRolePolicy(ctx context.Context, role, name string, document json.RawMessage) error {
	if err := checkPermissions(document); err != nil {
		return err
	}
	s.warnOf("role "+role+", "+name, document, policy.Identity)
	return s.editRole(ctx, role, func(r *store.Role) error {
		if r.Inline == nil {
			r.Inline = map[string]json.RawMessage{}
		}
		r.Inline[name] = document
		return checkInlineSize(r)
	})
}

// GetRolePolicy returns an inline policy. Errors: NoSuchEntity.
func (s *Service) GetRolePolicy(role, name string) (json.RawMessage, error) {
	r := s.current.Load().roleNamed(role)
	if r == nil {
		return nil, noSuchRole(role)
	}
	document, ok := r.record.Inline[name]
	if !ok {
		return nil, noSuchRolePolicy(name)
	}
	return document, nil
}

// ListRolePolicies returns the names of the inline policies, sorted. Errors: NoSuchEntity.
func (s *Service) ListRolePolicies(role string) ([]string, error) {
	r := s.current.Load().roleNamed(role)
	if r == nil {
		return nil, noSuchRole(role)
	}
	return slices.Sorted(maps.Keys(r.record.Inline)), nil
}

// DeleteRolePolicy deletes an inline policy. Errors: NoSuchEntity.
func (s *Service) DeleteRolePolicy(ctx context.Context, role, name string) error {
	return s.editRole(ctx, role, func(r *store.Role) error {
		if _, ok := r.Inline[name]; !ok {
			return noSuchRolePolicy(name)
		}
		delete(r.Inline, name)
		return nil
	})
}

// AttachRolePolicy attaches a managed policy, unless it is attached already. Errors: NoSuchEntity, LimitExceeded.
func (s *Service) AttachRolePolicy(ctx context.Context, role, arn string) error {
	if err := checkPolicyARN(arn); err != nil {
		return err
	}
	return s.editRoleWith(ctx, role, arn, attachableIn, func(r *store.Role) error {
		if slices.Contains(r.Attached, arn) {
			return nil
		}
		if len(r.Attached) >= maxAttached {
			return limitExceeded("PoliciesPerRole", maxAttached)
		}
		r.Attached = append(r.Attached, arn)
		return nil
	})
}

// DetachRolePolicy detaches a managed policy. Errors: NoSuchEntity.
func (s *Service) DetachRolePolicy(ctx context.Context, role, arn string) error {
	if err := checkPolicyARN(arn); err != nil {
		return err
	}
	return s.editRole(ctx, role, func(r *store.Role) error {
		i := slices.Index(r.Attached, arn)
		if i < 0 {
			return fault.New(fault.NoSuchEntity, "Policy %s was not found.", arn)
		}
		r.Attached = slices.Delete(r.Attached, i, i+1)
		return nil
	})
}

// ListAttachedRolePolicies returns the attached managed policies whose path starts with prefix, by ARN. Errors: NoSuchEntity.
func (s *Service) ListAttachedRolePolicies(role, prefix string) ([]AttachedPolicy, error) {
	r := s.current.Load().roleNamed(role)
	if r == nil {
		return nil, noSuchRole(role)
	}
	list := make([]AttachedPolicy, 0, len(r.record.Attached))
	for _, arn := range r.record.Attached {
		_, path, _ := strings.Cut(strings.TrimSuffix(arn, roleName(arn)), ":policy")
		if hasPrefix(path, prefix) {
			list = append(list, AttachedPolicy{ARN: arn, Name: roleName(arn)})
		}
	}
	slices.SortFunc(list, func(a, b AttachedPolicy) int { return cmp.Compare(a.ARN, b.ARN) })
	return list, nil
}

// PutBoundary sets the permissions boundary; "" removes it. Errors: Validation, InvalidParameter, NoSuchEntity.
func (s *Service) PutBoundary(ctx context.Context, role, arn string) error {
	if err := checkBoundaryARN(arn); err != nil {
		return err
	}
	return s.editRoleWith(ctx, role, arn, boundaryIn, func(r *store.Role) error {
		if arn == "" && r.Boundary == "" {
			return fault.New(fault.NoSuchEntity, "The role with name %s has no permissions boundary.", role)
		}
		r.Boundary = arn
		return nil
	})
}

// editRole updates a role in the store and in the snapshot.
func (s *Service) editRole(ctx context.Context, name string, edit func(*store.Role) error) error {
	return s.editRoleWith(ctx, name, "", func(store.Tx, string) error { return nil }, edit)
}

// editRoleWith is editRole for a role that gets a policy, or names roles. It checks these in the same transaction: no other call can delete
// them in between.
func (s *Service) editRoleWith(ctx context.Context, name, policyARN string, check func(tx store.Tx, arn string) error, edit func(*store.Role) error) error {
	err := s.change(ctx, name, policyARN, func(tx store.Tx) error {
		if err := check(tx, policyARN); err != nil {
			return err
		}
		r, err := tx.Roles.Get(name)
		if err != nil {
			return err
		}
		if err := edit(&r); err != nil {
			return err
		}
		r.ModifiedAt = s.now()
		return tx.Roles.Update(r)
	})
	return orNoSuchRole(err, name)
}

// uniqueID returns a new id in IAM's form: a prefix for its kind and 17 characters.
func (s *Service) uniqueID(prefix string) (string, error) {
	var raw [11]byte
	if _, err := io.ReadFull(s.rand, raw[:]); err != nil {
		return "", fmt.Errorf("iam: reading random bytes: %w", err)
	}
	return prefix + base32.StdEncoding.EncodeToString(raw[:])[:17], nil
}

func checkMaxSession(seconds int) error {
	if d := time.Duration(seconds) * time.Second; d < time.Hour || d > maxDuration {
		return fault.New(fault.Validation, "1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200", seconds)
	}
	return nil
}

func noSuchRole(name string) error {
	return fault.New(fault.NoSuchEntity, "The role with name %s cannot be found.", name)
}

func noSuchRolePolicy(name string) error {
	return fault.New(fault.NoSuchEntity, "The role policy with name %s cannot be found.", name)
}

func orNoSuchRole(err error, name string) error {
	if errors.Is(err, store.ErrNotFound) {
		return noSuchRole(name)
	}
	return err
}

func limitExceeded(quota string, limit int) error {
	return fault.New(fault.LimitExceeded, "Cannot exceed quota for %s: %d", quota, limit)
}
